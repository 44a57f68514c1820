"""Temporal interpolation onto equal dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..config.steps import Interpolate
from ..errors import InputError
from .cubes import (
    DISTANCE,
    FILLED_IN,
    along_time,
    checked,
    coverage,
    covered,
    days_of,
    distance_to_measured,
    filled_in,
    finite,
    measured,
    recorded,
)


def equal_dates(cube: xr.Dataset, step: Interpolate) -> pd.DatetimeIndex:
    """The dates that the series is brought to: from the first covered day on, `every` days, to the last.

    Where a selection has left gaps of its own (the attribute `time_coverage_ranges`), no date lies in them.
    """
    dates = pd.date_range(*coverage(cube), freq=f"{step.days}D", name="time")
    return dates[covered(cube, dates.values.astype("datetime64[D]"))]


def apply(cube: xr.Dataset, step: Interpolate) -> xr.Dataset:
    """Interpolation of `reflectance` along `time`, for each parcel (or pixel) and band on its own.

    Missing values (NaN) are not observations: a value is drawn between the nearest observations on
    either side. Dates are compared as days, so an observation at 10:21 lies on its day; several of one day
    are averaged first. Nothing is extrapolated: outside the observations the nearest is repeated, or the
    value is missing.

    Methods: linear; nearest (the earlier of two equally near); previous; cubic, a spline with continuous second
    derivative (de Boor, C. (1978), A Practical Guide to Splines; not-a-knot ends); akima (Akima, H. (1970), "A
    new method of interpolation and smooth curve fitting based on local procedures", Journal of the ACM 17,
    doi:10.1145/321607.321609). Both curves are scipy's; a curve through two observations is a line.

    Returns
    -------
    xarray.Dataset
        `reflectance` on the equal dates; `observed`, whether anything was measured on that very day;
        `observation_distance`, the days to the nearest measurement (NaN where there is none); `filled`, for every
        value whether it was not measured, as that of a band that was missing on an observed date; and
        `filled_fraction`, the share of each series that is filled in. Where every value is missing it stays
        missing.

    Raises
    ------
    InputError
        If the cube has no date, or covers none of the equal dates.
    """
    if step.needs_truth:
        raise InputError(
            "interpolate truth: only the simulator knows the true ground; use linear, or a simulated study"
        )
    cube = checked(cube, "interpolate")
    targets = equal_dates(cube, step)
    if targets.size == 0:
        raise InputError(f"interpolate: no date every {step.every} lies in the selected days; write a shorter distance")
    target_days = targets.values.astype("datetime64[D]").astype(np.int64)

    values = cube["reflectance"]
    observed = measured(cube)
    days, old = _one_a_day(days_of(cube), along_time(values))
    new = np.moveaxis(_interpolated(days, old, target_days, step), 0, values.get_axis_num("time"))
    distance = distance_to_measured(days_of(cube), along_time(observed), target_days)
    filled = np.moveaxis(_filled(cube, target_days), 0, values.get_axis_num("time"))
    flat = ("time", *(dim for dim in observed.dims if dim != "time"))

    kept = {name: c for name, c in cube.coords.items() if "time" not in c.dims}
    interpolated = xr.Dataset(
        {
            "reflectance": (values.dims, new, dict(values.attrs)),
            "observed": (flat, (distance == 0).astype(np.int8), dict(cube["observed"].attrs)),
            "observation_distance": (flat, distance, DISTANCE),
            "filled": (values.dims, filled, FILLED_IN),
        },
        coords={**kept, "time": targets},
        attrs=dict(cube.attrs),
    )
    return recorded(interpolated.transpose(*values.dims, missing_dims="ignore"))


def _filled(cube: xr.Dataset, targets: NDArray[np.int64]) -> NDArray[np.int8]:
    """(target, ...) 0 where a value was measured on that very day in that very band."""
    own = along_time(finite(cube["reflectance"]) & ~filled_in(cube))
    days = days_of(cube)
    filled = np.ones((targets.size, *own.shape[1:]), dtype=np.int8)
    for position in np.flatnonzero(np.isin(targets, days)):
        filled[position] = ~own[days == targets[position]].any(axis=0)
    return filled


def _one_a_day(days: NDArray[np.int64], values: NDArray) -> tuple[NDArray[np.int64], NDArray]:
    """Ascending `days` without repetition, and the means of the values of each."""
    unique, first = np.unique(days, return_index=True)
    if unique.size == days.size:
        return days, values
    valid = np.isfinite(values)
    total = np.add.reduceat(np.where(valid, values, 0.0), first, axis=0)
    count = np.add.reduceat(valid.astype(np.int32), first, axis=0)
    return unique, np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).astype(values.dtype)


def _interpolated(days: NDArray[np.int64], old: NDArray, targets: NDArray[np.int64], step: Interpolate) -> NDArray:
    """Values (target, ...) at `targets` from those at the ascending `days`; NaN is no observation.

    For every target date each series has its own neighbours, the last observation at or before it and the
    first at or after it; both are found for all series at once by a running maximum over the date numbers.
    """
    count = days.size
    number = np.arange(count, dtype=np.int32).reshape(-1, *([1] * (old.ndim - 1)))
    valid = np.isfinite(old)
    before = np.maximum.accumulate(np.where(valid, number, -1), axis=0)
    after = np.flip(np.minimum.accumulate(np.flip(np.where(valid, number, count), axis=0), axis=0), axis=0)
    curves = _curves(days, old, valid, targets, step.method) if step.method in ("cubic", "akima") else None
    longest = np.inf if step.maximum_gap is None else step.maximum_gap
    new = np.full((targets.size, *old.shape[1:]), np.nan, dtype=np.float32)
    for position, target in enumerate(targets):
        last = np.searchsorted(days, target, side="right") - 1
        first = np.searchsorted(days, target, side="left")
        left = before[last] if last >= 0 else np.full(old.shape[1:], -1, dtype=np.int32)
        right = after[first] if first < count else np.full(old.shape[1:], count, dtype=np.int32)
        has_left, has_right = left >= 0, right < count
        left_at, right_at = np.where(has_left, left, 0), np.where(has_right, right, 0)
        left_value = np.take_along_axis(old, left_at[None], axis=0)[0]
        right_value = np.take_along_axis(old, right_at[None], axis=0)[0]
        from_left, to_right = target - days[left_at], days[right_at] - target
        span = days[right_at] - days[left_at]
        bridged = span  # days that the value is drawn across
        if curves is not None:
            between = curves[position]
        elif step.method == "linear":
            weight = np.divide(target - days[left_at], span, out=np.zeros(span.shape), where=span != 0)
            between = left_value + (right_value - left_value) * weight
        else:
            take_left = from_left <= to_right if step.method == "nearest" else np.ones(span.shape, dtype=bool)
            between = np.where(take_left, left_value, right_value)
            bridged = np.where(take_left, from_left, to_right)
        row = np.where(has_left & has_right & (bridged <= longest), between, np.nan)
        if step.edges == "nearest":
            row = np.where(has_left & ~has_right & (from_left <= longest), left_value, row)
            row = np.where(~has_left & has_right & (to_right <= longest), right_value, row)
        new[position] = row
    return new


def _curves(
    days: NDArray[np.int64], old: NDArray, valid: NDArray[np.bool_], targets: NDArray[np.int64], method: str
) -> NDArray[np.float32]:
    """(target, ...) values on a curve through each series' own observations; NaN outside them.

    Series that are observed on the same days, as the bands of a parcel are, share one call of scipy.
    """
    from scipy.interpolate import Akima1DInterpolator, CubicSpline

    curve = CubicSpline if method == "cubic" else Akima1DInterpolator
    flat, present = old.reshape(days.size, -1), valid.reshape(days.size, -1)
    new = np.full((targets.size, flat.shape[1]), np.nan, dtype=np.float32)
    for members in same_dates(present):
        own = np.flatnonzero(present[:, members[0]])
        if own.size < 2:
            continue
        inside = (targets >= days[own[0]]) & (targets <= days[own[-1]])
        through = curve(days[own].astype(float), flat[np.ix_(own, members)].astype(float), axis=0)
        new[np.ix_(inside, members)] = through(targets[inside].astype(float))
    # A day with an observation keeps it to the last bit.
    _, at, its_day = np.intersect1d(targets, days, return_indices=True)
    new[at] = np.where(present[its_day], flat[its_day], new[at])
    return new.reshape(targets.size, *old.shape[1:])


def same_dates(present: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Numbers of the series, the columns of (time, series), in groups that are present on the same dates."""
    if present.shape[1] == 0:
        return []
    packed = np.ascontiguousarray(np.packbits(present, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.split(np.argsort(group, kind="stable"), np.cumsum(counts)[:-1])
