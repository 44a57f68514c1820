"""Where a Sentinel-2 tile lies, by its name.

Tiles follow the 100 km squares of the Military Grid Reference System (NGA.STND.0037, "Universal Grids and Grid
Reference Systems", 2014): the zone, the latitude band, the square's column and its row. ESA's tiles are 109.8 km
wide; their upper left corner is that of the square, moved outwards to the next multiple of 60 m.
"""

from __future__ import annotations

import math
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


def zone_of(longitude: float, latitude: float) -> int:
    """The UTM zone of a point, with the wider zones of southern Norway and Svalbard (NGA.STND.0037)."""
    if 56 <= latitude < 64 and 3 <= longitude < 12:
        return 32
    if 72 <= latitude < 84 and 0 <= longitude < 42:
        return 31 + 2 * int((longitude + 3) // 12)
    return int((longitude + 180) // 6) % 60 + 1


def tile_at(zone: int, south: bool, easting: float, northing: float) -> str:
    """Name of the tile whose 100 km square holds a point.

    Parameters
    ----------
    zone, south
        UTM zone, and whether it is that of the southern hemisphere.
    easting, northing
        Metres in that zone.

    Raises
    ------
    InputError
        If there is no such square.
    """
    column, row = int(easting // SQUARE), int(northing // SQUARE)
    if not 1 <= column <= 8:
        raise InputError(f"there is no tile at {easting:.0f} m east in zone {zone}")
    # a square that two latitude bands share goes by the band of its middle
    middle = (row + 0.5) * SQUARE - (10_000_000 if south else 0)
    for band in _BANDS:
        name = f"{zone:02d}{band}{_COLUMNS[zone % 3][column - 1]}{_ROWS[(row + (5 if zone % 2 == 0 else 0)) % 20]}"
        low, high = (_meridian(-80 + 8 * _BANDS.index(band) + step) for step in (0, 12 if band == "X" else 8))
        if low <= middle < high:
            return name
    raise InputError(f"there is no tile at {northing:.0f} m north in zone {zone}; Sentinel-2 sees -80 to 84 degrees")


def _meridian(latitude: float) -> float:
    """UTM metres from the equator along the middle of a zone (WGS 84, series of Helmert as in Karney 2011)."""
    phi, n = math.radians(latitude), 1 / (2 * 298.257223563 - 1)
    terms = (
        (1 + n**2 / 4 + n**4 / 64) * phi
        - (3 * n / 2 - 3 * n**3 / 16) * math.sin(2 * phi)
        + (15 * n**2 / 16 - 15 * n**4 / 64) * math.sin(4 * phi)
        - 35 * n**3 / 48 * math.sin(6 * phi)
    )
    return 0.9996 * 6_378_137.0 / (1 + n) * terms


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
