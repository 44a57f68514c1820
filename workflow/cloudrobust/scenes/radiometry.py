"""Digital numbers and reflectance: the only place where one becomes the other.

reflectance = (DN + ADD_OFFSET) / QUANTIFICATION for DN >= 1 (ESA, Sentinel-2 Products Specification
Document S2-PDGS-TAS-DI-PSD, radiometric offset of processing baseline 04.00). The offset
is a negative number, -1000 from baseline 04.00 on and 0 before, whatever the sensing date. DN 0 is no
data and is never offset; DN 65535 is saturated. A reflectance may be slightly negative.

*Harmonised* digital numbers have offset 0 and quantification 10000, so 10000 is reflectance 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NODATA = 0
"""Raw digital number of a pixel that was not measured."""
SATURATED = 65535
"""Raw digital number of a saturated pixel."""
SCALE = 10000
"""Harmonised digital number of reflectance 1."""
OFFSET = -1000
"""The offset of processing baseline 04.00 and later."""


def offset_of(baseline: str) -> int:
    """The offset that ESA's products of a processing baseline ("03.01", "04.00") have.

    To be used for *writing* products and for catalogues that state only the baseline; the offset of a
    product at hand is in its metadata.
    """
    return OFFSET if tuple(int(part) for part in baseline.split(".")) >= (4, 0) else 0


def harmonise(raw: NDArray[Any], offset: int, quantification: int = SCALE) -> np.ma.MaskedArray:
    """Raw digital numbers, of any shape, to harmonised ones.

    Parameters
    ----------
    raw: digital numbers as the product holds them (uint16).
    offset: ADD_OFFSET of the band in the product's metadata, 0 or negative.
    quantification: QUANTIFICATION_VALUE of the product.

    Returns
    -------
    int32 masked array, 10000 = reflectance 1; masked (and 0 below the mask) where raw is no data or saturated.
    """
    raw = np.asarray(raw)
    dn = raw.astype(np.int32)
    dn += np.int32(offset)
    if quantification != SCALE:
        dn = np.rint(dn * (SCALE / quantification)).astype(np.int32)
    invalid = (raw == NODATA) | (raw == SATURATED)
    dn[invalid] = 0
    return np.ma.MaskedArray(dn, mask=invalid)


def to_reflectance(dn: NDArray[Any] | np.ma.MaskedArray) -> NDArray[np.float32]:
    """Harmonised digital numbers to reflectance (float32, unit 1); NaN where `dn` is masked."""
    reflectance = np.ma.getdata(dn).astype(np.float32)
    reflectance /= np.float32(SCALE)
    mask = np.ma.getmask(dn)
    if mask is not np.ma.nomask:
        reflectance[mask] = np.nan
    return reflectance


def encode(
    dn: NDArray[Any] | np.ma.MaskedArray, offset: int, nodata: NDArray[np.bool_] | None = None
) -> NDArray[np.uint16]:
    """Harmonised digital numbers to the raw ones of a product with quantification 10000.

    Parameters
    ----------
    dn: integers, 10000 = reflectance 1.
    offset: ADD_OFFSET of the product to be written, 0 or negative.
    nodata: true where there is no measurement; a mask of `dn` counts as well.

    Returns
    -------
    uint16 of the same shape: 0 where there is no measurement, else dn - offset clipped to 1..65534.
    """
    values = np.ma.getdata(dn)
    if values.dtype.kind not in "iu":
        raise TypeError(f"digital numbers must be integers, not {values.dtype}; round the reflectance x 10000 first")
    raw = values.astype(np.int32)
    raw -= np.int32(offset)
    np.clip(raw, NODATA + 1, SATURATED - 1, out=raw)
    mask = np.ma.getmask(dn)
    if mask is not np.ma.nomask:
        raw[mask] = NODATA
    if nodata is not None:
        raw[np.asarray(nodata, dtype=bool)] = NODATA
    return raw.astype(np.uint16)


def looks_already_shifted(raw: NDArray[Any], share: float = 0.01) -> bool:
    """Whether raw numbers of a product that is said to carry the offset -1000 seem to be shifted already.

    Numbers that still carry +1000 lie above 1000 wherever reflectance is positive, so a visible band
    (B02, B03 or B04) with many valid numbers under 1000 has most likely been shifted before.

    Caveat: a heuristic for visible bands of whole scenes and large windows. Level-2A reflectance over
    deep water, terrain shadow or under an overcorrected haze is negative in truth, and a scene of
    nothing but bright cloud or snow has no dark pixel, so that a shifted one goes unnoticed. Without a
    valid pixel the answer is False.

    Parameters
    ----------
    raw: digital numbers of a visible band, as the product holds them.
    share: share of valid pixels under 1000 above which the answer is True.
    """
    raw = np.asarray(raw)
    valid = (raw != NODATA) & (raw != SATURATED)
    count = int(np.count_nonzero(valid))
    dark = int(np.count_nonzero(valid & (raw < -OFFSET)))
    return count > 0 and dark > share * count
