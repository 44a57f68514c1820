"""Temporal selection: keep the dates within a window of the year, in months, on days, or clear enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..config.steps import Select
from ..config.steps.chain import ranges
from ..errors import InputError
from .cubes import coverage, covered, recorded

if TYPE_CHECKING:
    import xarray as xr


def keeps(times: np.ndarray, step: Select) -> np.ndarray:
    """Which of `times` (datetime64, shape (n,)) fulfil the conditions on dates; bool, shape (n,)."""
    days, position = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    return np.array([step.keeps(day) for day in days.tolist()], dtype=bool)[position]


def apply(cube: xr.Dataset, step: Select) -> xr.Dataset:
    """The dates of `cube` that fulfil every condition; the covered days in its attributes shrink accordingly.

    `time_coverage_start` and `time_coverage_end` become the first and last selected day, and
    `time_coverage_ranges` the spans of selected days, if there are several, so that nothing is interpolated
    into the gaps. A date is clear by the mean over the parcels of `clear_fraction`.

    Raises
    ------
    InputError
        If no date of the cube is left, or a clear fraction is asked for that the cube does not tell.
    """
    kept = keeps(cube["time"].values, step)
    if not kept.any():
        raise InputError(
            f"select {step.start} to {step.end}: none of the {kept.size} dates lies in the window; widen it"
        )
    if step.minimum_clear:
        if "clear_fraction" not in cube:
            raise InputError(
                "select minimum_clear: the cube has no variable 'clear_fraction'; select before that is lost"
            )
        clear = cube["clear_fraction"]
        share = clear.mean([dim for dim in clear.dims if dim != "time"])
        kept &= share.values >= np.float32(step.minimum_clear)
        if not kept.any():
            raise InputError(
                f"select minimum_clear {step.minimum_clear:g}: the clearest date is clear by {float(share.max()):.2f}; "
                "lower it"
            )
    selected = cube.isel(time=np.flatnonzero(kept))
    if "time_coverage_start" in cube.attrs:
        days = pd.date_range(*coverage(cube), freq="D").values.astype("datetime64[D]")
        days = days[keeps(days, step) & covered(cube, days)]
        spans = ranges(days.tolist())
        selected.attrs["time_coverage_start"], selected.attrs["time_coverage_end"] = str(days[0]), str(days[-1])
        selected.attrs.pop("time_coverage_ranges", None)
        if " " in spans:
            selected.attrs["time_coverage_ranges"] = spans
    return recorded(selected) if "observed" in selected else selected


def select_scenes(scenes: pd.DataFrame, step: Select) -> pd.DataFrame:
    """The rows of a month's index that fulfil every condition; no pixel is touched.

    A scene is clear by what its product states as cloud cover (percent).
    """
    kept = keeps(scenes["time"].to_numpy(), step)
    if step.minimum_clear:
        if scenes["cloud_cover"].isna().any():
            unknown = scenes.loc[scenes["cloud_cover"].isna(), "id"].iloc[0]
            raise InputError(
                f"select minimum_clear: nobody tells the cloud cover of scene {unknown}; select after the mask and the "
                "averaging, or remove the key"
            )
        kept &= scenes["cloud_cover"].to_numpy(dtype=float) <= 100 * (1 - step.minimum_clear)
    return scenes[kept].reset_index(drop=True)
