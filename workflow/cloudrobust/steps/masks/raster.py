"""Mask by rasters that were made elsewhere: values or bits to hide, one file a scene, on any grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...config.steps import MaskRaster
from ...errors import InputError
from .ground import Found, Ground


def find(ground: Ground, method: MaskRaster) -> Found:
    """The pixels whose value, in the nearest pixel of the file, is one that is hidden.

    Raises
    ------
    InputError
        If the scene has no file (unless `missing` says what then), or several, or bits are asked of fractions.
    """
    beside = ground.beside(method)
    if beside is None:
        shape = ground.shape
        return Found(np.full(shape, method.missing == "hide"), np.zeros(shape, dtype=bool))
    values, known = beside
    masked = np.isin(values, method.hide) | _has_bits(values, method)
    if method.above is not None:
        masked |= values > method.above
    unknown = ~known if method.nodata == "hide" else np.zeros(known.shape, dtype=bool)
    return Found(masked & known, unknown)


def reach(ground: Ground, method: MaskRaster) -> float:  # noqa: ARG001
    """A pixel's value is its own."""
    return 0.0


def _has_bits(values: NDArray[np.generic], method: MaskRaster) -> NDArray[np.bool_]:
    if not method.bits:
        return np.zeros(values.shape, dtype=bool)
    if values.dtype.kind not in "iu":
        raise InputError(
            f"mask raster: {method.pattern} has numbers of the kind {values.dtype}, which have no bits; "
            "use hide or above"
        )
    return (values.astype(np.int64) & sum(1 << bit for bit in set(method.bits))) != 0
