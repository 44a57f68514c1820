"""Masks of whole dates of parcels that say what a mask is worth: a placebo, and one with errors of a known rate.

Both compare the series that they work on with the reference, the same series as the mask steps leave it whose place
they take. Draws are a parcel's own: they depend on its id, the seed and the number of dates before, so neither the
order of parcels nor later dates change them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...config.steps import RandomDates, WithErrors
from ...errors import InputError
from ..cubes import checked, recorded, with_dates


def apply(cube: xr.Dataset, method: RandomDates | WithErrors, reference: xr.Dataset | None = None) -> xr.Dataset:
    """`cube` without some of its dates.

    Parameters
    ----------
    cube
        Series (parcel, time, band) before the masks.
    method
        `random`: each parcel loses as many of its observed dates as in the reference, drawn at random from all of
        them, cloudy or clear; with `within: month` as many as in each calendar month.
        `degraded`: a date that the reference lacks is kept with probability `omission`, as `cube` has it, and one that
        it has is lost with probability `commission`; all others are those of the reference. So `omission` is the share
        of masked parcel-dates that is missed, and `commission` the share of clear ones that is lost, the false alarm
        rate. Draws are nested: what a small rate changes, a larger one changes too.
    reference
        The series after the masks, of the same parcels and dates.

    Raises
    ------
    InputError
        If there is no reference, or it has other parcels or dates.
    """
    who = f"mask {method.do}"
    cube = checked(cube, who)
    if reference is None:
        raise InputError(f"{who}: compares with other masks; give it the series after them as reference")
    reference = _matched(cube, checked(reference, who), who)
    before, after = (_flags(one) for one in (cube, reference))
    after &= before
    draws = lots(cube["parcel"].values.astype(str).tolist(), cube.sizes["time"], method.seed)
    if isinstance(method, RandomDates):
        months = cube["time"].values.astype("datetime64[M]")
        groups = np.unique(months, return_inverse=True)[1] if method.within == "month" else np.zeros(len(months), int)
        return recorded(with_dates(cube, drawn_like(before, after, draws, groups)))
    missed = before & ~after & (draws < method.omission)
    lost = after & (draws < method.commission)
    return recorded(with_dates(_with_missed(cube, reference, missed), (after & ~lost) | missed))


def lots(parcels: Sequence[str], dates: int, seed: int) -> NDArray[np.float64]:
    """(parcel, date) uniform draws in [0, 1), each parcel's from a generator of its own."""
    keys = (int.from_bytes(hashlib.sha256(parcel.encode()).digest()[:8], "big") for parcel in parcels)
    return np.stack([np.random.default_rng([seed, key]).random(dates) for key in keys])


def drawn_like(
    before: NDArray[np.bool_], after: NDArray[np.bool_], draws: NDArray[np.float64], groups: NDArray[np.integer]
) -> NDArray[np.bool_]:
    """(parcel, time) dates that stay: of those of `before` as many as `after` has in every group, by lowest draws."""
    kept = np.zeros_like(before)
    for group in np.unique(groups):
        own = groups == group
        keys = np.where(before[:, own], draws[:, own], np.inf)
        rank = keys.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        kept[:, own] = rank < after[:, own].sum(axis=1, keepdims=True)
    return kept


def _flags(cube: xr.Dataset) -> NDArray[np.bool_]:
    return np.array(cube["observed"].transpose("parcel", "time").values, dtype=bool)


def _matched(cube: xr.Dataset, reference: xr.Dataset, who: str) -> xr.Dataset:
    """The reference with parcels in the order of the cube."""
    for dimension in ("parcel", "time"):
        if set(cube[dimension].values.tolist()) != set(reference[dimension].values.tolist()):
            raise InputError(f"{who}: the reference has other {dimension}s than the series; make both of the same")
    return reference.sel(parcel=cube["parcel"])


def _with_missed(cube: xr.Dataset, reference: xr.Dataset, missed: NDArray[np.bool_]) -> xr.Dataset:
    """The reference, with the values of the cube on the missed dates; what only one of them holds is left out."""
    where = xr.DataArray(missed, dims=("parcel", "time"))
    names = [name for name in reference.data_vars if name in cube and {"parcel", "time"} <= set(cube[name].dims)]
    return reference[names].assign(
        {
            name: reference[name].where(~where, cube[name]).transpose(*reference[name].dims).astype(cube[name].dtype)
            for name in names
        }
    )
