"""Temporal interpolation onto equal dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ..config.steps import Interpolate
from ..errors import InputError

DAY = np.timedelta64(1, "D")


def equal_dates(cube: xr.Dataset, step: Interpolate) -> pd.DatetimeIndex:
    """The dates that the series is brought to: from the first covered day on, `every` days, to the last."""
    start = cube.attrs.get("time_coverage_start")
    end = cube.attrs.get("time_coverage_end")
    if start is None or end is None:
        times = pd.DatetimeIndex(cube["time"].values)
        start, end = times.min().normalize(), times.max().normalize()
    return pd.date_range(start, end, freq=f"{step.days}D", name="time")


def apply(cube: xr.Dataset, step: Interpolate) -> xr.Dataset:
    """Linear interpolation of `reflectance` along `time`, for each parcel (or pixel) and band on its own.

    Missing values (NaN) are not observations: a value is drawn between the nearest observations on
    either side, however far they are. Dates are compared as days, so an observation at 10:21 lies on its day.

    Returns
    -------
    xarray.Dataset
        `reflectance` on the equal dates; `observed`, whether the value of a date was measured on that very
        day; and `observation_distance`, the days to the nearest measurement (NaN where there is none).
        Where every value is missing it stays missing.

    Raises
    ------
    InputError
        If the cube has no date, or its dates are not sorted and unique days.
    """
    days = (cube["time"].values.astype("datetime64[D]")).astype(np.int64)
    if days.size == 0:
        raise InputError("interpolate: the series has no date; check the period and the selection before it")
    targets = equal_dates(cube, step)
    target_days = targets.values.astype("datetime64[D]").astype(np.int64)

    values = cube["reflectance"]
    axis = values.get_axis_num("time")
    old = np.moveaxis(values.values, axis, 0)
    new = np.moveaxis(_linear(days, old, target_days, step.edges), 0, axis)

    observed_before = cube["observed"].transpose("time", ...).values.astype(bool)
    distance = _distance(days, observed_before, target_days)
    other = [dim for dim in cube["observed"].dims if dim != "time"]

    kept = {name: c for name, c in cube.coords.items() if "time" not in c.dims}
    interpolated = xr.Dataset(
        {
            "reflectance": (values.dims, new, dict(values.attrs)),
            "observed": (("time", *other), (distance == 0).astype(np.int8), dict(cube["observed"].attrs)),
            "observation_distance": (
                ("time", *other),
                distance,
                {"long_name": "days to the nearest measurement; 0 is measured, all else is filled in", "units": "day"},
            ),
        },
        coords={**kept, "time": targets},
        attrs=dict(cube.attrs),
    )
    return interpolated.transpose(*values.dims[: axis + 1], ..., missing_dims="ignore")


def _linear(days: np.ndarray, old: np.ndarray, targets: np.ndarray, edges: str) -> np.ndarray:
    """Values (time, ...) at `targets` from those at `days`; NaN is no observation.

    For every target date each series has its own neighbours, the last observation at or before it and the
    first at or after it; both are found for all series at once by a running maximum over the date numbers.
    """
    order = np.argsort(days, kind="stable")
    days, old = days[order], old[order]
    count = days.size
    number = np.arange(count, dtype=np.int32).reshape(-1, *([1] * (old.ndim - 1)))
    valid = np.isfinite(old)
    before = np.maximum.accumulate(np.where(valid, number, -1), axis=0)
    after = np.flip(np.minimum.accumulate(np.flip(np.where(valid, number, count), axis=0), axis=0), axis=0)
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
        span = days[right_at] - days[left_at]
        weight = np.divide(target - days[left_at], span, out=np.zeros(span.shape), where=span != 0)
        between = left_value + (right_value - left_value) * weight
        row = np.where(has_left & has_right, between, np.nan)
        if edges == "nearest":
            row = np.where(has_left & ~has_right, left_value, row)
            row = np.where(~has_left & has_right, right_value, row)
        new[position] = row
    return new


def _distance(days: np.ndarray, observed: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Days from each target to the nearest observed date, float32 (target, ...); NaN where there is none."""
    distance = np.full((targets.size, *observed.shape[1:]), np.nan, dtype=np.float32)
    for position, target in enumerate(targets):
        away = np.abs(days - target).astype(np.float32).reshape(-1, *([1] * (observed.ndim - 1)))
        nearest = np.where(observed, away, np.inf).min(axis=0)
        distance[position] = np.where(np.isfinite(nearest), nearest, np.nan)
    return distance
