"""Pictures of the scenes inside the page, from which it cuts the chips of any parcel."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from PIL import Image

from ...log import logger
from ..figures.chips import NO_DATA, read_chips, stretch
from .packing import Binary

COUNT = 28
"""Scenes at most, spread evenly over the year."""

PIXEL = 10.0
"""Metres of a pixel."""

QUALITY = 50
"""Of WebP."""


def scenery(index: pd.DataFrame, store: str | Path, parcels: gpd.GeoDataFrame, most: float) -> dict[str, Any]:
    """True-colour pictures of the square that holds all parcels, one stretch for all.

    Parameters
    ----------
    index
        Rows of month indices of one tile and level.
    store
        Folder of the scenes.
    parcels
        Outlines; their CRS must be that of the scenes.
    most
        Greatest size of one picture in million pixels; none are made of a larger area.

    Returns
    -------
    dict
        `dates`, `sources` (WebP) and `extent`: west, south, east, north in metres from the parcels' south-west
        corner. Empty if the area is too large, or lies in another CRS.
    """
    empty: dict[str, Any] = {"dates": [], "sources": [], "extent": [0, 0, 1, 1]}
    placed = parcels[parcels.geometry.notna() & ~parcels.geometry.is_empty]
    if index.empty or placed.empty:
        return empty
    west, south, east, north = placed.total_bounds
    side = max(east - west, north - south) + 4 * PIXEL
    if (side / PIXEL) ** 2 > most * 1e6:
        logger.info("more than %g million pixels: the page shows no pictures of the scenes (page.pictures)", most)
        return empty
    centre = shapely.Point((west + east) / 2, (south + north) / 2)
    chips = read_chips(index, store, centre, placed.crs, side, COUNT)
    moved = shapely.from_wkt(chips.attrs["parcel"])
    if moved.distance(centre) > PIXEL:
        logger.info("parcels and scenes lie in different reference systems: the page shows no pictures of them")
        return empty
    black, width = stretch(chips["chip"])
    x, y = chips["x"].to_numpy(), chips["y"].to_numpy()
    sources = []
    for chip in chips["chip"].to_numpy():
        colours = np.clip((chip - black) / width, 0, 1)
        colours[~np.isfinite(chip).all(axis=-1)] = NO_DATA
        out = io.BytesIO()
        Image.fromarray((255 * colours).round().astype(np.uint8)).save(out, "WEBP", quality=QUALITY, method=5)
        sources.append(Binary(out.getvalue()))
    half = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    return {
        "dates": [f"{pd.Timestamp(t):%Y-%m-%d}" for t in chips["time"].values],
        "sources": sources,
        "extent": [
            float(x[0] - half[0] - west), float(y[-1] - half[1] - south),
            float(x[-1] + half[0] - west), float(y[0] + half[1] - south),
        ],
    }  # fmt: skip
