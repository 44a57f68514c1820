"""Which Sentinel-2 tiles hold a set of parcels: the fewest, by the arithmetic of the Military Grid Reference System."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..scenes.mgrs import SQUARE, tile_at, tile_box, zone_of

Flags = NDArray[np.bool_]
EXACT = 3
"""Up to so many tiles all combinations are tried; beyond, the tile with the most parcels is taken again and again."""


def needed_tiles(parcels: gpd.GeoSeries) -> list[str]:
    """The fewest tiles that hold every parcel as a whole, sorted by name.

    Neighbouring tiles overlap by 9.8 km, so a parcel can lie in up to four of a zone, and near the border of a zone in
    those of the next one, too. Among equally few, the tiles are taken in whose own squares most parcels lie.

    Parameters
    ----------
    parcels
        Geometries with a reference system; missing and empty ones do not count.

    Raises
    ------
    InputError
        If there is no parcel, no reference system, or a parcel that no single tile holds.
    """
    held, own = candidates(parcels)
    names = sorted(held, key=lambda name: (-own[name], name))
    everywhere = np.any([held[name] for name in names], axis=0)
    if not everywhere.all():
        number = int(np.flatnonzero(~everywhere)[0])
        raise InputError(
            f"parcels: {int((~everywhere).sum())} lie in no single tile, the first is that in row {number}; cut them, "
            "or name the tiles yourself (--tiles)"
        )
    for size in range(1, EXACT + 1):
        fitting = [
            group
            for group in itertools.combinations(names, size)
            if np.logical_or.reduce([held[name] for name in group]).all()
        ]
        if fitting:
            return sorted(max(fitting, key=lambda group: sum(own[name] for name in group)))
    return sorted(_greedy(held, own))


def _greedy(held: Mapping[str, Flags], own: Mapping[str, int]) -> list[str]:
    left = np.ones(len(next(iter(held.values()))), bool)
    taken: list[str] = []
    while left.any():
        best = max(held, key=lambda name: (int((held[name] & left).sum()), own[name], name))
        taken.append(best)
        left &= ~held[best]
    return taken


def candidates(parcels: gpd.GeoSeries) -> tuple[dict[str, Flags], dict[str, int]]:
    """Tiles near the parcels: which parcels each holds as a whole, and how many lie in its own square."""
    placed = parcels[parcels.notna() & ~parcels.is_empty]
    if placed.crs is None:
        raise InputError("parcels: the file names no reference system; add one, for example with QGIS")
    if placed.empty:
        raise InputError("parcels: none has an outline")
    middle = placed.to_crs(4326).representative_point()
    zones = np.array([zone_of(x, y) for x, y in zip(middle.x, middle.y, strict=True)])
    south = bool(np.median(middle.y) < 0)
    held: dict[str, Flags] = {}
    own: dict[str, int] = {}
    for zone in sorted(set(zones.tolist())):
        moved = placed.to_crs((32700 if south else 32600) + zone)
        bounds = moved.bounds.to_numpy()
        mine = zones == zone
        points = shapely.get_coordinates(moved.representative_point().to_numpy())
        squares = {(int(x // SQUARE), int(y // SQUARE)) for x, y in points[mine]}
        # the tiles to the west and north reach 9.8 km into a square
        around = {(x + dx, y + dy) for x, y in squares for dx, dy in ((0, 0), (-1, 0), (0, 1), (-1, 1))}
        for column, row in sorted(around):
            name = _existing(zone, south, column, row)
            if name is None:
                continue
            _, left, bottom, right, top = tile_box(name)
            held[name] = _inside(bounds, (left, bottom, right, top))
            inside = (points[:, 0] // SQUARE == column) & (points[:, 1] // SQUARE == row)
            own[name] = int((inside & mine).sum())
    return {name: flags for name, flags in held.items() if flags.any()}, own


def _inside(bounds: NDArray[np.float64], box: Sequence[float]) -> Flags:
    left, bottom, right, top = box
    return np.asarray(
        (bounds[:, 0] >= left) & (bounds[:, 1] >= bottom) & (bounds[:, 2] <= right) & (bounds[:, 3] <= top)
    )


def _existing(zone: int, south: bool, column: int, row: int) -> str | None:
    """Name of a square's tile; None for a square that does not touch its zone, which has none."""
    x, y = np.meshgrid(np.linspace(column, column + 1, 5), np.linspace(row, row + 1, 5))
    points = gpd.GeoSeries(
        gpd.points_from_xy(SQUARE * x.ravel(), SQUARE * y.ravel()), crs=(32700 if south else 32600) + zone
    )
    degrees = points.to_crs(4326)
    if not any(zone_of(a, b) == zone for a, b in zip(degrees.x, degrees.y, strict=True)):
        return None
    try:
        return tile_at(zone, south, (column + 0.5) * SQUARE, (row + 0.5) * SQUARE)
    except InputError:
        return None
