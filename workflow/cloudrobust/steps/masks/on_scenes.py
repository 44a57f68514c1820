"""The layers of a product, and of its other level, over a window of the mask's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...parcels.masks import SceneMask
from ...scenes.simulator.truth import classes_within
from ..resample import TOLERANCE, Scene, band_on
from .ground import TYPICAL, Spectra


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
        return abs(self.grid.affine.e), abs(self.grid.affine.a)

    def classification(self) -> NDArray[np.uint8]:
        return self.scenes["L2A"].read_classification(self.window)

    def cloud_probability(self) -> NDArray[Any]:
        return self.scenes["L2A"].read_cloud_probability(self.window)

    def true_sky(self) -> NDArray[np.uint8]:
        return classes_within(self.scenes[self.level], self.geobox)

    def spectra(self, bands: Sequence[str], level: str, resolution: int | None = None) -> Spectra:
        scene = self.scenes[level]
        if resolution is None:
            target = self.geobox
        else:
            grid = scene.geoboxes[TYPICAL[resolution]]
            target = _cropped(grid, _covering(self.geobox, grid))
        values = np.stack([band_on(scene, band, target) for band in bands])
        pixel = abs(target.affine.e), abs(target.affine.a)
        return Spectra(values, pixel, None if resolution is None else target)

    def brought(self, layer: NDArray[np.bool_], spectra: Spectra) -> NDArray[np.bool_]:
        if spectra.geobox is None:
            return layer
        return SceneMask(layer, spectra.geobox.affine).on(self.geobox)

    def sun(self) -> tuple[float, float]:
        return self.scenes[self.level].sun()


def held(scene: Scene, grid: GeoBox) -> Window:
    """The part of the mask's grid of which the scene has pixels: all of it, or what the store has kept."""
    return scene.window(next(layer for layer, other in scene.geoboxes.items() if other == grid))


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
