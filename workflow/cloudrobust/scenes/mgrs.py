"""Where a Sentinel-2 tile lies, by its name.

Tiles follow the 100 km squares of the Military Grid Reference System (NGA.STND.0037, "Universal Grids and Grid
Reference Systems", 2014): the zone, the latitude band, the square's column and its row. ESA's tiles are 109.8 km
wide; their upper left corner is that of the square, moved outwards to the next multiple of 60 m.
"""

from __future__ import annotations

import re

from affine import Affine
from odc.geo.geobox import GeoBox

from ..errors import InputError
from .bands import BAND

SIDE = 109_800
"""Metres from edge to edge of a tile."""
SQUARE = 100_000

_COLUMNS = {1: "ABCDEFGH", 2: "JKLMNPQR", 0: "STUVWXYZ"}
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_BANDS = "CDEFGHJKLMNPQRSTUVWX"


def tile_box(tile: str) -> tuple[str, float, float, float, float]:
    """Coordinate system, and left, bottom, right and top of a tile.

    Raises
    ------
    InputError
        If there is no such tile.
    """
    match = re.fullmatch(r"(\d{2})([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])", tile)
    zone = int(match[1]) if match else 0
    if match is None or not 1 <= zone <= 60 or match[3] not in _COLUMNS[zone % 3]:
        raise InputError(f"tiles: there is no tile {tile}; write an MGRS tile like 32UPU")
    north = match[2] >= "N"
    easting = (_COLUMNS[zone % 3].index(match[3]) + 1) * SQUARE
    # rows are named alike every 2000 km; in even zones the names begin with F
    row = (_ROWS.index(match[4]) - (5 if zone % 2 == 0 else 0)) % 20 * SQUARE
    northing = row + _cycle(match[2], row) * 20 * SQUARE
    left = easting // 60 * 60
    top = -(-(northing + SQUARE) // 60) * 60
    return f"EPSG:{(32600 if north else 32700) + zone}", left, top - SIDE, left + SIDE, top


def geoboxes_of(crs: str, left: float, bottom: float, right: float, top: float) -> dict[str, GeoBox]:
    """The grids of a tile's bands, and of "SCL", over a box of whole pixels of 60 m."""
    boxes = {
        side: GeoBox(
            (round((top - bottom) / side), round((right - left) / side)), Affine(side, 0, left, 0, -side, top), crs
        )
        for side in (10, 20, 60)
    }
    return {name: boxes[band.resolution] for name, band in BAND.items()} | {"SCL": boxes[20]}


def _cycle(band: str, row: int) -> int:
    """Which of the rows of one name lies in a latitude band of 8 degrees."""
    south_edge = -80 + 8 * _BANDS.index(band)
    middle = (south_edge + 4) * 110_600 + (0 if south_edge >= 0 else 10_000_000)
    return round((middle - row - SQUARE / 2) / (20 * SQUARE))
