"""Series made worse in known ways: fewer clear dates, more clouds, an earlier end.

All of it happens to what was measured, before anything is filled in, as it does in reality; the branch's own steps then
work on what is left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from .explanations.clouds import SAME_ACQUISITION

Flags = npt.NDArray[np.bool_]


def placed(flags: Flags, times: npt.ArrayLike, onto: npt.ArrayLike) -> tuple[Flags, Flags]:
    """Flags (parcel, time) brought to the dates of another series of the same parcels.

    Returns
    -------
    flags
        (parcel, date): as on the same acquisition of `times`; False where there is none.
    known
        (date,) whether there is one.
    """
    at = pd.DatetimeIndex(np.asarray(times)).get_indexer(
        pd.DatetimeIndex(np.asarray(onto)), method="nearest", tolerance=SAME_ACQUISITION
    )
    known = np.asarray(at >= 0)
    return np.asarray(flags[:, np.maximum(at, 0)] & known), known


def seen(series: xr.Dataset) -> Flags:
    """(parcel, time) whether there is a value in any band."""
    values = series["reflectance"].transpose("parcel", "time", "band").values
    return np.asarray(np.isfinite(values).any(axis=2))


def lots(clear: Flags, seed: int) -> npt.NDArray[np.float64]:
    """(parcel, time) the order in which a parcel's clear dates are lost, as a share in [0, 1); 2 for other dates.

    Losing all with a lot below s loses the share s, rounded, and what is lost at a smaller share is lost at a greater
    one too. Lots depend on the seed and the place alone, so branches lose the same dates.
    """
    keys = np.where(clear, np.random.default_rng(seed).random(clear.shape), np.inf)
    rank = keys.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    count = np.maximum(clear.sum(axis=1, keepdims=True), 1)
    return np.where(clear, (rank + 0.5) / count, 2.0)


def cloudy_observations(series: xr.Dataset, clear: Flags, known: Flags) -> npt.NDArray[np.float32]:
    """(observation, band) what was measured where a mask sees no clear sky: real clouds, haze and shadow.

    Parameters
    ----------
    series
        Not masked.
    clear, known
        Of `placed`: (parcel, time) and (time,).
    """
    values = series["reflectance"].transpose("parcel", "time", "band").values
    whole = np.isfinite(values).all(axis=2)
    return np.asarray(values[whole & ~clear & known], dtype=np.float32)


def clouded(series: xr.Dataset, lost: Flags, clouds: npt.NDArray[np.float32], seed: int) -> xr.Dataset:
    """The series with a cloudy observation drawn from `clouds` in place of each lost one.

    Whole observations are put in, all bands of one pixel mean at once, so that the colours of a cloud fit together.
    Under thick clouds nothing of the ground is seen; thin ones bring some of the ground that they were seen over.
    """
    values = series["reflectance"].transpose("parcel", "time", "band").values.copy()
    place = np.argwhere(lost)
    picks = np.random.default_rng([seed, 1]).integers(0, len(clouds), lost.shape)
    values[place[:, 0], place[:, 1]] = clouds[picks[place[:, 0], place[:, 1]]]
    order = series["reflectance"].dims
    new = xr.DataArray(values, dims=("parcel", "time", "band")).transpose(*order)
    gone = xr.DataArray(lost, dims=("parcel", "time"))
    observed = series["observed"]
    return series.assign(
        reflectance=(order, new.values, series["reflectance"].attrs),
        observed=observed.where(~gone, 1).transpose(*observed.dims).astype(observed.dtype),
    )
