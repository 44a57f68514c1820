"""The choice of bands."""

from __future__ import annotations

import xarray as xr

from ..config.steps import Bands
from ..config.steps.chain import bands_after
from ..errors import InputError
from .cubes import recorded


def apply(cube: xr.Dataset, step: Bands) -> xr.Dataset:
    """The bands (and indices) of `cube` that `step` keeps: in the order that it names them, or in that of the cube.

    Raises
    ------
    InputError
        If the cube does not have one of the named bands, or none would be left.
    """
    present = [str(band) for band in cube["band"].values]
    try:
        left = bands_after(present, step, "step")
    except ValueError as error:
        raise InputError(str(error)) from None
    chosen = cube.isel(band=[present.index(band) for band in left])
    return recorded(chosen) if "observed" in chosen else chosen
