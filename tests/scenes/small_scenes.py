"""Small made-up products of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from cloudrobust.scenes.bands import BAND, bands_of

SIDE = 1200  # metres: 120, 60 and 20 pixels


def small_geoboxes() -> dict[str, GeoBox]:
    """Grids of 10, 20 and 60 m over the same square, and "SCL"."""
    by_resolution = {
        r: GeoBox((SIDE // r, SIDE // r), Affine(r, 0, 600000, 0, -r, 5400000), "EPSG:32632") for r in (10, 20, 60)
    }
    return {**{n: by_resolution[b.resolution] for n, b in BAND.items()}, "SCL": by_resolution[20]}


def small_content(level: str, seed: int = 0, low: int = -900) -> dict[str, Any]:
    """Random bands (digital numbers from `low` to 16000) and, for L2A, masks, as arguments of `write_product`."""
    generator = np.random.default_rng(seed)
    geoboxes = small_geoboxes()
    content: dict[str, Any] = {
        "geoboxes": geoboxes,
        "bands": {b: generator.integers(low, 16000, geoboxes[b].shape, dtype=np.int32) for b in bands_of(level)},
        "cloud_cover": 12.5,
    }
    if level == "L2A":
        shape = geoboxes["SCL"].shape
        content["classification"] = generator.integers(0, 12, shape, dtype=np.uint8)
        content["cloud_probability"] = generator.integers(0, 101, shape, dtype=np.uint8)
    return content
