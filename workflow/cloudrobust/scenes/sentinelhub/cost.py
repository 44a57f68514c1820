"""Processing units: what requests will cost, before they are sent.

Sentinel Hub, "Processing Unit definition" (Process API): one unit is 512 x 512 pixels of three input bands, one
sample a pixel, at most 16 bits. Area and bands multiply it in proportion (the area by at least 0.01), 32 bits
double it; `dataMask` does not count as a band; a request costs at least 0.005.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..cost import Cost
from .plan import Piece

LEAST = 0.005
LEAST_AREA = 0.01


def processing_units(width: int, height: int, bands: int, bits: int = 16) -> float:
    """Units of one request.

    Parameters
    ----------
    width, height: pixels.
    bands: input bands, `dataMask` not counted.
    bits: of a sample of the output.
    """
    area = max(width * height / (512 * 512), LEAST_AREA)
    return max(area * bands / 3 * (2 if bits > 16 else 1), LEAST)


def cost_of(pieces: Iterable[Piece]) -> Cost:
    """What the requests of one scene cost; bytes as if the answers were not compressed."""
    parts = list(pieces)
    units = [processing_units(p.window.width, p.window.height, len(p.group.layers)) for p in parts]
    samples = [p.window.width * p.window.height * (2 * len(p.group.bands) + len(p.group.extras) + 1) for p in parts]
    return Cost(1, len(units), sum(units), sum(samples))
