"""Smoothing along time."""

from __future__ import annotations

from math import factorial

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter

from ..config.steps import Smooth
from ..errors import InputError
from .cubes import along_time, checked, recorded

AT_ONCE = 2_000_000
"""Values in one banded system."""
EVEN = 1.5
"""Largest ratio of distances between dates that still counts as equal; the days of half-months differ by 1.25."""


def apply(cube: xr.Dataset, step: Smooth) -> xr.Dataset:
    """`reflectance` smoothed along `time`, each parcel (or pixel) and band by itself; what is missing stays missing.

    whittaker minimises sum w (y - z)² + smoothness · sum (D z)², w 1 where there is a value and 0 where not,
    D the differences of the given order (Whittaker, E. T. (1922), "On a new method of graduation", Proceedings of
    the Edinburgh Mathematical Society 41; Eilers, P. H. C. (2003), "A perfect smoother", Analytical Chemistry 75,
    doi:10.1021/ac034173t). For unequal dates D is the divided difference, scaled so that it is the ordinary one
    where dates are equal; dates less than a day apart count as a day apart. A series with fewer values than
    order + 1 is left as it is.

    savitzky-golay fits a polynomial to each window of equal dates and takes its middle, at the ends the
    polynomial of the last window (Savitzky, A. and Golay, M. J. E. (1964), "Smoothing and differentiation of data
    by simplified least squares procedures", Analytical Chemistry 36, doi:10.1021/ac60214a047). A value of which
    the window holds a missing one is left as it is.

    `observed` and all other variables stay as they are: a smoothed value is measured where one was measured.

    Raises
    ------
    InputError
        If the cube has no date, or for savitzky-golay too few dates or unequal ones.
    """
    cube = checked(cube, "smooth")
    values = cube["reflectance"]
    old = along_time(values)
    flat = old.reshape(old.shape[0], -1)
    new = _whittaker(_positions(cube), flat, step) if step.method == "whittaker" else _savitzky_golay(cube, flat, step)
    moved = np.moveaxis(new.reshape(old.shape), 0, values.get_axis_num("time"))
    return recorded(cube.assign(reflectance=(values.dims, moved, dict(values.attrs))))


def _positions(cube: xr.Dataset) -> NDArray[np.float64]:
    """(time,) days since the first date, neighbours at least one apart."""
    times = cube["time"].values.astype("datetime64[s]").astype(np.float64) / 86400
    return np.concatenate(([0.0], np.cumsum(np.maximum(np.diff(times), 1.0))))


def differences(positions: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """(time - order, time) matrix of divided differences, scaled to be ordinary ones where positions are equal.

    The order-th divided difference of equal steps h is the ordinary one over order! h^order; h is here the mean step.
    """
    matrix = np.eye(positions.size)
    for level in range(1, order + 1):
        matrix = np.diff(matrix, axis=0) / (positions[level:] - positions[:-level])[:, None]
    step = (positions[-1] - positions[0]) / (positions.size - 1)
    return matrix * factorial(order) * step**order


def _whittaker(positions: NDArray[np.float64], values: NDArray, step: Smooth) -> NDArray[np.float32]:
    """(time, series) solved together: the systems of all series, one below the other, are one banded system."""
    dates = len(values)
    smooth = values.astype(np.float32)
    if dates <= step.order:
        return smooth
    matrix = differences(positions, step.order)
    penalty = step.smoothness * matrix.T @ matrix
    # Lower diagonals; the last entries are 0, so that a series is not tied to the next one.
    bands = np.zeros((step.order + 1, dates))
    for offset in range(step.order + 1):
        bands[offset, : dates - offset] = np.diagonal(penalty, offset)
    valid = np.isfinite(values)
    solvable = np.flatnonzero(valid.sum(axis=0) > step.order)
    at_once = max(1, AT_ONCE // dates)
    for start in range(0, solvable.size, at_once):
        members = solvable[start : start + at_once]
        weight = valid[:, members].T.astype(np.float64)
        system = np.tile(bands, members.size)
        system[0] += weight.ravel()
        observed = np.where(weight > 0, values[:, members].T, 0.0).ravel()
        solved = solveh_banded(system, observed, overwrite_ab=True, overwrite_b=True, lower=True)
        smooth[:, members] = solved.reshape(members.size, dates).T
    smooth[~valid] = np.nan
    return smooth


def _savitzky_golay(cube: xr.Dataset, values: NDArray, step: Smooth) -> NDArray[np.float32]:
    dates = values.shape[0]
    if dates < step.window:
        raise InputError(f"smooth: the window of {step.window} dates is longer than the series of {dates}; narrow it")
    apart = np.diff(cube["time"].values.astype("datetime64[s]").astype(np.int64))
    if apart.min() <= 0 or apart.max() > EVEN * apart.min():
        raise InputError(
            "smooth savitzky-golay: the dates are not equal; put an interpolate or composite step before it"
        )
    valid = np.isfinite(values)
    fitted = savgol_filter(np.where(valid, values, 0.0).astype(np.float64), step.window, step.degree, axis=0)
    # A sum over the window of what is missing, in which the ends stand for all values of the last window.
    gaps = np.concatenate((np.zeros((1, values.shape[1]), np.int64), np.cumsum(~valid, axis=0)))
    start = np.clip(np.arange(dates) - step.window // 2, 0, dates - step.window)
    whole = gaps[start + step.window] == gaps[start]
    return np.where(whole, fitted, values).astype(np.float32)
