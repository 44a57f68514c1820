"""The exact share of each pixel that lies in each polygon.

The geometry is exactextract's (D. Baston, https://github.com/isciences/exactextract): its
operations `cell_id` and `coverage` need only the grid, so the raster it is given is blank
and no pixel is ever read for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource, JSONFeature
from exactextract.raster import RasterSource
from exactextract.writer import Writer
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox


def pixel_fractions(
    geometries: NDArray[np.object_], geobox: GeoBox
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Pixels that each polygon covers, and how much of them.

    Parameters
    ----------
    geometries
        Polygons or multipolygons in the geobox's CRS; None and empty ones cover nothing.
    geobox
        A north-up grid; pixels need not be square nor aligned to anything.

    Returns
    -------
    starts
        (polygon + 1): pixels of polygon i are those from starts[i] to starts[i + 1].
    pixels
        Flat row-major index of each covered pixel in the geobox.
    fractions
        Share of that pixel's area in the polygon, over 0 up to 1, in the precision in which exactextract has it.
    """
    collected = _Collected(len(geometries))
    inhabited = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if inhabited.any() and geobox.shape.x and geobox.shape.y:
        shapes = _Shapes(np.flatnonzero(inhabited), shapely.to_wkb(geometries[inhabited]))
        exact_extract(_Blank(geobox), shapes, ["cell_id", "coverage"], include_cols="number", output=collected)
    counts = [len(pixels) for pixels in collected.pixels]
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))).astype(np.int64)
    return starts, np.concatenate([_NO_PIXELS, *collected.pixels]), np.concatenate([_NO_SHARES, *collected.fractions])


_NO_PIXELS = np.empty(0, np.int64)
_NO_SHARES = np.empty(0, np.float32)


class _Blank(RasterSource):
    """A grid without values: only the box of one polygon is ever allocated, one byte a pixel."""

    def __init__(self, geobox: GeoBox) -> None:
        super().__init__()
        self.shape, self.affine = geobox.shape, geobox.affine

    def res(self) -> tuple[float, float]:
        return self.affine.a, -self.affine.e

    def extent(self) -> tuple[float, float, float, float]:
        left, top = self.affine.c, self.affine.f
        return left, top + self.shape.y * self.affine.e, left + self.shape.x * self.affine.a, top

    def nodata_value(self) -> None:
        return None

    def srs_wkt(self) -> None:
        return None

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[np.uint8]:  # noqa: ARG002
        return np.zeros((ny, nx), np.uint8)


class _Shape(Feature):
    def __init__(self, number: int, wkb: bytes) -> None:
        super().__init__()
        self.number, self.wkb = number, wkb

    def get(self, name: str) -> int:  # noqa: ARG002 (the only field)
        return self.number

    def fields(self) -> list[str]:
        return ["number"]

    def geometry(self) -> bytes:
        return self.wkb


class _Shapes(FeatureSource):
    def __init__(self, numbers: NDArray[np.int64], wkb: NDArray[np.object_]) -> None:
        super().__init__()
        self.numbers, self.wkb = numbers, wkb

    def count(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[_Shape]:
        for number, wkb in zip(self.numbers.tolist(), self.wkb, strict=True):
            yield _Shape(number, wkb)

    def srs_wkt(self) -> None:
        return None


class _Collected(Writer):
    """Takes the results as they come; half the memory of exactextract's own tables."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pixels = [_NO_PIXELS] * count
        self.fractions = [_NO_SHARES] * count

    def add_operation(self, operation: object) -> None:
        """Both operations are known."""

    def add_column(self, name: str) -> None:
        """The one column, the polygon's number, is known."""

    def write(self, feature: Feature) -> None:
        result = JSONFeature()
        feature.copy_to(result)
        number, values = int(result.feature["properties"]["number"]), result.feature["properties"]
        self.pixels[number] = values["cell_id"].astype(np.int64, copy=False)
        self.fractions[number] = values["coverage"].astype(np.float32)

    def features(self) -> None:
        return None
