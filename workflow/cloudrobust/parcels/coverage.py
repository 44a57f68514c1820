"""The coverage operator: from pixels to parcels as one sparse matrix.

With W the shares of pixels (columns) in parcels (rows), the mean of every parcel over a
band x is W x / W 1, and over its valid pixels v alone W (x v) / W v. W depends on the
grid and the parcels only, so it is built once and serves every scene.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from scipy import sparse

from ..atomic import atomic
from .fractions import pixel_fractions

Geometries: TypeAlias = gpd.GeoSeries | gpd.GeoDataFrame | Sequence[shapely.Geometry | None]


@dataclass(frozen=True)
class Statistics:
    """What is known of each parcel in each band; every array is (parcel, band) float32.

    Attributes
    ----------
    mean
        Mean of the valid pixels, weighted by their shares; NaN where there is none.
    deviation
        Population standard deviation with the same weights.
    count
        Sum of the shares of the valid pixels: how many pixels the mean rests on.
    clear
        `count` over the parcel's whole coverage, 0 to 1; 0 for a parcel that covers no pixel.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    count: NDArray[np.float32]
    clear: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Coverage:
    """Shares of the pixels of a window of a grid in a set of parcels.

    Attributes
    ----------
    weights
        (parcel, covered pixel) float64 sparse matrix of shares over 0 up to 1.
    pixels
        Flat row-major index, in the window, of each column of `weights`.
    window
        The window in pixels of the grid that the coverage was built for.
    geobox
        The grid of the window itself.
    grid_shape
        Rows and columns of the grid that the coverage was built for.
    """

    weights: sparse.csr_array
    pixels: NDArray[np.int64]
    window: Window
    geobox: GeoBox
    grid_shape: tuple[int, int]

    @classmethod
    def build(cls, geometries: Geometries, geobox: GeoBox, window: Window | None = None) -> Coverage:
        """Measure the exact shares of pixels in polygons.

        Parameters
        ----------
        geometries
            Polygons, multipolygons, empty or None (which cover nothing), one a parcel.
        geobox
            North-up grid, for example of a full tile; nothing of its full size is built.
        window
            Part of the grid to work on; by default the smallest that covers the geometries.

        Raises
        ------
        ValueError
            Geometries that are no polygons or in another CRS than the grid, or a rotated grid.
        """
        shapes = _checked(geometries, geobox)
        window = covering_window(shapes, geobox) if window is None else window
        inner = geobox[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width]
        starts, cells, fractions = pixel_fractions(shapes, inner)
        covered = np.zeros(inner.shape.y * inner.shape.x, bool)
        covered[cells] = True
        pixels = np.flatnonzero(covered)
        columns = np.searchsorted(pixels, cells)
        return cls(
            _matrix(fractions, columns, starts, len(pixels)), pixels, window, inner, (geobox.shape.y, geobox.shape.x)
        )

    def __len__(self) -> int:
        """Number of parcels."""
        return self.weights.shape[0]

    @cached_property
    def whole(self) -> NDArray[np.float64]:
        """(parcel,) Sum of all shares: the parcel's area within the grid, in pixels."""
        return self.weights @ np.ones(len(self.pixels))

    def mean(self, bands: ArrayLike | Iterable[ArrayLike], mask: ArrayLike | None = None) -> NDArray[np.float32]:
        """Mean of each parcel in each band.

        Parameters
        ----------
        bands
            (band, y, x) numbers of the window, or of the whole grid. NaN and the masked cells of a
            masked array are nodata.
        mask
            (y, x) or (band, y, x) bool; true where a pixel must not count.

        Returns
        -------
        (parcel, band) float32; NaN where a parcel has no valid pixel.
        """
        means = [_ratio(self.weights @ values, count) for values, _, count in self._taken(bands, mask)]
        return self._table(means)

    def statistics(self, bands: ArrayLike | Iterable[ArrayLike], mask: ArrayLike | None = None) -> Statistics:
        """Mean, standard deviation, pixel count and clear share; parameters as for `mean`."""
        columns: list[tuple[NDArray[np.float64], ...]] = []
        for values, bad, count in self._taken(bands, mask):
            # Centred first, so that the squares stay small and the difference below loses no digits.
            centre = float(values.mean()) if len(values) else 0.0
            values -= centre
            if bad is not None:
                values[bad] = 0.0
            mean = _ratio(self.weights @ values, count)
            np.square(values, out=values)
            variance = np.maximum(_ratio(self.weights @ values, count) - mean**2, 0.0)
            columns.append((mean + centre, np.sqrt(variance), count, self.share(count)))
        return Statistics(*(self._table([column[n] for column in columns]) for n in range(4)))

    def count(self, valid: ArrayLike) -> NDArray[np.float64]:
        """(parcel,) Sum of the shares of the pixels that are true in `valid`, (y, x) of the window or the grid."""
        return self.weights @ self._covered(np.asarray(valid, bool)).astype(np.float64)

    def share(self, count: NDArray[np.float64]) -> NDArray[np.float64]:
        """(parcel,) `count` over the whole coverage, 0 to 1; 0 for a parcel that covers no pixel."""
        return np.divide(count, self.whole, out=np.zeros(len(self)), where=self.whole > 0)

    def save(self, path: str | Path) -> None:
        """Write to an npz file, which appears whole or not at all."""
        with atomic(path) as part:
            np.savez(part, **self.arrays())  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> Coverage:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls.from_arrays(stored)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """This coverage as plain arrays, for `from_arrays`; shares in single precision, in which they were measured."""
        window = self.window
        return {
            "fractions": self.weights.data.astype(np.float32),
            "columns": self.weights.indices.astype(np.int32),
            "starts": self.weights.indptr.astype(np.int64),
            "pixels": self.pixels,
            "window": np.array([window.col_off, window.row_off, window.width, window.height], np.int64),
            "grid_shape": np.array(self.grid_shape, np.int64),
            "affine": np.array(self.geobox.affine[:6], np.float64),
            "crs": np.array(self.geobox.crs.to_wkt() if self.geobox.crs else ""),
        }

    @classmethod
    def from_arrays(cls, stored: Mapping[str, NDArray[Any]]) -> Coverage:
        """The coverage whose `arrays` these are."""
        window = Window(*stored["window"].tolist())
        geobox = GeoBox((window.height, window.width), Affine(*stored["affine"]), str(stored["crs"]) or None)
        pixels = stored["pixels"]
        weights = _matrix(stored["fractions"], stored["columns"], stored["starts"], len(pixels))
        return cls(weights, pixels, window, geobox, tuple(stored["grid_shape"].tolist()))

    # -- pixels and sums ----------------------------------------------------------------------

    def _taken(
        self, bands: ArrayLike | Iterable[ArrayLike], mask: ArrayLike | None
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_] | None, NDArray[np.float64]]]:
        """Of each band its covered pixels (float64, 0 where not valid), which are not valid, and W v.

        Where every pixel is valid, the second is None. W v is computed anew only where validity differs
        from that of the band before, which in one scene it seldom does.
        """
        masks = None if mask is None else np.asarray(mask, bool)
        shared = self._covered(masks) if masks is not None and masks.ndim == 2 else None
        former: NDArray[np.bool_] | None = None
        count = self.whole
        for number, band in enumerate(bands):  # type: ignore[arg-type]
            image = np.ma.getdata(band)
            if image.ndim != 2:
                raise ValueError(f"bands must be (band, y, x); a band with {image.ndim} dimensions was given")
            values = self._covered(image).astype(np.float64)
            reasons = [] if shared is None else [shared]
            if masks is not None and shared is None:
                reasons.append(self._covered(masks[number]))
            own = np.ma.getmask(band)
            if isinstance(own, np.ndarray):
                reasons.append(self._covered(own))
            if image.dtype.kind == "f":
                reasons.append(~np.isfinite(values))
            bad = np.logical_or.reduce(reasons) if reasons else None
            if bad is None or not bad.any():
                yield values, None, self.whole
                continue
            values[bad] = 0.0
            if former is None or not np.array_equal(bad, former):
                former, count = bad, self.weights @ (~bad).astype(np.float64)
            yield values, bad, count

    def _covered(self, image: NDArray[Any]) -> NDArray[Any]:
        """(covered pixel,) of an image (y, x) of the window or the whole grid."""
        return self._inner(image).reshape(-1).take(self.pixels)

    def _inner(self, image: NDArray[Any]) -> NDArray[Any]:
        """The window's part of an image that is the window's or the whole grid's."""
        if image.shape == tuple(self.geobox.shape):
            return image
        if image.shape == self.grid_shape:
            row, column = self.window.row_off, self.window.col_off
            return image[row : row + self.window.height, column : column + self.window.width]
        raise ValueError(
            f"an image of {image.shape} pixels fits neither the window {tuple(self.geobox.shape)} "
            f"nor the grid {self.grid_shape} of this coverage"
        )

    def _table(self, columns: list[NDArray[np.float64]]) -> NDArray[np.float32]:
        return np.stack(columns, axis=1).astype(np.float32) if columns else np.empty((len(self), 0), np.float32)


def covering_window(shapes: NDArray[np.object_], geobox: GeoBox) -> Window:
    """The smallest window of `geobox` with every part of `shapes` that lies in it; of size 0 if none does."""
    if not len(shapes):
        return Window(0, 0, 0, 0)
    bounds = shapely.total_bounds(shapes)
    if np.isnan(bounds).any():
        return Window(0, 0, 0, 0)
    affine, (rows, columns) = geobox.affine, geobox.shape
    left, right = np.clip((bounds[[0, 2]] - affine.c) / affine.a, 0, columns)
    top, bottom = np.clip((bounds[[3, 1]] - affine.f) / affine.e, 0, rows)
    if right <= left or bottom <= top:
        return Window(0, 0, 0, 0)
    left, top = int(np.floor(left)), int(np.floor(top))
    return Window(left, top, int(np.ceil(right)) - left, int(np.ceil(bottom)) - top)


def _checked(geometries: Geometries, geobox: GeoBox) -> NDArray[np.object_]:
    if geobox.affine.b or geobox.affine.d or geobox.affine.a <= 0 or geobox.affine.e >= 0:
        raise ValueError("the grid of a coverage must be north-up: no rotation, x growing right, y growing up")
    if isinstance(geometries, gpd.GeoDataFrame):
        geometries = geometries.geometry
    if isinstance(geometries, gpd.GeoSeries):
        if geometries.crs is not None and geobox.crs is not None and geometries.crs != geobox.crs.proj:
            raise ValueError(
                f"the geometries are in {geometries.crs.name}, the grid in {geobox.crs.proj.name}; reproject them first"
            )
        shapes = np.asarray(geometries.array, dtype=object)
    else:
        shapes = np.empty(len(geometries), dtype=object)
        shapes[:] = list(geometries)
    kinds = shapely.get_type_id(shapes)
    # -1 is a missing geometry, 3 a polygon, 6 a multipolygon.
    wrong = ~np.isin(kinds, (-1, 3, 6)) & ~shapely.is_empty(shapes)
    if wrong.any():
        raise ValueError(f"geometry {np.flatnonzero(wrong)[0]} is a {shapes[wrong][0].geom_type}, not a polygon")
    return shapes


def _matrix(fractions: NDArray[Any], columns: NDArray[Any], starts: NDArray[Any], pixels: int) -> sparse.csr_array:
    # 32-bit indices halve the memory traffic of every product; 64-bit ones only where they are needed.
    index = np.int32 if max(len(fractions), pixels) < np.iinfo(np.int32).max else np.int64
    data = (fractions.astype(np.float64), columns.astype(index, copy=False), starts.astype(index))
    return sparse.csr_array(data, shape=(len(starts) - 1, pixels))


def _ratio(total: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
