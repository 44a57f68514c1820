"""Which tile a parcel belongs to, and the coverage of a tile's parcels on each of its grids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ..atomic import atomic
from ..errors import InputError
from ..log import logger
from ..scenes.grid import Grid
from .coverage import Coverage, covering_window

MEASURABLE = ("usable", "unlabelled")
"""Statuses of parcels that are observed."""


@dataclass(frozen=True, eq=False)
class TileCoverage:
    """Coverage of the parcels of one tile: one operator for each group of bands that share a grid.

    Attributes
    ----------
    tile
        Name of the MGRS tile.
    parcels
        (parcel,) ids, in the order of the rows of every operator.
    inside
        (parcel,) share of each parcel's interior that lies on all grids of the tile, 0 to 1.
    groups
        Bands and their operator, finest grid first.
    outside
        Columns `parcel`, `inside`, `reason`: the measurable parcels that are not in here, and why.
    """

    tile: str
    parcels: NDArray[np.str_]
    inside: NDArray[np.float64]
    groups: tuple[tuple[tuple[str, ...], Coverage], ...]
    outside: pd.DataFrame

    @classmethod
    def build(
        cls, parcels: gpd.GeoDataFrame, grid: Grid, minimum_inside: float = 1.0, owners: pd.Series | None = None
    ) -> TileCoverage:
        """Measure the coverage of the parcels that lie in a tile.

        Parameters
        ----------
        parcels
            As `read_parcels` gives them; those with status usable or unlabelled are taken, by their `interior`.
        grid
            Grids of the tile.
        minimum_inside
            Smallest share of a parcel that must lie in the tile.
        owners
            Tile of each parcel as `assign_tiles` gives it; parcels of other tiles are left out (and listed in
            `outside`). By default every parcel inside is taken.
        """
        candidates = parcels[parcels["status"].isin(MEASURABLE)]
        shapes = candidates["interior"].to_crs(_crs_of(grid))
        ids = candidates["parcel"].to_numpy(dtype=str)
        shares = share_inside(shapes, grid)
        own = shares >= minimum_inside if minimum_inside > 0 else shares > 0
        reasons = np.array([_outside_reason(share, grid.tile) for share in shares], dtype=object)
        if owners is not None:
            owner = candidates["parcel"].map(owners).fillna("").to_numpy(dtype=str)
            reasons[own & (owner != grid.tile)] = f"belongs to another tile than {grid.tile}"
            own &= owner == grid.tile
        shapes = shapes[own]
        windows = _windows(np.asarray(shapes.array, dtype=object), grid)
        groups = tuple((bands, Coverage.build(shapes, geobox, windows[geobox])) for geobox, bands in grid.groups())
        outside = pd.DataFrame({"parcel": ids[~own], "inside": shares[~own], "reason": reasons[~own]})
        logger.info("tile %s: coverage of %d parcels, %d lie outside", grid.tile, len(shapes), len(outside))
        return cls(grid.tile, ids[own], shares[own], groups, outside)

    def __len__(self) -> int:
        """Number of parcels."""
        return len(self.parcels)

    @property
    def finest(self) -> Coverage:
        """The operator on the finest grid."""
        return self.groups[0][1]

    def of(self, band: str) -> Coverage:
        """The operator of a band; KeyError if the tile has no such band."""
        for bands, coverage in self.groups:
            if band in bands:
                return coverage
        raise KeyError(band)

    def window(self, band: str) -> Window:
        """The part of a band's product grid that covers the parcels, in the band's own pixels."""
        return self.of(band).window

    def save(self, path: str | Path) -> None:
        """Write everything to one npz file, which appears whole or not at all."""
        arrays: dict[str, NDArray] = {
            "parcels": self.parcels,
            "inside": self.inside,
            "outside_parcels": self.outside["parcel"].to_numpy(dtype=str),
            "outside_inside": self.outside["inside"].to_numpy(dtype=float),
            "outside_reasons": self.outside["reason"].to_numpy(dtype=str),
            "header": np.array(json.dumps({"tile": self.tile, "bands": [list(bands) for bands, _ in self.groups]})),
        }
        for number, (_, coverage) in enumerate(self.groups):
            arrays |= {f"{number}.{name}": array for name, array in coverage.arrays().items()}
        with atomic(path) as part:
            np.savez(part, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> TileCoverage:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            groups = []
            for number, bands in enumerate(header["bands"]):
                prefix = f"{number}."
                arrays = {name.removeprefix(prefix): stored[name] for name in stored.files if name.startswith(prefix)}
                groups.append((tuple(bands), Coverage.from_arrays(arrays)))
            outside = pd.DataFrame(
                {
                    "parcel": stored["outside_parcels"],
                    "inside": stored["outside_inside"],
                    "reason": stored["outside_reasons"],
                }
            )
            return cls(header["tile"], stored["parcels"], stored["inside"], tuple(groups), outside)


def assign_tiles(parcels: gpd.GeoDataFrame, grids: Mapping[str, Grid], minimum_inside: float = 1.0) -> pd.Series:
    """The one tile that each parcel is observed in.

    It is the tile that holds most of the parcel; where several hold it fully, as in the overlap of
    neighbouring tiles, the first by name. So no parcel is seen twice on one day.

    Parameters
    ----------
    parcels
        As `read_parcels` gives them.
    grids
        Grids by tile name.
    minimum_inside
        Smallest share of the parcel that must lie in its tile.

    Returns
    -------
    Tile name by parcel id, in the order of `parcels`; only parcels that some tile owns.

    Raises
    ------
    InputError
        If no tile owns any parcel.
    """
    candidates = parcels[parcels["status"].isin(MEASURABLE)]
    shares = _shares(candidates, grids)
    best = shares.max(axis=1)
    owned = (best >= minimum_inside) & (best > 0)
    if not owned.any():
        west, south, east, north = _bounds(candidates)
        raise InputError(
            f"parcels.file: none of its {len(candidates)} measurable parcels lies in "
            f"{'tile' if len(grids) == 1 else 'one of the tiles'} {', '.join(sorted(grids))}; they span longitude "
            f"{west:.3f} to {east:.3f}, latitude {south:.3f} to {north:.3f}: mend tiles, or parcels.minimum_inside"
        )
    # idxmax takes the first of equal columns, and columns are sorted by name.
    return shares[owned].idxmax(axis=1).rename("tile")


def mark_outside(
    parcels: gpd.GeoDataFrame, grids: Mapping[str, Grid], minimum_inside: float = 1.0
) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """`parcels` with those excluded that no tile owns, and the owners of the others (see `assign_tiles`).

    To be done before labels are counted, so that a class is not kept for parcels that are never seen.
    """
    owners = assign_tiles(parcels, grids, minimum_inside)
    parcels = parcels.copy()
    lost = parcels["status"].isin(MEASURABLE) & ~parcels["parcel"].isin(owners.index)
    if lost.any():
        best = _shares(parcels[lost], grids).max(axis=1).to_numpy()
        names = ", ".join(sorted(grids))
        parcels.loc[lost, "reason"] = [_outside_reason(share, names) for share in best]
        parcels.loc[lost, "status"] = "excluded"
        logger.warning("%d parcels lie in none of the tiles %s and are excluded", int(lost.sum()), names)
    return parcels, owners


def share_inside(shapes: gpd.GeoSeries, grid: Grid) -> NDArray[np.float64]:
    """(parcel,) share of the area of each polygon that lies on every grid of a tile; 0 for an empty one."""
    boxes = [geobox.boundingbox for geobox, _ in grid.groups()]
    left, bottom = max(b.left for b in boxes), max(b.bottom for b in boxes)
    right, top = min(b.right for b in boxes), min(b.top for b in boxes)
    array = np.asarray(shapes.array, dtype=object)
    bounds = shapely.bounds(array)
    area = shapely.area(array)
    fully = (bounds[:, 0] >= left) & (bounds[:, 1] >= bottom) & (bounds[:, 2] <= right) & (bounds[:, 3] <= top)
    apart = (bounds[:, 2] <= left) | (bounds[:, 3] <= bottom) | (bounds[:, 0] >= right) | (bounds[:, 1] >= top)
    share = np.where(fully & (area > 0), 1.0, 0.0)
    cut = ~fully & ~apart & (area > 0)
    share[cut] = shapely.area(shapely.intersection(array[cut], shapely.box(left, bottom, right, top))) / area[cut]
    return share


def _shares(candidates: gpd.GeoDataFrame, grids: Mapping[str, Grid]) -> pd.DataFrame:
    """Share inside by parcel (rows) and tile (columns, sorted by name)."""
    columns = {}
    for tile in sorted(grids):
        columns[tile] = share_inside(candidates["interior"].to_crs(_crs_of(grids[tile])), grids[tile])
    return pd.DataFrame(columns, index=pd.Index(candidates["parcel"], name="parcel"))


def _outside_reason(share: float, tiles: str) -> str:
    if share == 0:
        return f"outside {tiles}"
    return f"less than the required share inside {tiles}"


def _bounds(candidates: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return candidates["interior"].to_crs(4326).total_bounds if len(candidates) else np.full(4, np.nan)


def _crs_of(grid: Grid) -> str:
    crs = grid.groups()[0][0].crs
    assert crs is not None, "the grid of a tile has a CRS"
    return crs.to_wkt()


def _windows(shapes: NDArray[np.object_], grid: Grid) -> dict[GeoBox, Window]:
    """For each grid the window that covers the shapes; the same ground for all where the grids nest.

    The coarsest grid's window is taken first and cut out of each finer grid exactly, if its edges are
    edges of that grid too (all three grids of a Sentinel-2 tile share their corner).
    """
    geoboxes = [geobox for geobox, _ in grid.groups()]
    coarsest = geoboxes[-1]
    window = covering_window(shapes, coarsest)
    ground = coarsest[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width]
    return {geobox: _cut(ground, geobox) or covering_window(shapes, geobox) for geobox in geoboxes}


def _cut(ground: GeoBox, geobox: GeoBox) -> Window | None:
    """The window of `geobox` with exactly the ground of another; None if their edges do not meet."""
    if not ground.shape.x or not ground.shape.y:
        return Window(0, 0, 0, 0)
    box, affine = ground.boundingbox, geobox.affine
    columns = (np.array([box.left, box.right]) - affine.c) / affine.a
    rows = (np.array([box.top, box.bottom]) - affine.f) / affine.e
    exact = np.concatenate([columns, rows])
    whole = np.rint(exact).astype(int)
    left, right, top, bottom = whole.tolist()
    # A thousandth of a pixel is far below the geometric accuracy and far above rounding of coordinates.
    if np.abs(exact - whole).max() > 1e-3 or left < 0 or top < 0 or right > geobox.shape.x or bottom > geobox.shape.y:
        return None
    return Window(left, top, right - left, bottom - top)


def bands_of_groups(coverage: TileCoverage, bands: Iterable[str]) -> list[tuple[tuple[str, ...], Coverage]]:
    """The groups of a coverage with only those of their bands that are in `bands`, in the groups' order."""
    wanted = set(bands)
    groups = [(tuple(b for b in members if b in wanted), operator) for members, operator in coverage.groups]
    return [(members, operator) for members, operator in groups if members]
