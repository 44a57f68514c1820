"""What steps on cubes share: checks, the order of dates, and the record of what is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

if TYPE_CHECKING:
    import xarray as xr

DAY = np.timedelta64(1, "D")
FILLED_IN = {
    "long_name": "whether the value was not measured in its band on its date (a value that is missing counts as 0)",
    "standard_name": "status_flag",
    "flag_values": np.array([0, 1], np.int8),
    "flag_meanings": "measured filled_in",
}
FILLED = {
    "long_name": "share of the values that are filled in",
    "units": "1",
    "valid_min": 0.0,
    "valid_max": 1.0,
}
DISTANCE = {"long_name": "days to the nearest measurement; 0 is measured, all else is filled in", "units": "day"}


def checked(cube: xr.Dataset, who: str) -> xr.Dataset:
    """`cube` with its dates in ascending order, if it is a cube that `who` (a step) can work on.

    Raises
    ------
    InputError
        If it has no reflectance over bands and dates, no flag `observed`, or no date.
    """
    values = cube.get("reflectance")
    if values is None or not {"time", "band"} <= set(values.dims):
        raise InputError(
            f"{who}: the cube has no variable 'reflectance' over time and band; give it a series or pixels"
        )
    if "observed" not in cube:
        raise InputError(f"{who}: the cube has no variable 'observed', which tells what was measured; add it")
    if cube.sizes["time"] == 0:
        raise InputError(f"{who}: the series has no date; check the period and the selection before it")
    return cube if cube["time"].to_index().is_monotonic_increasing else cube.sortby("time")


def days_of(cube: xr.Dataset) -> NDArray[np.int64]:
    """(time,) days since 1970-01-01; an observation at 10:21 lies on its day."""
    return cube["time"].values.astype("datetime64[D]").astype(np.int64)


def along_time(values: xr.DataArray) -> NDArray:
    """The numbers with time as the first axis; a view, not a copy."""
    return np.moveaxis(values.values, values.get_axis_num("time"), 0)


def measured(cube: xr.Dataset) -> xr.DataArray:
    """`observed` as bool, its dims those of reflectance without band, in that order."""
    dims = [dim for dim in cube["reflectance"].dims if dim != "band"]
    return cube["observed"].transpose(*dims).astype(bool)


def finite(values: xr.DataArray) -> xr.DataArray:
    """Where there is a value."""
    import xarray as xr

    present: xr.DataArray = xr.apply_ufunc(np.isfinite, values)
    return present


def filled_in(cube: xr.Dataset) -> xr.DataArray:
    """Which values were not measured in their band on their date: bool, the dims of reflectance in their order.

    The variable `filled` tells, where a step that fills in has left it. Else all values of a date on which something
    was measured are measured: a band that was not seen, as the 60 m bands of a small parcel beside a cloud, is
    missing then and not filled in.
    """
    values = cube["reflectance"]
    present = finite(values)
    told = cube["filled"].astype(bool) if "filled" in cube else ~measured(cube)
    return (present & told).transpose(*values.dims)


def recorded(cube: xr.Dataset) -> xr.Dataset:
    """`cube` with the share that is filled in: `filled_fraction` for each series, the attribute for all of them.

    Of the values of all bands and dates, how many were not measured. A series without any value has none (NaN).
    """
    filled = filled_in(cube)
    count, total = filled.sum(["time", "band"]), finite(cube["reflectance"]).sum(["time", "band"])
    share = (count / total.where(total > 0)).astype(np.float32)
    everywhere = int(total.sum())
    overall = float(count.sum()) / everywhere if everywhere else float("nan")
    share.attrs = dict(FILLED)  # the quotient may have kept those of reflectance
    result = cube.assign(filled_fraction=share)
    if "filled" in cube:
        result["filled"] = (filled.dims, filled.values.astype(np.int8), FILLED_IN)
    return result.assign_attrs(filled_fraction=round(overall, 6))


def distance_to_measured(
    days: NDArray[np.int64], observed: NDArray[np.bool_], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Days from each target to the nearest observed date.

    Parameters
    ----------
    days
        (time,) ascending day numbers.
    observed
        (time, …).
    targets
        (target,) day numbers.

    Returns
    -------
    (target, …) float32; NaN where nothing was ever observed.
    """
    column = days.astype(np.float32).reshape(-1, *([1] * (observed.ndim - 1)))
    never = np.full(observed.shape[1:], np.inf, dtype=np.float32)
    last = np.maximum.accumulate(np.where(observed, column, -np.inf).astype(np.float32), axis=0)
    following = np.where(observed, column, np.inf).astype(np.float32)
    following = np.flip(np.minimum.accumulate(np.flip(following, axis=0), axis=0), axis=0)
    distance = np.empty((targets.size, *observed.shape[1:]), dtype=np.float32)
    for position, target in enumerate(targets):
        before = np.searchsorted(days, target, side="right") - 1
        after = np.searchsorted(days, target, side="left")
        since = target - last[before] if before >= 0 else never
        until = following[after] - target if after < days.size else never
        nearest = np.minimum(since, until)
        distance[position] = np.where(np.isfinite(nearest), nearest, np.nan)
    return distance


def coverage(cube: xr.Dataset) -> tuple[np.datetime64, np.datetime64]:
    """First and last day that the cube covers: of its attributes, or else of its dates."""
    start, end = cube.attrs.get("time_coverage_start"), cube.attrs.get("time_coverage_end")
    if start is None or end is None:
        times = cube["time"].values.astype("datetime64[D]")
        return times.min(), times.max()
    return np.datetime64(start, "D"), np.datetime64(end, "D")


def covered(cube: xr.Dataset, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Which days lie in the spans of the attribute `time_coverage_ranges`; all, where it is missing."""
    spans = cube.attrs.get("time_coverage_ranges")
    if spans is None:
        return np.ones(days.size, dtype=bool)
    inside = np.zeros(days.size, dtype=bool)
    for span in str(spans).split():
        first, last = (np.datetime64(day, "D") for day in span.split("/"))
        inside |= (days >= first) & (days <= last)
    return inside


def with_dates(cube: xr.Dataset, kept: NDArray[np.bool_]) -> xr.Dataset:
    """A series with only the dates (parcel, time) that are `kept`.

    On the others `reflectance` and its deviation are NaN, and `observed`, `pixel_count` and `clear_fraction` 0.
    """
    import xarray as xr

    keep = xr.DataArray(kept, dims=("parcel", "time"))
    masked = cube.assign(
        {
            str(name): variable.where(keep, 0 if name in ("pixel_count", "clear_fraction") else np.nan)
            .transpose(*variable.dims)
            .astype(variable.dtype)
            for name, variable in cube.data_vars.items()
            if {"parcel", "time"} <= set(variable.dims) and variable.dtype.kind == "f"
        }
    )
    flags = cube["observed"]
    left = (flags.astype(bool) & keep).transpose(*flags.dims).values.astype(np.int8)
    return masked.assign(observed=(flags.dims, left, dict(flags.attrs)))
