"""Numbers and pictures small enough to travel inside a page: quantised, compressed, as text.

A packed value is one block: the length of its JSON (32 bits, little-endian), the JSON, and the bytes of everything
binary in it, one after the other, compressed as a whole. In the JSON stands `{"at": [offset, length]}` for each.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

MISSING = -32768
"""What stands for NaN among 16-bit integers."""

POINT_RADIUS = 0.006
"""Radius of the disc that a point (a parcel of a table) becomes, as a share of the map's longer side."""


@dataclass(frozen=True)
class Binary:
    """Bytes inside a value that is packed."""

    content: bytes


def packed(value: Any) -> str:
    """`value` as base64 that the page unpacks with its browser's own `DecompressionStream`; same in, same out."""
    blocks: list[bytes] = []

    def place(binary: Any) -> dict[str, list[int]]:
        if not isinstance(binary, Binary):
            raise TypeError(f"{type(binary).__name__} does not fit into JSON")
        blocks.append(binary.content)
        return {"at": [sum(map(len, blocks[:-1])), len(binary.content)]}

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=place).encode()
    whole = b"".join([len(text).to_bytes(4, "little"), text, *blocks])
    return base64.b64encode(gzip.compress(whole, 9, mtime=0)).decode()


def integers(values: npt.ArrayLike, scale: float, along: int | None = None) -> dict[str, Any]:
    """Numbers as 16-bit integers of `1/scale`, NaN as `MISSING`.

    Low bytes come first, then high bytes, because high bytes of small numbers compress to nearly nothing. `along` is an
    axis along which neighbours are alike (bands): each number but the first becomes its difference from the one before.
    """
    array = np.asarray(values, float) * scale
    whole = np.where(np.isfinite(array), np.clip(np.round(np.nan_to_num(array)), -32767, 32767), MISSING)
    whole = whole.astype("<i2")
    lag = block = 0
    if along is not None:
        lag = int(np.prod(whole.shape[along + 1 :], dtype=int))
        block = lag * whole.shape[along]
        whole = np.diff(whole, axis=along, prepend=np.int16(0))  # wraps around, as it does on the way back
    halves = np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 2)
    return {"data": Binary(halves[:, 0].tobytes() + halves[:, 1].tobytes()), "lag": lag, "block": block}


def outlines(parcels: gpd.GeoDataFrame, tolerance: float | None = None) -> dict[str, Any]:
    """Rings of all parcels in decimetres from the south-west corner.

    Parameters
    ----------
    parcels
        Polygons, or points, in any CRS; those without a position have no ring.
    tolerance
        Metres that an outline may move by (Douglas & Peucker); by default 0.5, and 2 from 20,000 parcels on.

    Returns
    -------
    dict
        `rings`: for each parcel a list of rings, each [x0, y0, dx, dy, …]; `size`: width and height in metres;
        `epsg`: code of the CRS, or None; `corner`: west and south in that CRS.
    """
    if parcels.crs is not None and not parcels.crs.is_projected:
        parcels = parcels.to_crs(parcels.estimate_utm_crs())
    shapes = np.asarray(parcels.geometry.array, dtype=object)
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not placed.any():
        return {"rings": [[] for _ in shapes], "size": [0, 0], "epsg": None, "corner": [0, 0]}
    west, south, east, north = shapely.total_bounds(shapes[placed])
    points = placed & (shapely.get_type_id(shapes) == 0)
    if points.any():
        shapes = shapes.copy()
        shapes[points] = shapely.buffer(
            shapes[points], POINT_RADIUS * max(east - west, north - south, 1.0), quad_segs=3
        )
        west, south, east, north = shapely.total_bounds(shapes[placed])
    tolerance = (0.5 if len(shapes) < 20_000 else 2.0) if tolerance is None else tolerance
    shapes = np.where(points, shapes, shapely.simplify(shapes, tolerance))
    rings: list[list[list[int]]] = []
    for shape in shapes:
        mine = []
        if shape is not None and not shape.is_empty:
            for ring in shapely.get_rings(shape):
                whole = np.round((shapely.get_coordinates(ring)[:-1] - (west, south)) * 10).astype(int)
                steps = np.diff(whole, axis=0, prepend=[[0, 0]])
                mine.append(steps.ravel().tolist())
        rings.append(mine)
    return {
        "rings": rings,
        "size": [float(east - west), float(north - south)],
        "epsg": parcels.crs.to_epsg() if parcels.crs is not None else None,
        "corner": [float(west), float(south)],
    }
