"""Composites: one value for each dekad, half-month or month, from the observations in it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..config.steps import Composite
from ..errors import InputError
from .cubes import (
    FILLED_IN,
    along_time,
    checked,
    coverage,
    covered,
    days_of,
    distance_to_measured,
    filled_in,
    measured,
    recorded,
)

FIRST_DAYS = {"dekad": (1, 11, 21), "half-month": (1, 16), "month": (1,)}
"""Days of the month on which windows begin. Dekads are those of the World Meteorological Organization."""


def windows(first: dt.date, last: dt.date, kind: str) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day of every window that has a day from `first` to `last`, cut where it reaches beyond them."""
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        length = calendar.monthrange(year, month)[1]
        starts = FIRST_DAYS[kind]
        for start, end in zip(starts, (*(day - 1 for day in starts[1:]), length), strict=True):
            window = dt.date(year, month, start), dt.date(year, month, end)
            if window[0] <= last and window[1] >= first:
                yield max(window[0], first), min(window[1], last)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def apply(cube: xr.Dataset, step: Composite) -> xr.Dataset:
    """One value for each window that the cube covers, for each parcel (or pixel).

    Only dates with a value count, and of a series that has measured ones in the window only those; `median` and
    `mean` are taken band by band, each of its own measured values if it has any. `clearest` takes the whole
    observation with the highest clear fraction; of equally clear ones that nearest to the window's middle, and of
    those the earlier. `best` takes the one with the
    highest product of clear fraction and exp(-d² / 2s²), d its days to the middle and s half the window's length:
    a best-available-pixel composite (Griffiths, P. et al. (2013), "A pixel-based Landsat compositing algorithm for
    large area land cover mapping", IEEE JSTARS 6, doi:10.1109/JSTARS.2012.2228167; White, J. C. et al. (2014),
    "Pixel-based image compositing for large-area dense time series applications and science", Canadian Journal of
    Remote Sensing 40). Without `clear_fraction`, as pixels are, every observation is equally clear.

    Returns
    -------
    xarray.Dataset
        The variables of the cube on the windows' middle days (of what the cube covers of them); `observed`,
        whether anything was measured in the window; `observation_distance`, days from the middle to the nearest
        measurement; `filled`, for every value whether it comes from values that were filled in. A window without a
        value is missing. The coordinate `scene` names all scenes of a window.

    Raises
    ------
    InputError
        If the cube has no date.
    """
    cube = checked(cube, "composite")
    days, observed = days_of(cube), along_time(measured(cube))
    spans = _covered_windows(cube, step)
    middles = np.array([np.datetime64(first + (last - first) // 2, "D") for first, last in spans])
    middle_days = middles.astype(np.int64)
    reflectance = cube["reflectance"]
    present = np.isfinite(along_time(reflectance)).any(axis=_band_axis(reflectance))
    names = [
        str(name)
        for name, variable in cube.data_vars.items()
        if "time" in variable.dims and name not in ("observed", "observation_distance", "filled")
    ]
    olds = {name: along_time(cube[name]) for name in names}
    news = {name: np.full((len(spans), *old.shape[1:]), np.nan, dtype=np.float32) for name, old in olds.items()}
    untold = along_time(filled_in(cube))
    filled = np.zeros((len(spans), *untold.shape[1:]), dtype=np.int8)
    flags = np.zeros((len(spans), *observed.shape[1:]), dtype=np.int8)
    clear = along_time(cube["clear_fraction"]) if "clear_fraction" in cube else np.ones(observed.shape, np.float32)
    for number, (first, last) in enumerate(spans):
        inside = slice(*np.searchsorted(days, [_number(first), _number(last) + 1]))
        if inside.start == inside.stop:
            continue
        seen = observed[inside] & present[inside]
        flags[number] = seen.any(axis=0)
        usable = present[inside] & (seen | ~flags[number].astype(bool))
        if step.method in ("median", "mean"):
            statistic = _median if step.method == "median" else _mean
            own = np.isfinite(olds["reflectance"][inside]) & _like(usable, reflectance, reflectance)
            measured_ones = own & ~untold[inside]
            filled[number] = ~measured_ones.any(axis=0)
            own &= ~untold[inside] | filled[number].astype(bool)
            for name, old in olds.items():
                mask = own if "band" in cube[name].dims else usable
                news[name][number] = statistic(np.where(mask, old[inside], np.nan))
            continue
        chosen = _chosen(days[inside], clear[inside], usable, int(middle_days[number]), step.method, first, last)
        for name, old in olds.items():
            at = _like(chosen[None], cube[name], reflectance)
            taken = np.take_along_axis(old[inside], np.broadcast_to(at, (1, *old.shape[1:])), axis=0)[0]
            news[name][number] = np.where(_like(usable.any(axis=0)[None], cube[name], reflectance)[0], taken, np.nan)
        at = np.broadcast_to(_like(chosen[None], reflectance, reflectance), (1, *untold.shape[1:]))
        filled[number] = np.take_along_axis(untold[inside], at, axis=0)[0]
    return _assembled(cube, spans, middles, news, flags, filled, distance_to_measured(days, observed, middle_days))


def _number(day: dt.date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _covered_windows(cube: xr.Dataset, step: Composite) -> list[tuple[dt.date, dt.date]]:
    first, last = (day.astype(object) for day in coverage(cube))
    found = []
    for start, end in windows(first, last, step.window):
        span = np.arange(np.datetime64(start), np.datetime64(end) + 1, dtype="datetime64[D]")
        if covered(cube, span).any():
            found.append((start, end))
    if not found:
        raise InputError(f"composite: no {step.window} lies in the selected days; widen the selection")
    return found


def _band_axis(reflectance: xr.DataArray) -> int:
    return 1 + [dim for dim in reflectance.dims if dim != "time"].index("band")


def _like(flat: NDArray, variable: xr.DataArray, reflectance: xr.DataArray) -> NDArray:
    """`flat`, over time and the dims of reflectance but band, made to broadcast against `variable`."""
    if "band" not in variable.dims:
        return flat
    return np.expand_dims(flat, _band_axis(reflectance))


def _mean(values: NDArray) -> NDArray[np.float32]:
    """Mean over the first axis of what is finite; NaN where nothing is."""
    valid = np.isfinite(values)
    count = valid.sum(axis=0)
    total = np.where(valid, values, 0.0).sum(axis=0, dtype=np.float64)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0).astype(np.float32)


def _median(values: NDArray) -> NDArray[np.float32]:
    """Median over the first axis of what is finite; NaN where nothing is."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)[None]
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=0)[0].astype(np.float64)
    upper = np.take_along_axis(ordered, count // 2, axis=0)[0].astype(np.float64)
    return ((lower + upper) / 2).astype(np.float32)


def _chosen(
    days: NDArray[np.int64],
    clear: NDArray,
    usable: NDArray[np.bool_],
    middle: int,
    method: str,
    first: dt.date,
    last: dt.date,
) -> NDArray[np.int64]:
    """Position of the chosen date of each series."""
    away = np.abs(days - middle)
    score = np.where(usable, clear, -1.0).astype(np.float64)
    if method == "best":
        half = ((last - first).days + 1) / 2
        near = np.exp(-0.5 * (away / half) ** 2).reshape(-1, *([1] * (clear.ndim - 1)))
        score = np.where(usable, score * near, -1.0)
    # The first of equal scores wins, so dates are looked at from the middle outwards, the earlier first.
    order = np.lexsort((days, away))
    return order[np.argmax(score[order], axis=0)]


def _assembled(
    cube: xr.Dataset,
    spans: list[tuple[dt.date, dt.date]],
    middles: NDArray[np.datetime64],
    news: dict[str, NDArray],
    flags: NDArray[np.int8],
    filled: NDArray[np.int8],
    distance: NDArray[np.float32],
) -> xr.Dataset:
    reflectance = cube["reflectance"]
    flat = ("time", *(dim for dim in reflectance.dims if dim not in ("time", "band")))
    variables: dict[str, tuple] = {}
    for name, new in news.items():
        old = cube[name]
        variables[name] = (old.dims, np.moveaxis(new, 0, old.get_axis_num("time")), dict(old.attrs))
    variables["observed"] = (flat, flags, dict(cube["observed"].attrs))
    variables["observation_distance"] = (
        flat,
        distance,
        {"long_name": "days from the middle of the window to the nearest measurement", "units": "day"},
    )
    variables["filled"] = (reflectance.dims, np.moveaxis(filled, 0, reflectance.get_axis_num("time")), FILLED_IN)
    coordinates: dict[str, object] = {str(n): c for n, c in cube.coords.items() if "time" not in c.dims}
    coordinates["time"] = ("time", middles.astype("datetime64[ns]"), dict(cube["time"].attrs))
    if "scene" in cube.coords:
        coordinates["scene"] = ("time", _scenes(cube, spans), dict(cube["scene"].attrs))
    composite = xr.Dataset(variables, coordinates, dict(cube.attrs))
    return recorded(composite.transpose(*reflectance.dims, missing_dims="ignore"))


def _scenes(cube: xr.Dataset, spans: list[tuple[dt.date, dt.date]]) -> NDArray[np.str_]:
    names = pd.Series(cube["scene"].values.astype(str), index=days_of(cube))
    texts = []
    for first, last in spans:
        own = names[(names.index >= _number(first)) & (names.index <= _number(last))]
        texts.append(" ".join(sorted({word for text in own for word in text.split()})))
    return np.array(texts, dtype=str)
