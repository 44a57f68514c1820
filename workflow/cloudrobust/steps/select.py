"""Temporal selection: keep the dates within a window of the year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ..config.steps import Select
from ..errors import InputError


def keeps(times: np.ndarray, step: Select) -> np.ndarray:
    """Which of `times` (datetime64, shape (n,)) lie in the window; bool, shape (n,)."""
    days, position = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    return np.array([step.keeps(day) for day in days.tolist()], dtype=bool)[position]


def apply(cube: xr.Dataset, step: Select) -> xr.Dataset:
    """The dates of `cube` within the window; the covered period in its attributes shrinks accordingly.

    Raises
    ------
    InputError
        If no date of the cube lies in the window.
    """
    kept = keeps(cube["time"].values, step)
    if not kept.any():
        raise InputError(
            f"select {step.start} to {step.end}: none of the {kept.size} dates lies in the window; widen it"
        )
    selected = cube.isel(time=np.flatnonzero(kept))
    if "time_coverage_start" in cube.attrs:
        days = pd.date_range(cube.attrs["time_coverage_start"], cube.attrs["time_coverage_end"], freq="D")
        days = days[keeps(days.values, step)]
        selected.attrs["time_coverage_start"] = f"{days[0]:%Y-%m-%d}"
        selected.attrs["time_coverage_end"] = f"{days[-1]:%Y-%m-%d}"
    return selected


def select_scenes(scenes: pd.DataFrame, step: Select) -> pd.DataFrame:
    """The rows of a month's index whose `time` lies in the window; no pixel is touched."""
    return scenes[keeps(scenes["time"].to_numpy(), step)].reset_index(drop=True)
