"""A dataset: series, labels and split, ready for a model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..errors import InputError
from ..log import logger

PARTS = ("train", "validation", "test")

# Greatest ratio of the longest to the shortest step of dates that still count as equal: months
# (31/28) and dekads (11/8) do, the 2 and 3 days between passes of neighbouring orbits do not.
EQUAL_STEPS = 1.4


@dataclass(frozen=True)
class Dataset:
    """Labelled series of one branch.

    Attributes
    ----------
    x
        Reflectance (parcel, date, band), float32; NaN is missing.
    time
        Dates, datetime64[ns] (date,), ascending.
    bands
        Names of the bands of `x`.
    label
        Index into `classes`, int64 (parcel,).
    classes
        Class names, sorted.
    part
        "train", "validation" or "test" (parcel,).
    parcel
        Parcel ids (parcel,).
    ineligible
        Parcels of the split that this branch cannot use: columns parcel, class, part, reason.
    dropped_bands
        Bands of the series without a single value in the training part; they are not in `x`.
    level, chain
        As recorded in the series.
    inputs
        What networks read of `x`: "standardised" or "reflectance", as `training.inputs` says.
    variants
        How many times the same parcels follow each other in the same order, each time with their season cut short
        elsewhere (`truncation`). An epoch of a network shows one variant of each parcel, drawn at random.
    """

    x: npt.NDArray[np.float32]
    time: npt.NDArray[np.datetime64]
    bands: tuple[str, ...]
    label: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    part: npt.NDArray[np.str_]
    parcel: npt.NDArray[np.str_]
    ineligible: pd.DataFrame
    dropped_bands: tuple[str, ...] = ()
    level: str = ""
    chain: str = ""
    inputs: str = "standardised"
    variants: int = 1

    @cached_property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Dates with a value in any band, (parcel, date).

        Interpolated values count: what a model may see is decided by the branch's steps.
        """
        seen = np.zeros(self.x.shape[:2], dtype=bool)
        for band in range(self.x.shape[2]):
            seen |= np.isfinite(self.x[:, :, band])
        return seen

    @cached_property
    def day(self) -> npt.NDArray[np.int64]:
        """Day of the year of each date, 1 to 366, (date,)."""
        return pd.DatetimeIndex(self.time).day_of_year.to_numpy().astype(np.int64)

    def rows(self, *parts: str) -> npt.NDArray[np.int64]:
        """Positions of the parcels of these parts."""
        return np.flatnonzero(np.isin(self.part, parts))

    def of_variants(self, part: str, most: int) -> npt.NDArray[np.int64]:
        """Positions of the parcels of a part in at most so many of their variants, spread evenly from the first on."""
        rows = self.rows(part)
        chosen = np.linspace(0, self.variants - 1, min(self.variants, most)).round()
        return rows[np.isin(rows // (len(self.parcel) // self.variants), chosen)]

    def counts(self) -> dict[str, int]:
        """Number of parcels in each part."""
        return {part: len(self.rows(part)) for part in PARTS}

    @cached_property
    def moments(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What is subtracted from each band and what it is divided by, (band,) each.

        Mean and standard deviation over the training part's values; 0 and 1 where networks read plain reflectance.
        """
        mean, deviation = np.zeros(len(self.bands), np.float32), np.ones(len(self.bands), np.float32)
        if self.inputs == "reflectance":
            return mean, deviation
        rows = self.rows("train")
        for band in range(len(self.bands)):
            values = self.x[rows, :, band]
            values = values[np.isfinite(values)]
            mean[band] = values.mean(dtype=np.float64)
            deviation[band] = values.std(dtype=np.float64) or 1.0
        return mean, deviation

    def normalised(self) -> npt.NDArray[np.float32]:
        """`x` as the networks read it: `normalise` by `moments`."""
        return normalise(self.x, *self.moments)

    @cached_property
    def uneven(self) -> bool:
        """Whether a date is missing for some parcel, or the dates have unequal steps (`EQUAL_STEPS`).

        Decided without the test part.
        """
        if not self.observed[self.rows("train", "validation")].all():
            return True
        if len(self.time) < 3:
            return False
        steps = np.diff(self.time).astype("timedelta64[s]").astype(np.float64)
        return bool(steps.max() > EQUAL_STEPS * steps.min())

    def drawn(self, dates: int) -> int | None:
        """How many dates are drawn at random of each series in each epoch; None if all are used.

        As in the study, `dates` are drawn of series of uneven dates, where some parcel of the
        training part has more. Otherwise every date keeps its place and a missing one is masked.
        """
        if not self.uneven:
            return None
        most = int(self.observed[self.rows("train")].sum(axis=1).max())
        return dates if most > dates else None

    def digest(self, *parts: str) -> str:
        """Hash of all that these parts hold."""
        rows = self.rows(*parts)
        names = (self.bands, self.classes, self.part[rows].tolist(), self.parcel[rows].tolist())
        seen = hashlib.sha256(repr(names).encode())
        for array in (self.x[rows], self.time, self.label[rows]):
            seen.update(np.ascontiguousarray(array).view(np.uint8).data)
        return seen.hexdigest()


def normalise(
    x: npt.NDArray[np.float32], mean: npt.NDArray[np.float32], deviation: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(x - mean) / deviation of each band, and 0 where x is missing.

    So a band missing at an observed date is filled by its mean in the training part (of plain reflectance by 0); dates
    that are missing in all bands are masked besides.
    """
    normal = x - mean
    normal /= deviation
    return np.nan_to_num(normal, copy=False, nan=0.0)


def load(series_path: str | Path, split_path: str | Path, inputs: str = "standardised") -> Dataset:
    """The parcels of the split with their series.

    Parameters
    ----------
    series_path
        NetCDF with `reflectance` (parcel, time, band), NaN where missing.
    split_path
        Parquet with columns parcel, class and part.
    inputs
        What networks read: "standardised" or "reflectance" (`training.inputs`).

    Raises
    ------
    InputError
        If a file is not what it should be, or leaves nothing to train or to validate on.
    """
    split = pd.read_parquet(split_path)
    with xr.open_dataset(series_path) as file:
        if "reflectance" not in file:
            raise InputError(f"{series_path}: has no variable reflectance; it is not a series of this project")
        cube = file["reflectance"].transpose("parcel", "time", "band")
        parcels = pd.Index(cube["parcel"].values.astype(str))
        position = parcels.get_indexer(split["parcel"].astype(str))
        time = cube["time"].values.astype("datetime64[ns]")
        bands = tuple(str(band) for band in cube["band"].values)
        attributes: dict[str, Any] = dict(file.attrs)
        values = cube.values.astype(np.float32, copy=False)
    x = values if np.array_equal(position, np.arange(len(values))) else values[np.maximum(position, 0)]
    if not (np.diff(time) > np.timedelta64(0)).all():
        raise InputError(f"{series_path}: dates must ascend, each once; sort them and merge equal ones")
    for part in sorted(set(split["part"]) - set(PARTS)):
        raise InputError(f"{split_path}: unknown part {part!r}; use {', '.join(PARTS)}")

    reason = np.full(len(split), "", dtype=object)
    reason[~np.isfinite(x).any(axis=(1, 2))] = "no observed date in this branch"
    reason[position < 0] = "not in the series of this branch"
    eligible = reason == ""
    ineligible = split.loc[~eligible, ["parcel", "class", "part"]].assign(reason=reason[~eligible])
    if len(ineligible):
        counts = ", ".join(f"{n} {why}" for why, n in ineligible["reason"].value_counts().items())
        logger.warning("%s: %d of %d parcels are left out: %s", series_path, len(ineligible), len(split), counts)
    if not eligible.all():
        x, split = x[eligible], split[eligible]
    for part in ("train", "validation"):
        if not (split["part"] == part).any():
            raise InputError(f"{series_path}: no parcel of the part {part} has an observed date; see {split_path}")

    in_training = (split["part"] == "train").to_numpy()
    present = np.array([np.isfinite(x[in_training, :, band]).any() for band in range(len(bands))], dtype=bool)
    dropped = tuple(name for name, there in zip(bands, present, strict=True) if not there)
    if dropped:
        logger.warning("%s: %s has no value in the training part and is dropped", series_path, ", ".join(dropped))
        x = np.ascontiguousarray(x[:, :, present])
    classes = tuple(sorted(set(split["class"].astype(str))))
    number = {name: index for index, name in enumerate(classes)}
    return Dataset(
        x=x,
        time=time,
        bands=tuple(name for name in bands if name not in dropped),
        label=np.array([number[name] for name in split["class"].astype(str)], dtype=np.int64),
        classes=classes,
        part=split["part"].to_numpy(str),
        parcel=split["parcel"].to_numpy(str),
        ineligible=ineligible.reset_index(drop=True),
        dropped_bands=dropped,
        level=str(attributes.get("level", "")),
        chain=str(attributes.get("chain", "")),
        inputs=inputs,
    )
