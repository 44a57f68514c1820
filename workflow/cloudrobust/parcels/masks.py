"""A mask raster on whatever grid, brought to the grid of a band.

A pixel no larger than the mask's takes the mask at its centre; a larger one is masked if any
masked pixel lies in it, because one cloudy pixel is part of its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from ..errors import InputError

TOLERANCE = 1e-3
"""Share of a pixel by which grids may miss each other and still count as nested."""


@dataclass(frozen=True, eq=False)
class SceneMask:
    """The part of a scene's mask that covers some ground.

    Attributes
    ----------
    masked
        (y, x) bool, true where a pixel must not count.
    affine
        From pixels of `masked` to coordinates; north-up.
    """

    masked: NDArray[np.bool_]
    affine: Affine

    @classmethod
    def read(cls, path: str | Path, ground: GeoBox) -> SceneMask:
        """Read what covers `ground` of a raster whose values other than 0 are masked.

        Ground that the raster does not reach counts as masked: nothing is known of it.

        Raises
        ------
        InputError
            If the file is missing, unreadable or in another CRS.
        """
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such mask; run the mask step again")
        try:
            with rasterio.open(path) as raster:
                if (
                    ground.crs is not None
                    and raster.crs is not None
                    and raster.crs != rasterio.CRS.from_user_input(ground.crs.to_wkt())
                ):
                    raise InputError(f"{path}: the mask is in {raster.crs}, the scene in {ground.crs}; make it anew")
                affine = raster.transform
                box = ground.boundingbox
                rows = _span(box.top, box.bottom, affine.f, affine.e)
                columns = _span(box.left, box.right, affine.c, affine.a)
                masked = np.ones((rows[1] - rows[0], columns[1] - columns[0]), bool)
                top, bottom = max(rows[0], 0), min(rows[1], raster.height)
                left, right = max(columns[0], 0), min(columns[1], raster.width)
                if bottom > top and right > left:
                    values = raster.read(1, window=Window(left, top, right - left, bottom - top))
                    inner = np.s_[top - rows[0] : bottom - rows[0], left - columns[0] : right - columns[0]]
                    masked[inner] = values != 0
        except RasterioIOError as error:
            raise InputError(f"{path}: cannot be read as a raster ({error}); delete it and run again") from error
        left_edge, top_edge = affine.c + columns[0] * affine.a, affine.f + rows[0] * affine.e
        return cls(masked, Affine(affine.a, 0, left_edge, 0, affine.e, top_edge))

    def on(self, geobox: GeoBox) -> NDArray[np.bool_]:
        """(y, x) bool on a north-up grid that lies within the ground that was read."""
        target = geobox.affine
        rows = _sources(geobox.shape.y, target.f, target.e, self.affine.f, self.affine.e, self.masked.shape[0])
        columns = _sources(geobox.shape.x, target.c, target.a, self.affine.c, self.affine.a, self.masked.shape[1])
        # Whole rows are copied, and looked at, fastest: last where they become more, first where they become fewer.
        if geobox.shape.y > self.masked.shape[0]:
            return _reduced(_reduced(self.masked, *columns, axis=1), *rows, axis=0)
        return _reduced(_reduced(self.masked, *rows, axis=0), *columns, axis=1)


def _span(start: float, stop: float, origin: float, step: float) -> tuple[int, int]:
    """First and one past the last pixel between two coordinates along one axis."""
    first, last = (start - origin) / step, (stop - origin) / step
    return int(np.floor(first + TOLERANCE)), int(np.ceil(last - TOLERANCE))


def _sources(
    count: int, start: float, step: float, mask_start: float, mask_step: float, mask_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Along one axis, the first and one past the last mask pixel that decide for each target pixel."""
    ratio = step / mask_step
    edges = (start + np.arange(count + 1) * step - mask_start) / mask_step
    if ratio > 1 + TOLERANCE:
        first = np.floor(edges[:-1] + TOLERANCE).astype(np.int64)
        last = np.ceil(edges[1:] - TOLERANCE).astype(np.int64)
    else:
        first = np.floor((edges[:-1] + edges[1:]) / 2).astype(np.int64)
        last = first + 1
    first = np.clip(first, 0, mask_count - 1)
    return first, np.clip(last, first + 1, mask_count)


def _reduced(
    masked: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64], axis: int
) -> NDArray[np.bool_]:
    """For each target along an axis whether any of the pixels from first to last is masked."""
    if np.array_equal(last - first, np.ones(len(first))):
        return masked.take(first, axis=axis)
    parts = masked.swapaxes(0, axis)
    found = np.stack([parts[a:b].any(axis=0) for a, b in zip(first.tolist(), last.tolist(), strict=True)])
    return np.ascontiguousarray(found.swapaxes(0, axis))
