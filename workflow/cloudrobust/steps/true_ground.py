"""The interpolation that cannot be bettered: what the ground of the simulator's landscape really reflected.

A ceiling for experiments: with it, and with the true sky as mask, a preprocessed series is as good as it could be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..config.steps import Interpolate
from ..errors import InputError
from ..log import Progress
from ..parcels.tiles import TileCoverage, bands_of_groups
from .cubes import DISTANCE, FILLED_IN, checked, recorded
from .interpolate import equal_dates


class Landscape(Protocol):
    """What knows the true ground: `scenes.simulator.SimulatedArchive`."""

    def true_ground(self, day: dt.date, bands: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Reflectance (rows, columns) on the native grid of each band."""
        ...


def apply(cube: xr.Dataset, step: Interpolate, landscape: Landscape, coverage: TileCoverage) -> xr.Dataset:
    """The series on equal dates, with the true mean reflectance of each parcel in place of interpolated values.

    Parameters
    ----------
    cube
        Series (parcel, time, band), which gives parcels, bands and the span of days; its values do not matter.
    step
        Says which dates.
    landscape
        Knows what the ground reflected.
    coverage
        Of the tile, so that parcels are averaged as those of scenes are.

    Returns
    -------
    xarray.Dataset
        As `interpolate.apply` returns it: every value counts as measured on its day, nothing as filled in. A parcel
        outside the coverage is missing.

    Raises
    ------
    InputError
        If no date lies in the selected days, or the cube has a band that no scene has.
    """
    cube = checked(cube, "interpolate truth")
    if "parcel" not in cube.dims:
        raise InputError("interpolate truth: the cube has no parcels; average the pixels before it")
    times = equal_dates(cube, step)
    if times.size == 0:
        raise InputError(f"interpolate: no date every {step.every} lies in the selected days; write a shorter distance")
    bands = [str(band) for band in cube["band"].values]
    groups = bands_of_groups(coverage, bands)
    strange = sorted(set(bands) - {band for members, _ in groups for band in members})
    if strange:
        raise InputError(f"interpolate truth: the ground has no {strange[0]!r}; move the step that makes it behind")
    place = {str(parcel): number for number, parcel in enumerate(cube["parcel"].values)}
    held = np.array([str(parcel) in place for parcel in coverage.parcels])
    rows = np.array([place[str(parcel)] for parcel in coverage.parcels[held]], dtype=int)
    values = np.full((len(place), times.size, len(bands)), np.nan, np.float32)
    progress = Progress("true ground: dates rendered", times.size)
    for number, time in enumerate(times):
        images = landscape.true_ground(time.date(), bands)
        for members, operator in groups:
            means = operator.mean([images[band] for band in members])
            for column, band in enumerate(members):
                values[rows, number, bands.index(band)] = means[held, column]
        progress.step()
    seen = np.isfinite(values).any(axis=2)
    order = cube["reflectance"].dims
    kept = {name: c for name, c in cube.coords.items() if "time" not in c.dims}
    flat = ("parcel", "time")
    result = xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values, dict(cube["reflectance"].attrs)),
            "observed": (flat, seen.astype(np.int8), dict(cube["observed"].attrs)),
            "observation_distance": (flat, np.where(seen, 0.0, np.nan).astype(np.float32), DISTANCE),
            "filled": (("parcel", "time", "band"), np.zeros(values.shape, np.int8), FILLED_IN),
        },
        coords={**kept, "time": times},
        attrs=dict(cube.attrs),
    )
    return recorded(result.transpose(*order, missing_dims="ignore"))
