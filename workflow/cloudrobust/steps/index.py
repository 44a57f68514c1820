"""Spectral indices, computed by spyndex and appended to the bands."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..config.steps import Index
from ..config.steps.chain import bands_after
from ..config.steps.index import ALIASES, index_bands, index_constants
from ..errors import InputError
from .cubes import FILLED_IN, filled_in, recorded


def apply(cube: xr.Dataset, step: Index) -> xr.Dataset:
    """The indices of `step` as further bands of `reflectance`, or in place of the bands.

    Formulas and constants are those of the catalogue of spyndex (Montero, D. et al. (2023), Scientific Data 10,
    doi:10.1038/s41597-023-02096-0). An index is missing where a band of it is, or where it is not finite. It has
    no wavelength, and no deviation within the parcel. It is filled in where one of its bands is.

    Raises
    ------
    InputError
        If the cube lacks a band that an index needs, or has the index already.
    """
    import spyndex

    present = [str(band) for band in cube["band"].values]
    try:
        after = bands_after(present, step, "step")
    except ValueError as error:
        raise InputError(str(error)) from None
    reflectance = cube["reflectance"]
    exact = reflectance.astype(np.float64).drop_vars("wavelength", errors="ignore")
    layers = []
    for name in step.names:
        spectra = {symbol: exact.sel(band=band, drop=True) for symbol, band in index_bands(name).items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            layer = spyndex.computeIndex(ALIASES.get(name, name), params={**spectra, **index_constants(name)})
        layers.append(layer.where(np.isfinite(layer)).astype(np.float32).expand_dims(band=[name]))
    indices = xr.concat(layers, "band").transpose(*reflectance.dims)
    widened = cube.reindex(band=list(after))  # NaN for the new ones
    parts = [reflectance, indices] if step.keep else [indices]
    joined = xr.concat([part.drop_vars("wavelength", errors="ignore") for part in parts], "band")
    joined = joined.sel(band=list(after)).transpose(*reflectance.dims)
    attributes = dict(reflectance.attrs)
    if not step.keep:
        attributes |= {"long_name": "spectral index"}
        attributes.pop("standard_name", None)
    result = widened.assign(reflectance=(joined.dims, joined.values, attributes))
    result["band"].attrs.update(cube["band"].attrs)
    if "filled" in cube:
        old = filled_in(cube)
        new = [
            old.sel(band=list(index_bands(name).values())).any("band").expand_dims(band=[name]) for name in step.names
        ]
        kept = [old.drop_vars("wavelength", errors="ignore")] if step.keep else []
        flags = xr.concat([*kept, *new], "band", coords="minimal", compat="override")
        flags = flags.sel(band=list(after)).transpose(*reflectance.dims)
        result["filled"] = (flags.dims, flags.values.astype(np.int8), FILLED_IN)
    return recorded(result) if "observed" in result else result
