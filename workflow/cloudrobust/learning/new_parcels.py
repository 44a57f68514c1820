"""Predictions for parcels that were in no part of the split: unlabelled ones, and those of another file."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import xarray as xr
from pydantic import TypeAdapter

from ..config.models import Boosted, Forest
from ..config.training import Training
from ..errors import InputError
from ..log import Progress, logger
from .batches import Series
from .card import TREES, load_model, read_card
from .dataset import load, normalise
from .evaluate import probabilities
from .fitted import Answer
from .machine import device as choose_device
from .machine import side_by_side
from .prediction import table_of

_MODEL: TypeAdapter[Forest | Boosted] = TypeAdapter(Forest | Boosted)

PARCELS = 4096
"""Parcels that are read at a time: 30 MB of 144 dates and 13 bands."""

NONE = "none"
"""What the column `part` says of parcels in no part of the split."""


def predict_others(
    run: str | Path,
    series: str | Path,
    exclude: Collection[str] = (),
    *,
    trained_on: tuple[str | Path, str | Path] | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """As `predict_in_pieces`, in one table."""
    card = read_card(run)
    pieces = list(predict_in_pieces(run, series, exclude, trained_on=trained_on, threads=threads, device=device))
    return pd.concat(pieces, ignore_index=True) if pieces else _table(card["classes"], np.array([], str), _empty(card))


def predict_in_pieces(
    run: str | Path,
    series: str | Path,
    exclude: Collection[str] = (),
    *,
    trained_on: tuple[str | Path, str | Path] | None = None,
    threads: int | None = None,
    device: str = "cpu",
    size: int = PARCELS,
) -> Iterator[pd.DataFrame]:
    """Predict the parcels of a series with finished networks, normalised by the moments that these were trained with.

    Only `size` parcels are in memory at a time, whatever the length of the file.

    Parameters
    ----------
    run
        Folder with `card.json` and `model.pt`.
    series
        NetCDF of the branch's chain, of whichever parcels.
    exclude
        Parcels that are left out, such as those of the split, which are predicted already.
    trained_on
        Series and split of the training. Only trees need them: they are not kept, and are grown again from seed and
        data to the same ones.
    threads
        As in training.
    device
        "auto", "cpu" or "cuda".
    size
        Parcels in a piece.

    Yields
    ------
    DataFrame
        As `prediction.table` makes it, with the class None and the part "none". Parcels without an observed date are
        left out, which is logged.

    Raises
    ------
    InputError
        The series lacks a band, or has other dates than the model can read.
    """
    card = read_card(run)
    pieces = Pieces(series, card["bands"], set(exclude), size)
    _check_dates(card, len(pieces.time), str(series))
    if card["kind"] in TREES:
        if trained_on is None:
            raise InputError(f"{run}: its trees are not kept; give the series and split to grow them again")
        yield from _by_trees(card, pieces, _grown_again(card, trained_on, threads))
    else:
        yield from _by_networks(card, Path(run), pieces, threads, choose_device(device))
    if pieces.unseen:
        logger.warning("%s: %d parcels have no observed date and get no prediction", series, pieces.unseen)


class Pieces:
    """A series file, some parcels at a time; those without an observed date are left out and counted in `unseen`."""

    def __init__(self, series: str | Path, bands: list[str], exclude: set[str], size: int) -> None:
        self.series, self.bands, self.size = series, bands, size
        self.unseen = 0
        with xr.open_dataset(series) as file:
            missing = [band for band in bands if band not in file["band"].values]
            if missing:
                raise InputError(f"{series}: lacks the band {missing[0]}, which the model was trained with")
            self.time = file["time"].values.astype("datetime64[ns]")
            self.parcels = file["parcel"].values.astype(str)
        self.chosen = np.array([parcel not in exclude for parcel in self.parcels], dtype=bool)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.str_], npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
        """Parcel ids, reflectance (parcel, date, band) and what was observed (parcel, date)."""
        self.unseen = 0
        said = Progress(f"{self.series}: pieces", -(-len(self.parcels) // self.size))
        with xr.open_dataset(self.series, cache=False) as file:
            cube = file["reflectance"].transpose("parcel", "time", "band").sel(band=self.bands)
            for start in range(0, len(self.parcels), self.size):
                part = slice(start, start + self.size)
                chosen = self.chosen[part]
                said.step()
                if not chosen.any():
                    continue
                x = cube.isel(parcel=part).values[chosen].astype(np.float32, copy=False)
                observed: npt.NDArray[np.bool_] = np.asarray(np.isfinite(x).any(axis=2))
                seen: npt.NDArray[np.bool_] = np.asarray(observed.any(axis=1))
                self.unseen += int((~seen).sum())
                if seen.any():
                    yield self.parcels[part][chosen][seen], x[seen], observed[seen]


def _by_networks(
    card: dict[str, Any], run: Path, pieces: Pieces, threads: int | None, where: torch.device
) -> Iterator[pd.DataFrame]:
    mean, deviation = (np.array(card["normalisation"][key], np.float32) for key in ("mean", "std"))
    day = torch.from_numpy(pd.DatetimeIndex(pieces.time).day_of_year.to_numpy().astype(np.int64)).to(where)
    networks = [load_model(run, seed).to(where) for seed in card["seeds"]]
    workers = (threads or 1) if where.type == "cpu" else 1
    for parcels, x, observed in pieces:
        cube = Series(
            x=torch.from_numpy(normalise(x, mean, deviation)).to(where),
            observed=torch.from_numpy(observed).to(where),
            day=day,
            label=torch.zeros(len(x), dtype=torch.int64, device=where),
        )
        rows = torch.arange(len(x), device=where)
        ask = partial(probabilities, series=cube, rows=rows, drawn=card["dates"]["drawn"], once=card["dates"]["once"])
        found = side_by_side(ask, networks, workers)
        yield _table(card["classes"], parcels, {s: p.cpu().numpy() for s, p in zip(card["seeds"], found, strict=True)})


def _by_trees(card: dict[str, Any], pieces: Pieces, grown: Iterator[tuple[int, Answer]]) -> Iterator[pd.DataFrame]:
    """One seed's trees are in memory at a time, so each reads all pieces; its probabilities wait in a file."""
    classes = len(card["classes"])
    with ExitStack() as open_files:
        files = {}
        for seed, answer in grown:
            files[seed] = open_files.enter_context(tempfile.TemporaryFile())
            names = []
            for parcels, x, _ in pieces:
                answer(x).astype(np.float32, copy=False).tofile(files[seed])
                names.append(parcels)
            files[seed].seek(0)
        for parcels in names:
            count = len(parcels) * classes
            read = {seed: np.fromfile(file, np.float32, count).reshape(-1, classes) for seed, file in files.items()}
            yield _table(card["classes"], parcels, read)


def _check_dates(card: dict[str, Any], dates: int, series: str) -> None:
    trained = len(card["dates"]["time"])
    fixed = card["kind"] in TREES or (card["kind"] == "tempcnn" and card["dates"]["drawn"] is None)
    if fixed and dates != trained:
        raise InputError(
            f"{series}: has {dates} dates, but {card['model']} has weights for the {trained} dates of its training; "
            "use the same period and steps"
        )


def _empty(card: dict[str, Any]) -> dict[int, npt.NDArray[np.float32]]:
    return {seed: np.zeros((0, len(card["classes"])), np.float32) for seed in card["seeds"]}


def _grown_again(
    card: dict[str, Any], trained_on: tuple[str | Path, str | Path], threads: int | None
) -> Iterator[tuple[int, Answer]]:
    """The trees of one seed after the other."""
    from .trees import fit  # networks need no scikit-learn, which takes a second to import

    dataset = load(*trained_on)
    model = _MODEL.validate_python(card["settings"])
    training = Training.model_validate(card["training"])
    for seed in card["seeds"]:
        yield seed, fit(dataset, model, training, seed, threads).answer


def _table(
    classes: list[str], parcels: npt.NDArray[np.str_], found: dict[int, npt.NDArray[np.float32]]
) -> pd.DataFrame:
    unknown, none = (np.full(len(parcels), value, dtype=object) for value in (None, NONE))
    return table_of(classes, parcels.astype(object), unknown, none, found)
