"""Mask of parcels by their mean spectrum: s2cloudless on the averages of parcels, no pixels needed.

The maintainers of s2cloudless state that it may be run on averaged band values over arbitrary areas
("Cloud Masks at Your Service", Sentinel Hub Blog, 2020).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...config.steps import ParcelTest
from ...errors import InputError
from ..cloudless import BANDS, probability
from ..cubes import checked, recorded, with_dates


def apply(cube: xr.Dataset, method: ParcelTest, reference: xr.Dataset | None = None) -> xr.Dataset:
    """`cube` without the values of the dates on which s2cloudless takes a parcel for cloud.

    Parameters
    ----------
    cube
        Series (parcel, time, band).
    method
        Threshold.
    reference
        Series of the same parcels at L1C, needed where `cube` is of another level; dates are matched by the
        second at which sensing began, which both levels of an acquisition share.

    Returns
    -------
    The cube with `reflectance` NaN, `observed`, `pixel_count` and `clear_fraction` 0 where masked, and the new
    variable `cloud_probability` (parcel, time). A date of which a band is missing, or that the reference does not
    have, is masked: nothing is known of it.

    Raises
    ------
    InputError
        If the cube is not of L1C and there is no reference, or one of the ten bands, a parcel or every date is
        missing in it.
    """
    cube = checked(cube, "mask parcel")
    if "parcel" not in cube.dims:
        raise InputError("mask parcel: the cube has no parcels; average the pixels before it")
    spectra = cube
    if cube.attrs.get("level") != "L1C":
        if reference is None:
            raise InputError("mask parcel: s2cloudless looks at L1C; give it the L1C series of the same parcels")
        spectra = _matched(cube, reference)
    missing = [band for band in BANDS if band not in spectra["band"].values]
    if missing:
        raise InputError(f"mask parcel: s2cloudless needs band {missing[0]}, which the series lacks; keep it")
    reflectance = spectra["reflectance"].sel(band=list(BANDS)).transpose("band", "parcel", "time")
    chance = xr.DataArray(probability(reflectance.values), dims=("parcel", "time"))
    clear = chance <= method.threshold  # NaN is not
    kept = cube["observed"].astype(bool).transpose("parcel", "time").values & clear.values
    masked = with_dates(cube, kept)
    masked["cloud_probability"] = (
        ("parcel", "time"),
        chance.values,
        {"long_name": "cloud probability of the parcel's mean spectrum (s2cloudless)", "units": "1"},
    )
    return recorded(masked)


def _matched(cube: xr.Dataset, reference: xr.Dataset) -> xr.Dataset:
    """The reference's spectra on the parcels and dates of `cube`; NaN on dates that it does not have."""
    if reference.attrs.get("level", "L1C") != "L1C":
        raise InputError(f"mask parcel: the reference is of level {reference.attrs['level']}; give it the L1C series")
    strangers = sorted(set(cube["parcel"].values.tolist()) - set(reference["parcel"].values.tolist()))
    if strangers:
        raise InputError(f"mask parcel: the L1C series has no parcel {strangers[0]!r}; make both of the same parcels")
    common = np.isin(cube["time"].values, reference["time"].values)
    if not common.any():
        raise InputError("mask parcel: the L1C series has none of the dates; give it the series of the same period")
    return reference[["reflectance"]].sel(parcel=cube["parcel"]).reindex(time=cube["time"])
