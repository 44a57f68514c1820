"""Predictions for parcels that were in no part of the split: unlabelled ones, and those of another file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import xarray as xr
from sklearn.ensemble import RandomForestClassifier

from ..config.learning import Boosted, Training
from ..errors import InputError
from ..log import logger
from .batches import Series
from .boosting import classifier
from .boosting import probabilities as by_boosted
from .card import TREES, load_model, read_card
from .dataset import load, normalise
from .evaluate import probabilities
from .machine import device as choose_device
from .machine import machine

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
    """Predict the parcels of a series with finished networks, normalised by the moments that these were trained with.

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

    Returns
    -------
    DataFrame
        As `prediction.table` makes it, with the class None and the part "none". Parcels without an observed date are
        left out, which is logged.

    Raises
    ------
    InputError
        The series lacks a band, or has other dates than the model can read.
    """
    card = read_card(run)
    x, time, parcels = _read(series, card["bands"], set(exclude))
    observed: npt.NDArray[np.bool_] = np.asarray(np.isfinite(x).any(axis=2))
    seen: npt.NDArray[np.bool_] = np.asarray(observed.any(axis=1))
    if not seen.all():
        logger.warning("%s: %d parcels have no observed date and get no prediction", series, int((~seen).sum()))
    x, observed, parcels = x[seen], observed[seen], parcels[seen]
    _check_dates(card, len(time), str(series))
    if card["kind"] in TREES:
        if trained_on is None:
            raise InputError(f"{run}: its trees are not kept; give the series and split to grow them again")
        grow = _forest if card["kind"] == "forest" else _boosted
        found = grow(card, x, trained_on, threads) if len(x) else _empty(card)
    else:
        where = choose_device(device)
        mean, deviation = (np.array(card["normalisation"][key], np.float32) for key in ("mean", "std"))
        cube = Series(
            x=torch.from_numpy(normalise(x, mean, deviation)).to(where),
            observed=torch.from_numpy(observed).to(where),
            day=torch.from_numpy(pd.DatetimeIndex(time).day_of_year.to_numpy().astype(np.int64)).to(where),
            label=torch.zeros(len(x), dtype=torch.int64, device=where),
        )
        rows, drawn = torch.arange(len(x), device=where), card["dates"]["drawn"]
        with machine(threads):
            found = {
                seed: probabilities(load_model(run, seed).to(where), cube, rows, drawn).cpu().numpy()
                for seed in card["seeds"]
            } if len(x) else _empty(card)  # fmt: skip
    return _table(card["classes"], parcels, found)


def _read(
    series: str | Path, bands: list[str], exclude: set[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.datetime64], npt.NDArray[np.str_]]:
    with xr.open_dataset(series) as file:
        cube = file["reflectance"].transpose("parcel", "time", "band")
        missing = [band for band in bands if band not in cube["band"].values]
        if missing:
            raise InputError(f"{series}: lacks the band {missing[0]}, which the model was trained with")
        parcels = cube["parcel"].values.astype(str)
        chosen = np.array([parcel not in exclude for parcel in parcels], dtype=bool)
        values = cube.sel(band=bands).values[chosen].astype(np.float32, copy=False)
        return values, cube["time"].values.astype("datetime64[ns]"), parcels[chosen]


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


def _forest(
    card: dict[str, Any], x: npt.NDArray[np.float32], trained_on: tuple[str | Path, str | Path], threads: int | None
) -> dict[int, npt.NDArray[np.float32]]:
    """Probabilities by seed of forests grown again, exactly as `forest.grow` grows them."""
    dataset = load(*trained_on)
    rows = dataset.rows("train")
    features = dataset.x[rows].reshape(len(rows), -1)
    weights = "balanced" if card["training"]["class_weights"] == "balanced" else None
    found = {}
    for seed in card["seeds"]:
        forest = RandomForestClassifier(
            n_estimators=card["hyperparameters"]["trees"], random_state=seed, n_jobs=threads, class_weight=weights
        ).fit(features, dataset.label[rows])
        p = np.zeros((len(x), len(dataset.classes)), dtype=np.float32)
        p[:, forest.classes_] = forest.predict_proba(x.reshape(len(x), -1))
        found[seed] = p
    return found


def _boosted(
    card: dict[str, Any], x: npt.NDArray[np.float32], trained_on: tuple[str | Path, str | Path], threads: int | None
) -> dict[int, npt.NDArray[np.float32]]:
    """Probabilities by seed of boosted trees grown again, exactly as `boosting.boost` grows them."""
    dataset = load(*trained_on)
    model, training = Boosted.model_validate(card["settings"]), Training.model_validate(card["training"])
    found = {}
    for seed in card["seeds"]:
        booster, present, _ = classifier(dataset, model, training, seed, threads)
        found[seed] = by_boosted(booster, present, x, len(dataset.classes))
    return found


def _table(
    classes: list[str], parcels: npt.NDArray[np.str_], found: dict[int, npt.NDArray[np.float32]]
) -> pd.DataFrame:
    names = np.array(classes, dtype=object)
    frames = []
    for seed, p in found.items():
        best = p.argmax(axis=1)
        head = {
            "parcel": parcels.astype(object),
            "class": np.full(len(p), None, dtype=object),
            "part": np.full(len(p), NONE, dtype=object),
            "seed": np.full(len(p), seed, dtype=np.int64),
            "predicted": names[best],
            "probability": p[np.arange(len(p)), best].astype(np.float32),
        }
        frames.append(pd.DataFrame(head | {f"p:{name}": p[:, n] for n, name in enumerate(classes)}))
    return pd.concat(frames, ignore_index=True)
