"""The part of a tile that parcels need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

MARGIN = 300.0
"""Metres around the parcels, where a configuration of a source stands for itself and names none."""
TOLERANCE = 1e-6
"""Share of a pixel that counts as rounding."""


@dataclass(frozen=True)
class Area:
    """Where the parcels of a study lie.

    Attributes
    ----------
    shapes: the parcels, in any coordinate system; empty ones count for nothing.
    margin: metres around them that are fetched as well; sources set it to what their configuration says.
    """

    shapes: gpd.GeoSeries
    margin: float = 0.0
    # of all shapes, by coordinate system: a country's parcels are not projected anew for every scene
    _bounds: dict[str, tuple[float, float, float, float]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def empty(self) -> bool:
        """Whether there is no parcel at all."""
        return not len(self.shapes) or bool(self.shapes.is_empty.all())

    def around(self, margin: float | None) -> Area:
        """The same parcels with another margin; None for the default."""
        return replace(self, margin=MARGIN if margin is None else margin)

    def bounds(self, crs: str) -> tuple[float, float, float, float]:
        """Left, bottom, right, top in a projected coordinate system, margin included."""
        left, bottom, right, top = self._extent(crs)
        return left - self.margin, bottom - self.margin, right + self.margin, top + self.margin

    def outline(self) -> BaseGeometry:
        """The bounding box in longitude and latitude, without the margin."""
        return shapely.box(*self._extent("EPSG:4326"))

    def _extent(self, crs: str) -> tuple[float, float, float, float]:
        if crs not in self._bounds:
            left, bottom, right, top = self.shapes.to_crs(crs).total_bounds
            self._bounds[crs] = (float(left), float(bottom), float(right), float(top))
        return self._bounds[crs]

    def windows(self, geoboxes: Iterable[GeoBox]) -> dict[GeoBox, Window]:
        """For each grid of a tile the window to fetch; empty windows where no parcel lies in it.

        The window of the coarsest grid decides, so that all cover the same ground where grids nest.
        """
        ordered = sorted(set(geoboxes), key=lambda g: -abs(g.affine.determinant))
        if self.empty or not ordered:
            return {geobox: Window(0, 0, 0, 0) for geobox in ordered}
        coarsest = covering(self.bounds(str(ordered[0].crs)), ordered[0])
        if not coarsest.width or not coarsest.height:
            return {geobox: Window(0, 0, 0, 0) for geobox in ordered}
        rows = slice(coarsest.row_off, coarsest.row_off + coarsest.height)
        columns = slice(coarsest.col_off, coarsest.col_off + coarsest.width)
        box = ordered[0][rows, columns].boundingbox
        ground = (box.left, box.bottom, box.right, box.top)
        return {geobox: covering(ground, geobox) for geobox in ordered}


def covering(bounds: tuple[float, float, float, float], geobox: GeoBox) -> Window:
    """The smallest window of a north-up grid that holds what of (left, bottom, right, top) lies on it."""
    left, bottom, right, top = bounds
    affine, (height, width) = geobox.affine, geobox.shape
    columns = np.array([left - affine.c, right - affine.c]) / affine.a
    rows = np.array([top - affine.f, bottom - affine.f]) / affine.e
    first = np.floor(np.array([rows[0], columns[0]]) + TOLERANCE).astype(int)
    last = np.ceil(np.array([rows[1], columns[1]]) - TOLERANCE).astype(int)
    first = np.clip(first, 0, (height, width))
    last = np.clip(last, first, (height, width))
    (row, column), (rows_, columns_) = first.tolist(), (last - first).tolist()
    return Window(column, row, columns_, rows_) if rows_ and columns_ else Window(0, 0, 0, 0)


def holds(outer: Window, inner: Window) -> bool:
    """Whether `inner` lies in `outer`; an empty window lies everywhere."""
    if not inner.width or not inner.height:
        return True
    return bool(
        outer.row_off <= inner.row_off
        and outer.col_off <= inner.col_off
        and outer.row_off + outer.height >= inner.row_off + inner.height
        and outer.col_off + outer.width >= inner.col_off + inner.width
    )


def union(one: Window, other: Window) -> Window:
    """The smallest window that holds both."""
    if not one.width or not one.height:
        return other
    if not other.width or not other.height:
        return one
    row, column = min(one.row_off, other.row_off), min(one.col_off, other.col_off)
    bottom = max(one.row_off + one.height, other.row_off + other.height)
    right = max(one.col_off + one.width, other.col_off + other.width)
    return Window(column, row, right - column, bottom - row)
