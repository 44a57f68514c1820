"""Series as they are known on a day of the season: what comes later is not there, and nothing is filled in from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..config.steps import Aggregate, AnyStep
from ..errors import InputError
from ..log import logger
from ..steps import apply
from .dataset import Dataset

APART = "|"
"""Between the end and the parcel in ids of parcels that are cut short: `2022-06-15|P00012`."""


def without(series: xr.Dataset, lost: npt.NDArray[np.bool_]) -> xr.Dataset:
    """The series without its values on the lost (parcel, time)."""
    gone = xr.DataArray(lost, dims=("parcel", "time"))
    values, observed = series["reflectance"], series["observed"]
    return series.assign(
        reflectance=values.where(~gone).transpose(*values.dims).astype(values.dtype),
        observed=observed.where(~gone, 0).transpose(*observed.dims).astype(observed.dtype),
    ).assign_attrs(series.attrs)


def until(series: xr.Dataset, end: np.datetime64) -> xr.Dataset:
    """The series without its values after a day."""
    late = series["time"].values.astype("datetime64[D]") > end
    return without(series, np.broadcast_to(late, (series.sizes["parcel"], late.size)))


def stacked(cubes: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Cubes of the same parcels one after the other, their ids as `name|parcel`."""
    renamed = []
    for name, cube in cubes.items():
        ids = np.array([f"{name}{APART}{parcel}" for parcel in cube["parcel"].values.astype(str)])
        renamed.append(cube[["reflectance", "observed"]].assign_coords(parcel=("parcel", ids)))
    first = next(iter(cubes.values()))
    return xr.concat(renamed, "parcel", data_vars="minimal", coords="minimal", compat="override").assign_attrs(
        first.attrs
    )


def stepped(
    cube: xr.Dataset, steps: Sequence[AnyStep], ends: Sequence[np.datetime64 | None], parcels: int
) -> xr.Dataset:
    """A branch's steps on `stacked` cubes of `parcels` parcels, which end at `ends` (None: with the series).

    What the steps fill in after an end is taken out again: on that day it could not be known.
    """
    for step in steps:
        if isinstance(step, Aggregate):
            logger.warning(
                "the branch averages pixels after steps on them; here these steps work on the parcels' means"
            )
            continue
        cube = apply(cube, step)
    if not steps or all(end is None for end in ends):
        return cube
    days = cube["time"].values.astype("datetime64[D]")
    late = np.stack([days > end if end is not None else np.zeros(days.shape, dtype=bool) for end in ends])
    return without(cube, np.repeat(late, parcels, axis=0))


def cut_short(base: xr.Dataset, steps: Sequence[AnyStep], ends: Sequence[np.datetime64]) -> xr.Dataset:
    """The series of a branch as it is on each of some days.

    Parameters
    ----------
    base
        The branch's series as far as it is measured, not filled in: (parcel, time, band).
    steps
        The branch's steps after that; they work on each cut series anew, so that no value of a later date is in it.
    ends
        Last days that are known, datetime64[D].

    Returns
    -------
    Dataset
        Cubes of all ends one after the other, parcels as `end|parcel`.
    """
    cubes = {str(end): until(base, end) for end in ends}
    return stepped(stacked(cubes), steps, list(ends), base.sizes["parcel"])


def dataset_of(
    base: xr.Dataset,
    steps: Sequence[AnyStep],
    ends: Sequence[np.datetime64],
    split: pd.DataFrame,
    inputs: str = "standardised",
) -> Dataset:
    """Labelled series cut short at each end, one variant of all parcels after the other.

    A parcel without any date before an end stays in: what a model says of it then is what it expects of any parcel.

    Parameters
    ----------
    base, steps, ends
        As for `cut_short`.
    split
        Columns parcel, class and part.
    inputs
        As `training.inputs`.

    Raises
    ------
    InputError
        The training or the validation part has no series.
    """
    split = split.astype({"parcel": str, "class": str, "part": str})
    split = split[split["parcel"].isin(base["parcel"].values.astype(str))]
    for part in ("train", "validation"):
        if not (split["part"] == part).any():
            raise InputError(f"{base.attrs.get('chain')}: no parcel of the part {part} has a series; make it larger")
    cube = cut_short(base.sel(parcel=split["parcel"].tolist()), steps, ends)
    values = cube["reflectance"].transpose("parcel", "time", "band").values.astype(np.float32, copy=False)
    parts = np.tile(split["part"].to_numpy(str), len(ends))
    present = np.isfinite(values[parts == "train"]).any(axis=(0, 1))
    if not present.any():
        raise InputError(f"{base.attrs.get('chain')}: nothing is observed until {ends[-1]}; choose later ends")
    bands = cube["band"].values.astype(str)
    classes = tuple(sorted(set(split["class"])))
    label = split["class"].map({name: number for number, name in enumerate(classes)}).to_numpy(np.int64)
    return Dataset(
        x=np.ascontiguousarray(values[:, :, present]),
        time=cube["time"].values.astype("datetime64[ns]"),
        bands=tuple(bands[present]),
        label=np.tile(label, len(ends)),
        classes=classes,
        part=parts,
        parcel=cube["parcel"].values.astype(str),
        ineligible=pd.DataFrame(columns=["parcel", "class", "part", "reason"]),
        dropped_bands=tuple(bands[~present]),
        level=str(base.attrs.get("level", "")),
        chain="/".join([str(base.attrs.get("chain", "")), *(step.do for step in steps)]),
        inputs=inputs,
        variants=len(ends),
    )
