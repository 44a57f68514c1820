"""Values brought to a common scale, each series by itself."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..config.steps import Normalise
from .cubes import checked, finite, recorded

FLAT = 1e-6
"""A deviation below which a series is constant; a hundredth of a digital number."""


def apply(cube: xr.Dataset, step: Normalise) -> xr.Dataset:
    """`reflectance` normalised without a look at any other parcel (or pixel), so that nothing leaks between parts.

    series: each band minus its mean over the dates, over its (population) deviation; a constant one becomes 0.
    spectrum: each date's bands over their Euclidean length, which leaves the spectral angle and takes the
    brightness (Kruse, F. A. et al. (1993), "The spectral image processing system (SIPS)", Remote Sensing of
    Environment 44, doi:10.1016/0034-4257(93)90013-N). range: (value - low) / (high - low).

    What is missing stays missing; a spectrum that lacks a band has no length, so all of it is missing then: leave
    bands that small parcels lack beside clouds (B01, B09, B10) out before. `reflectance_std` is brought to the same
    scale. The numbers have unit 1 as before, but are no longer reflectance: the attribute `standard_name` goes.

    Raises
    ------
    InputError
        If the cube has no date.
    """
    cube = checked(cube, "normalise")
    values = cube["reflectance"].astype(np.float64)
    if step.method == "series":
        centre, scale = values.mean("time"), values.std("time")
        scale = scale.where(scale > FLAT, np.inf)
    elif step.method == "spectrum":
        length = (values**2).sum("band", skipna=False) ** 0.5
        centre, scale = xr.zeros_like(length), length.where(length > 0)
    else:
        centre, scale = xr.DataArray(step.low), xr.DataArray(step.high - step.low)
    normalised = ((values - centre) / scale).transpose(*values.dims).astype(np.float32)
    attributes = {key: text for key, text in cube["reflectance"].attrs.items() if key != "standard_name"}
    attributes["long_name"] = f"{attributes.get('long_name', 'reflectance')}, normalised ({step.method})"
    result = cube.assign(reflectance=(values.dims, normalised.values, attributes))
    if "reflectance_std" in cube:
        old = cube["reflectance_std"]
        scaled = (old / scale).where(finite(normalised)).transpose(*old.dims).astype(np.float32)
        result = result.assign(reflectance_std=(old.dims, scaled.values, dict(old.attrs)))
    return recorded(result)
