"""The coverage operator: from pixels to parcels as one sparse matrix.

With W the shares of pixels (columns) in parcels (rows), the mean of every parcel over a
band x is W x / W 1, and over its valid pixels v alone W (x v) / W v. W depends on the
grid and the parcels only, so it is built once and serves every scene.

W is kept as runs of pixels. Digital numbers of many parcels are summed in machine code (`kernel`), everything else by
numpy; both are tested against the product with the sparse matrix itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ..atomic import atomic
from ..errors import InputError
from .runs import Runs, summed

if TYPE_CHECKING:
    from scipy import sparse

WORTHWHILE = 50_000_000
"""Sums of one pixel into one parcel from which on the compiled kernel saves more than loading it takes."""

Rows: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
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
    runs
        The covered pixels of each parcel and their shares.
    window
        The window in pixels of the grid that the coverage was built for.
    geobox
        The grid of the window itself.
    grid_shape
        Rows and columns of the grid that the coverage was built for.
    """

    runs: Runs
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
        # Imported where it is needed: to build is one job's work, to use is that of many.
        from .fractions import pixel_fractions

        shapes = _checked(geometries, geobox)
        window = covering_window(shapes, geobox) if window is None else window
        inner = geobox[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width]
        runs = Runs.of(*pixel_fractions(shapes, inner), inner.shape.x)
        return cls(runs, window, inner, (geobox.shape.y, geobox.shape.x))

    def __len__(self) -> int:
        """Number of parcels."""
        return len(self.runs)

    @cached_property
    def pixels(self) -> NDArray[np.int64]:
        """(covered pixel,) flat row-major index, in the window, of each pixel that some parcel covers; ascending."""
        covered = np.zeros(self.geobox.shape.y * self.geobox.shape.x, bool)
        covered[self.runs.pixels] = True
        return np.flatnonzero(covered)

    @cached_property
    def weights(self) -> sparse.csr_array:
        """(parcel, covered pixel) float64 sparse matrix of shares over 0 up to 1."""
        # Imported where it is needed: the statistics of scenes do without.
        from scipy import sparse

        columns = np.searchsorted(self.pixels, self.runs.pixels)
        # 32-bit indices halve the memory traffic of every product; 64-bit ones only where they are needed.
        index = np.int32 if max(len(columns), len(self.pixels)) < np.iinfo(np.int32).max else np.int64
        data = (self.runs.shares.astype(np.float64), columns.astype(index), self.runs.bounds.astype(index))
        return sparse.csr_array(data, shape=(len(self), len(self.pixels)))[np.argsort(self.runs.parcels)]

    @cached_property
    def whole(self) -> NDArray[np.float64]:
        """(parcel,) Sum of all shares: the parcel's area within the grid, in pixels."""
        return self._given(summed(self.runs.shares.astype(np.float64), self.runs.bounds))

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
        if (images := self._images(bands, mask)) is not None and pays(len(self.runs.shares) * len(images)):
            return self._by_kernel(images, mask, only_mean=True).mean
        return self._table(self._by_numpy(bands, mask, deviations=False)[0])

    def statistics(
        self,
        bands: ArrayLike | Iterable[ArrayLike],
        mask: ArrayLike | None = None,
        *,
        valid: tuple[int, int] | None = None,
        offsets: Sequence[float] | None = None,
        threads: int = 1,
        compiled: bool | None = None,
    ) -> Statistics:
        """Mean, standard deviation, pixel count and clear share.

        Parameters
        ----------
        bands, mask
            As for `mean`.
        valid
            Smallest and largest number that is a measurement; others are nodata, like NaN.
        offsets
            For each band what is added to its mean.
        threads
            Threads that share the work of the compiled kernel.
        compiled
            Whether plain uint16 bands under one mask for all go through the compiled kernel; by default if there is
            enough work to make up for loading it. All else goes through numpy. Both agree to single precision.
        """
        images = self._images(bands, mask)
        if compiled is None:
            compiled = images is not None and pays(len(self.runs.shares) * len(images))
        if compiled and images is not None:
            return self._by_kernel(images, mask, valid, offsets, threads)
        mean, deviation, count = self._by_numpy(bands, mask, valid)
        if offsets is not None:
            mean += np.asarray(offsets)[:, None]
        whole = self.whole[self.runs.parcels]
        clear = np.divide(count, whole, out=np.zeros(count.shape), where=whole > 0)
        return Statistics(self._table(mean), self._table(deviation), self._table(count), self._table(clear))

    def count(self, valid: ArrayLike) -> NDArray[np.float64]:
        """(parcel,) Sum of the shares of the pixels that are true in `valid`, (y, x) of the window or the grid."""
        flags = np.asarray(valid, bool)
        _, _, count = self._by_numpy([flags], ~flags, deviations=False)
        return self._given(count[0])

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
        """This coverage as plain arrays, for `from_arrays`."""
        window, runs = self.window, self.runs
        return {
            "parcels": runs.parcels,
            "starts": runs.starts,
            "first": runs.first,
            "offsets": runs.offsets,
            "shares": runs.shares,
            "window": np.array([window.col_off, window.row_off, window.width, window.height], np.int64),
            "grid_shape": np.array(self.grid_shape, np.int64),
            "affine": np.array(self.geobox.affine[:6], np.float64),
            "crs": np.array(self.geobox.crs.to_wkt() if self.geobox.crs else ""),
        }

    @classmethod
    def from_arrays(cls, stored: Mapping[str, NDArray[Any]]) -> Coverage:
        """The coverage whose `arrays` these are, or those of the sparse matrix that files once held.

        Raises
        ------
        InputError
            If they are no coverage's.
        """
        for name in ("columns", "pixels", "fractions") if "columns" in stored else ("parcels", "first", "shares"):
            if name not in stored:
                raise InputError(f"a file of parcels' coverage lacks {name}; delete results/coverage and run again")
        window = Window(*stored["window"].tolist())
        geobox = GeoBox((window.height, window.width), Affine(*stored["affine"]), str(stored["crs"]) or None)
        if "columns" in stored:
            pixels = stored["pixels"][stored["columns"]]
            runs = Runs.of(stored["starts"], pixels, stored["fractions"], window.width)
        else:
            runs = Runs(*(stored[name] for name in ("parcels", "starts", "first", "offsets", "shares")))
        return cls(runs, window, geobox, tuple(stored["grid_shape"].tolist()))

    # -- in machine code ----------------------------------------------------------------------

    def _images(
        self, bands: ArrayLike | Iterable[ArrayLike], mask: ArrayLike | None
    ) -> list[NDArray[np.uint16]] | None:
        """The windows of the bands, if they are of the kind that the kernel takes."""
        if not isinstance(bands, list | tuple | np.ndarray) or (mask is not None and np.ndim(mask) != 2):
            return None
        # A masked array is of a type of its own.
        kinds = (type(band) is np.ndarray and band.dtype == np.uint16 and band.ndim == 2 for band in bands)
        return [np.ascontiguousarray(self._inner(np.asarray(band))) for band in bands] if all(kinds) else None

    def _by_kernel(
        self,
        images: list[NDArray[np.uint16]],
        mask: ArrayLike | None,
        valid: tuple[int, int] | None = None,
        offsets: Sequence[float] | None = None,
        threads: int = 1,
        only_mean: bool = False,
    ) -> Statistics:
        # Imported where it is needed: numba and the machine code take a third of a second.
        from . import kernel

        masked = None if mask is None else np.ascontiguousarray(self._inner(np.asarray(mask, bool)))
        shifts = [0.0] * len(images) if offsets is None else offsets
        valid = valid or (0, 65535)
        return Statistics(*kernel.statistics(self.runs, images, masked, valid, shifts, self.whole, threads, only_mean))

    # -- by numpy -----------------------------------------------------------------------------

    def _by_numpy(
        self,
        bands: ArrayLike | Iterable[ArrayLike],
        mask: ArrayLike | None,
        valid: tuple[int, int] | None = None,
        deviations: bool = True,
    ) -> Rows:
        """Mean, deviation (if wanted) and W v of each band, (band, parcel) in the order of the runs.

        Block by block of parcels, so that what is worked out on the way stays in the processor's cache.
        """
        masks = None if mask is None else np.asarray(mask, bool)
        pixels, runs = self.runs.pixels, self.runs
        rows: list[list[NDArray[np.float64]]] = [[], [], []]
        for number, band in enumerate(bands):  # type: ignore[arg-type]
            image, own = np.ma.getdata(band), np.ma.getmask(band)
            if image.ndim != 2:
                raise ValueError(f"bands must be (band, y, x); a band with {image.ndim} dimensions was given")
            flat = self._flat(image)
            hidden = [self._flat(own)] if isinstance(own, np.ndarray) else []
            if masks is not None:
                hidden.append(self._flat(masks if masks.ndim == 2 else masks[number]))
            mean, deviation, count = (np.full(len(self), np.nan) for _ in range(3))
            for first, last in runs.blocks():
                bounds = runs.bounds[first : last + 1]
                at = pixels[bounds[0] : bounds[-1]]
                values = flat.take(at)
                kept = [~layer.take(at) for layer in hidden]
                if valid is not None:
                    kept += [values >= valid[0], values <= valid[1]]
                if image.dtype.kind == "f":
                    kept.append(np.isfinite(values))
                    values = np.where(kept[-1], values, 0)  # NaN times 0 is NaN
                values = values.astype(np.float64)
                weights = runs.shares[bounds[0] : bounds[-1]].astype(np.float64)
                if kept:
                    weights *= np.logical_and.reduce(kept)
                block = slice(first, last)
                count[block] = summed(weights, bounds)
                mean[block] = _ratio(summed(weights * values, bounds), count[block])
                if deviations:
                    # From each parcel's own mean: squares of other differences lose digits where a parcel is even.
                    values -= np.repeat(np.nan_to_num(mean[block]), np.diff(bounds))
                    values *= values
                    deviation[block] = np.sqrt(_ratio(summed(weights * values, bounds), count[block]))
            for row, values in zip(rows, (mean, deviation, count), strict=True):
                row.append(values)
        return tuple(np.array(row).reshape(-1, len(self)) for row in rows)  # type: ignore[return-value]

    def _flat(self, image: NDArray[Any]) -> NDArray[Any]:
        """An image (y, x) of the window or the whole grid as (pixel of the window,)."""
        return self._inner(image).reshape(-1)

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

    def _given(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(parcel,) numbers in the order of the runs, put back into the order in which the parcels were given."""
        given = np.empty(len(self))
        given[self.runs.parcels] = values
        return given

    def _table(self, rows: NDArray[np.float64]) -> NDArray[np.float32]:
        """(band, parcel) numbers in the order of the runs as (parcel, band)."""
        table = np.empty((len(self), len(rows)), np.float32)
        table[self.runs.parcels] = rows.T.astype(np.float32, order="C")
        return table


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


def pays(work: int) -> bool:
    """Whether so many sums of a pixel into a parcel make up for loading the kernel, which takes a third of a second."""
    return work >= WORTHWHILE


def _ratio(total: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
