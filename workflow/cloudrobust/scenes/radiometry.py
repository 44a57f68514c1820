"""Digital numbers and reflectance: the only place where one becomes the other.

reflectance = (DN + ADD_OFFSET) / QUANTIFICATION for DN >= 1 (ESA, Sentinel-2 Products Specification
Document S2-PDGS-TAS-DI-PSD, radiometric offset of processing baseline 04.00). The offset
is a negative number, -1000 from baseline 04.00 on and 0 before, whatever the sensing date. DN 0 is no
data and is never offset; DN 65535 is saturated. A reflectance may be slightly negative.

*Harmonised* digital numbers have offset 0 and quantification 10000, so 10000 is reflectance 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
MEASURED = (NODATA + 1, SATURATED - 1)
"""Smallest and largest raw digital number that is a measurement."""


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


def shift_of(offset: int, quantification: int = SCALE) -> int | None:
    """What `harmonise` adds to raw numbers; None where it has to scale them, too."""
    return offset if quantification == SCALE else None


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


@dataclass(frozen=True)
class Statement:
    """What an archive says about the numbers of a scene or band.

    Attributes
    ----------
    offset: that turns the numbers as delivered into those of offset 0.
    quantification: number of reflectance 1, the offset applied.
    origin: where that is stated, for the record.
    """

    offset: int
    quantification: int
    origin: str


def stated_by_baseline(baseline: str, origin: str) -> Statement:
    """For archives that deliver ESA's numbers and state only the processing baseline."""
    return Statement(offset_of(baseline), SCALE, f"{origin}: processing baseline {baseline}")


def stated_by_scale(scale: float, offset: float, origin: str) -> Statement:
    """For archives that state scale and offset in reflectance (STAC raster extension: 0.0001 and -0.1)."""
    return Statement(round(offset / scale), round(1 / scale), f"{origin}: scale {scale:g}, offset {offset:g}")


def stated_by_flag(applied: bool, baseline: str, origin: str) -> Statement:
    """For archives that say whether they have applied ESA's offset already (Earth Search's first collection)."""
    offset = 0 if applied else offset_of(baseline)
    return Statement(offset, SCALE, f"{origin}: {str(applied).lower()}, processing baseline {baseline}")


VISIBLE = ("B02", "B03", "B04")
"""Bands that the check of raw numbers looks at."""
DARK = -OFFSET
"""Raw numbers under this are of negative reflectance, if they still carry the offset of baseline 04.00."""
SHADY = 2 * DARK


@dataclass
class Darkness:
    """How dark the raw numbers of a band are; counted block by block.

    Attributes
    ----------
    valid, dark, shady: pixels with data; of these, under 1000; and from there to under 2000.
    """

    valid: int = 0
    dark: int = 0
    shady: int = 0

    def see(self, raw: NDArray[Any]) -> None:
        """Count one more block of raw numbers."""
        valid = (raw != NODATA) & (raw != SATURATED)
        self.valid += int(np.count_nonzero(valid))
        self.dark += int(np.count_nonzero(valid & (raw < DARK)))
        self.shady += int(np.count_nonzero(valid & (raw >= DARK) & (raw < SHADY)))


Suspicion = Literal["already shifted", "not yet shifted"]


def contradiction(
    statement: Statement, baseline: str, darkness: Mapping[str, Darkness], share: float = 0.01
) -> Suspicion | None:
    """Whether the raw numbers of a scene contradict what is stated about their offset.

    Numbers that carry ESA's +1000 lie above 1000 wherever reflectance is positive. Stated to carry it, they are
    *already shifted* if more than `share` of the valid pixels lie under 1000 in each visible band: negative
    reflectance in all three at once is rare in truth (deep water, terrain shadow, overcorrected haze). Stated
    not to carry it although their baseline has it, they are *not yet shifted* if none lies under 1000 (less than
    one in ten thousand) while more than `share` lie close above it, in each band.

    A heuristic: a scene of nothing but bright cloud or snow tells nothing, and answers None. Cases of wrong
    statements are Earth Search's issues 66 and 71 and cirrus-earth-search's 33 (numbers shifted, the flag false).
    """
    counts = [darkness[band] for band in VISIBLE if band in darkness]
    if not counts or min(count.valid for count in counts) == 0:
        return None
    dark = [count.dark / count.valid for count in counts]
    shady = [count.shady / count.valid for count in counts]
    if statement.offset == OFFSET and min(dark) > share:
        return "already shifted"
    if statement.offset == 0 and offset_of(baseline) == OFFSET and max(dark) < 1e-4 and min(shady) > share:
        return "not yet shifted"
    return None


def corrected(statement: Statement, suspicion: Suspicion) -> Statement:
    """The statement that the raw numbers suggest in place of the one that they contradict."""
    offset = 0 if suspicion == "already shifted" else OFFSET
    return Statement(offset, statement.quantification, f"{statement.origin}; corrected, the numbers are {suspicion}")
