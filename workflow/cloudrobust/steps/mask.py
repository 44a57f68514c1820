"""Cloud mask by ESA's scene classification (SCL): one small raster per scene, pixels are never copied."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import rasterio
import xarray as xr
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from scipy import ndimage

from ..atomic import atomic
from ..config.steps import Mask
from ..errors import InputError
from ..log import Progress
from ..scenes import open_scene


class HasWindow(Protocol):
    """What a mask needs of the coverage operator: the window over the parcels, in a band's own pixels."""

    def window(self, band: str) -> Window: ...


def is_masked(classification: np.ndarray, step: Mask, pixel: tuple[float, float]) -> np.ndarray:
    """Whether each pixel counts as not observed; bool, of the shape (y, x) of `classification`.

    `pixel` is the size of a pixel in metres (y, x). The masked area grows by `step.dilate` metres on every
    side: a pixel is masked if the centre of a masked one lies within that distance.
    """
    masked = np.isin(classification, step.classes)
    if step.dilate == 0 or not masked.any() or masked.all():
        return masked
    return ndimage.distance_transform_edt(~masked, sampling=pixel) <= step.dilate


def mask_scenes(
    scenes: gpd.GeoDataFrame,
    step: Mask,
    coverage: HasWindow,
    store: Path,
    folder: Path,
    former: Path | None = None,
) -> gpd.GeoDataFrame:
    """Write a mask for every scene of a month's index into `folder` (uint8 GeoTIFF, 1 = masked) and name it.

    Returns the index with the column `mask`, the name of the file in `folder`. Pixels that a former mask of
    the chain has masked stay masked: its files lie in the folder `former`. The raster covers the window over
    the parcels; beyond its edge clouds are seen as far as the dilation reaches.
    """
    scenes = scenes.copy()
    names = []
    progress = Progress("masks", len(scenes))
    with atomic(folder) as part:
        part.mkdir()
        for row in scenes.itertuples(index=False):
            scene = open_scene(row, store)
            geobox = scene.geoboxes["SCL"]
            window = coverage.window(_band_on(geobox, scene.geoboxes))
            pixel = (abs(geobox.affine.e), abs(geobox.affine.a))
            wide, inner = _widened(window, step.dilate, pixel, (geobox.shape.y, geobox.shape.x))
            masked = is_masked(scene.read_classification(wide), step, pixel)[inner]
            if former is not None:
                with rasterio.open(former / str(row.mask)) as source:
                    masked |= source.read(1).astype(bool)
            _write(part / f"{row.id}.tif", masked, geobox, window)
            names.append(f"{row.id}.tif")
            progress.step()
    scenes["mask"] = names if names else np.array([], dtype=object)
    return scenes


def apply(cube: xr.Dataset, step: Mask) -> xr.Dataset:
    """Set the masked values of a cube of pixels (…, y, x) with the variable `classification` to missing.

    Raises
    ------
    InputError
        If the cube has no `classification`, as a parcels' series has none.
    """
    if "classification" not in cube:
        raise InputError("mask scl: the cube has no variable 'classification'; mask pixels before they are averaged")
    classification = cube["classification"]
    height, width = (float(abs(np.diff(classification[dim].values[:2])[0])) for dim in ("y", "x"))
    masked = xr.apply_ufunc(
        lambda layer: is_masked(layer, step, (height, width)),
        classification,
        input_core_dims=[["y", "x"]],
        output_core_dims=[["y", "x"]],
        vectorize=True,
        output_dtypes=[bool],
    )
    result = cube.assign(reflectance=cube["reflectance"].where(~masked))
    if "observed" in cube:
        result["observed"] = cube["observed"].astype(bool) & ~masked
    return result


def _band_on(geobox: GeoBox, geoboxes: dict[str, GeoBox]) -> str:
    """A spectral band on the same grid as the classification, whose window over the parcels is known."""
    return next(band for band, other in geoboxes.items() if band != "SCL" and other == geobox)


def _widened(
    window: Window, metres: float, pixel: tuple[float, float], shape: tuple[int, int]
) -> tuple[Window, tuple[slice, slice]]:
    """`window` grown by `metres` within the raster's `shape`, and where `window` lies in it."""
    rows, columns = (int(np.ceil(metres / size)) for size in pixel)
    top, left = max(window.row_off - rows, 0), max(window.col_off - columns, 0)
    bottom = min(window.row_off + window.height + rows, shape[0])
    right = min(window.col_off + window.width + columns, shape[1])
    inner = (
        slice(window.row_off - top, window.row_off - top + window.height),
        slice(window.col_off - left, window.col_off - left + window.width),
    )
    return Window(left, top, right - left, bottom - top), inner


def _write(file: Path, masked: np.ndarray, geobox: GeoBox, window: Window) -> None:
    with rasterio.open(
        file, "w", driver="GTiff", width=masked.shape[1], height=masked.shape[0], count=1, dtype="uint8",
        crs=str(geobox.crs), transform=rasterio.windows.transform(window, geobox.affine), compress="deflate",
    ) as target:  # fmt: skip
        target.write(masked.astype(np.uint8), 1)
