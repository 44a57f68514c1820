"""The layers of a product, and of its other level, over a window of the mask's grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.windows import Window

from ...config.file_names import candidates, filled
from ...config.steps import MaskRaster
from ...errors import InputError
from ...log import logger
from ...parcels.masks import SceneMask
from ...scenes.rasters.images import geobox_of, opened
from ...scenes.simulator.truth import classes_within
from ..resample import TOLERANCE, Scene, band_on
from .ground import TYPICAL, Spectra

ROWS = 512
"""Rows of a mask that are looked up at once: what bounds the memory."""
EARTH = 6371008.8
"""Mean radius in metres."""


@dataclass(frozen=True, eq=False)
class SceneGround:
    """`Ground` of a product.

    Attributes
    ----------
    level
        Level of the chain that is masked.
    scenes
        Level to product: the one that is masked and, where a method needs it, the acquisition's other level.
    grid
        Full grid of the mask.
    window
        The part of `grid` that is looked at.
    """

    level: str
    scenes: Mapping[str, Scene]
    grid: GeoBox
    window: Window

    @cached_property
    def geobox(self) -> GeoBox:
        """The grid of the window."""
        return _cropped(self.grid, self.window)

    @property
    def pixel(self) -> tuple[float, float]:
        """Size of a pixel in metres (y, x)."""
        return _metres(self.grid)

    def classification(self) -> NDArray[np.uint8]:
        return self.scenes["L2A"].read_classification(self.window)

    def cloud_probability(self) -> NDArray[Any]:
        return self.scenes["L2A"].read_cloud_probability(self.window)

    def true_sky(self) -> NDArray[np.uint8]:
        return classes_within(self.scenes[self.level], self.geobox)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.window.height), int(self.window.width)

    def beside(self, method: MaskRaster) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        scene = self.scenes[self.level]
        words = {"level": scene.level, "tile": scene.tile}
        found = candidates(method.folder, method.pattern, scene.time, words)
        wanted = method.folder / filled(method.pattern, scene.time, words)
        if len(found) > 1:
            raise InputError(
                f"scene {scene.id}: {found[0]} and {found[1]} both fit {method.pattern!r}; make the pattern narrower"
            )
        if found:
            return nearest(found[0], method.band, self.geobox)
        if method.missing == "fail":
            raise InputError(
                f"scene {scene.id}: there is no mask {wanted}; add it, or write missing: clear or missing: hide"
            )
        logger.warning("scene %s: there is no mask %s; the whole scene counts as %s", scene.id, wanted,
                       "clear" if method.missing == "clear" else "masked")  # fmt: skip
        return None

    def spectra(self, bands: Sequence[str], level: str, resolution: int | None = None) -> Spectra:
        scene = self.scenes[level]
        lacking = [band for band in bands if band not in scene.geoboxes]
        if lacking:
            raise InputError(f"scene {scene.id}: has no band {lacking[0]}, which the mask looks at; use another method")
        if resolution is None:
            target = self.geobox
        else:
            grid = scene.geoboxes.get(TYPICAL[resolution], self.grid)
            target = _cropped(grid, _covering(self.geobox, grid))
        values = np.stack([band_on(scene, band, target) for band in bands])
        return Spectra(values, _metres(target), None if resolution is None else target)

    def brought(self, layer: NDArray[np.bool_], spectra: Spectra) -> NDArray[np.bool_]:
        if spectra.geobox is None:
            return layer
        return SceneMask(layer, spectra.geobox.affine).on(self.geobox)

    def sun(self) -> tuple[float, float]:
        return self.scenes[self.level].sun()


def held(scene: Scene, grid: GeoBox) -> Window:
    """The part of the mask's grid of which the scene has pixels: all of it, or what the store has kept."""
    return scene.window(next(layer for layer, other in scene.geoboxes.items() if other == grid))


def mask_grid(scene: Scene) -> GeoBox:
    """The grid that a scene is masked on: of its classification, or else of 20 m, or else the finest that it has."""
    boxes = scene.geoboxes
    for layer in ("SCL", TYPICAL[20]):
        if layer in boxes:
            return boxes[layer]
    return min(boxes.values(), key=lambda box: abs(box.affine.determinant))


def nearest(path: Path, band: int, target: GeoBox) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(y, x) the values of a raster's nearest pixels on another grid, and where it has data; elsewhere they are 0.

    The pixel of the file that holds the centre of a target's pixel is the nearest one.

    Raises
    ------
    InputError
        If the file is damaged, lacks the band or has no coordinate system.
    """
    height, width = target.shape
    with opened(path) as image:
        source = geobox_of(image, path)
        if band > image.count:
            raise InputError(f"{path}: has {image.count} bands and no number {band}; correct the key band")
        move = (
            Transformer.from_crs(str(target.crs), str(source.crs), always_xy=True) if target.crs != source.crs else None
        )
        values = np.zeros((height, width), image.dtypes[band - 1])
        known = np.zeros((height, width), dtype=bool)
        for top in range(0, height, ROWS):
            part = slice(top, min(top + ROWS, height))
            rows, columns = np.indices((part.stop - part.start, width)) + 0.5
            there = _at(target.affine, columns, rows + top)
            column, row = (np.floor(n) for n in _at(~source.affine, *(move.transform(*there) if move else there)))
            inside = (row >= 0) & (column >= 0) & (row < image.height) & (column < image.width)
            if not inside.any():
                continue
            row, column = row[inside].astype(int), column[inside].astype(int)
            first, left = int(row.min()), int(column.min())
            window = Window(left, first, int(column.max()) + 1 - left, int(row.max()) + 1 - first)
            pixels = image.read(band, window=window, masked=True)
            values[part][inside] = np.ma.getdata(pixels)[row - first, column - left]
            known[part][inside] = ~np.ma.getmaskarray(pixels)[row - first, column - left]
    if values.dtype.kind == "f":
        known &= np.isfinite(values)
    return values, known


def _at(affine: Affine, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f


def _metres(grid: GeoBox) -> tuple[float, float]:
    """Size of a pixel in metres (y, x), also of a grid in degrees or feet."""
    height, width = abs(grid.affine.e), abs(grid.affine.a)
    crs = grid.crs
    if crs is None:
        return height, width
    unit = float(crs.proj.axis_info[0].unit_conversion_factor)  # metres, or radians of a geographic system
    if not crs.geographic:
        return height * unit, width * unit
    box = grid.boundingbox
    middle = (box.top + box.bottom) / 2 * unit
    return height * unit * EARTH, width * unit * EARTH * math.cos(middle)


def _cropped(grid: GeoBox, window: Window) -> GeoBox:
    return grid[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width]


def _covering(ground: GeoBox, grid: GeoBox) -> Window:
    """The smallest window of `grid` that covers `ground`, as far as the grid reaches."""
    box, affine = ground.boundingbox, grid.affine
    spans = []
    for first, last, length in (
        ((box.left - affine.c) / affine.a, (box.right - affine.c) / affine.a, grid.shape.x),
        ((box.top - affine.f) / affine.e, (box.bottom - affine.f) / affine.e, grid.shape.y),
    ):
        start, stop = int(np.floor(first + TOLERANCE)), int(np.ceil(last - TOLERANCE))
        spans.append((max(start, 0), min(stop, length)))
    (left, right), (top, bottom) = spans
    return Window(left, top, right - left, bottom - top)
