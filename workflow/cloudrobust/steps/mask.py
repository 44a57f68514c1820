"""Mask of clouds, shadow and snow: one small raster per scene, pixels are never copied."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ..atomic import atomic
from ..config.steps import Mask
from ..errors import InputError
from ..log import Progress, logger
from ..scenes import open_scene
from .cubes import recorded
from .masks import REGISTRY
from .masks.ground import Found, Ground, Method
from .masks.on_cubes import CubeGround
from .masks.on_scenes import Scene, SceneGround, held, mask_grid

if TYPE_CHECKING:
    import xarray as xr


class HasWindow(Protocol):
    """What a mask needs of the coverage operator: the window over the parcels, in a band's own pixels."""

    def window(self, band: str) -> Window: ...


class HasDilate(Protocol):
    """A mask step, or one of its methods."""

    @property
    def dilate(self) -> float: ...


def grown(masked: NDArray[np.bool_], step: HasDilate, pixel: tuple[float, float]) -> NDArray[np.bool_]:
    """(y, x) `masked` grown by `step.dilate` metres on every side.

    `pixel` is the size of a pixel in metres (y, x). A pixel is masked if the centre of a masked one lies within
    that distance.
    """
    if step.dilate == 0 or not masked.any() or masked.all():
        return masked
    from scipy import ndimage

    return ndimage.distance_transform_edt(~masked, sampling=pixel) <= step.dilate


def masked_pixels(ground: Ground, step: Mask) -> NDArray[np.bool_]:
    """(y, x) whether a pixel counts as not observed: found by any, or all, methods, or not known to one of them."""
    found = []
    for method in step.resolved:
        one: Found = _module(method.do).find(ground, method)
        found.append(one if one.grown else Found(grown(one.masked, cast(HasDilate, method), ground.pixel), one.unknown))
    combine = np.logical_or if step.combine == "any" else np.logical_and
    masked = grown(combine.reduce([one.masked for one in found]), step, ground.pixel)
    return np.logical_or.reduce([masked, *(one.unknown for one in found)])


def mask_scenes(
    scenes: gpd.GeoDataFrame,
    step: Mask,
    coverage: HasWindow,
    store: Path,
    folder: Path,
    former: Path | None = None,
    counterparts: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Write a mask for every scene of a month's index into `folder` (uint8 GeoTIFF, 1 = masked) and name it.

    Parameters
    ----------
    scenes
        Index of a tile and month, all of one level; perhaps empty.
    step
        What is masked.
    coverage
        The tile's parcels; the raster covers the window over them. Beyond its edge clouds are seen as far as
        they reach in, and as far as the store has kept the scene.
    store
        Folder that relative `file`s of the index are relative to.
    folder
        Where masks are written; it appears whole or not at all.
    former
        Folder with the masks of an earlier step of the chain: what they masked stays masked.
    counterparts
        Index of the same tile and month at the other level, where `step.reads(level)` names it. Acquisitions are
        matched by the start of sensing. A scene without its counterpart is masked in full, and named in the log.

    Returns
    -------
    The index with the column `mask`, the name of the file in `folder`.

    Raises
    ------
    InputError
        If the level lacks what a method needs, if the other level is needed and no scene has it, or if a product
        is damaged.
    """
    if step.on_parcels:
        who = step.resolved[0].do
        raise InputError(f"mask {who}: works on the parcels' series; put it behind the averaging of pixels")
    scenes = scenes.copy()
    names = []
    short = 0.0
    progress = Progress("masks", len(scenes))
    others = _others(scenes, step, counterparts)
    with atomic(folder) as part:
        part.mkdir()
        for row in scenes.itertuples(index=False):
            scene = open_scene(row, store)
            grid = mask_grid(scene)
            window = coverage.window(_band_on(grid, scene.geoboxes))
            opened: dict[str, Scene] = {scene.level: scene}
            if others is not None and row.time in others:
                other = open_scene(others[row.time], store)
                opened[other.level] = other
            if others is not None and len(opened) == 1:
                logger.warning("%s: its other level is not there; the whole scene counts as masked", row.id)
                masked = np.ones((int(window.height), int(window.width)), dtype=bool)
            else:
                masked, hidden = _mask_of(SceneGround(scene.level, opened, grid, window), step)
                short = max(short, hidden)
            if former is not None:
                with rasterio.open(former / str(row.mask)) as source:
                    masked |= source.read(1).astype(bool)
            _write(part / f"{row.id}.tif", masked, grid, window)
            names.append(f"{row.id}.tif")
            progress.step()
    if short > 0:
        logger.warning(
            "masks reach %.0f m farther than the store keeps scenes around the parcels; what lies beyond is not seen",
            short,
        )
    scenes["mask"] = names if names else np.array([], dtype=object)
    return scenes


def apply(cube: xr.Dataset, step: Mask, reference: xr.Dataset | None = None) -> xr.Dataset:
    """Set the masked values of a cube to missing.

    A cube of pixels (…, y, x) holds the layers that the methods look at as variables: `classification`,
    `cloud_probability` (percent), `sun_zenith` and `sun_azimuth` (degrees). The methods `parcel`, `random` and
    `degraded` work on the series of parcels; `reference` is the L1C series that `parcel` looks at where the cube is
    of another level, and for the others the series as the mask steps leave it whose place they take.

    Raises
    ------
    InputError
        If the cube lacks what a method looks at, as a parcels' series has no `classification`.
    """
    if step.on_parcels:
        method = step.resolved[0]
        return cast("xr.Dataset", _module(method.do).apply(cube, method, reference))
    who = f"mask {step.resolved[0].do}"
    if not {"y", "x"} <= set(cube.dims):
        raise InputError(f"{who}: the cube has no pixels (y, x); mask pixels before they are averaged")
    import xarray as xr

    layers = [masked_pixels(CubeGround(cube.isel(time=number), who), step) for number in range(cube.sizes["time"])]
    masked = xr.DataArray(np.stack(layers), dims=("time", "y", "x"))
    values = cube["reflectance"]
    result = cube.assign(reflectance=values.where(~masked).transpose(*values.dims))
    if "observed" not in cube:
        return result
    flags = cube["observed"]
    left = (flags.astype(bool) & ~masked).transpose(*flags.dims).astype(flags.dtype)
    return recorded(result.assign(observed=(flags.dims, left.values, dict(flags.attrs))))


def _module(method: str) -> Any:
    return import_module(f".masks.{REGISTRY[method]}", __package__)


def _others(scenes: gpd.GeoDataFrame, step: Mask, counterparts: gpd.GeoDataFrame | None) -> dict[Any, Any] | None:
    """Rows of the other level by time; None if the step needs none."""
    if scenes.empty:
        return None
    level = str(scenes["level"].iloc[0])
    problem = step.problem(level, step.resolved[0].do)
    if problem is not None:
        raise InputError(f"mask: {problem}")
    needed = step.reads(level) - {level}
    if not needed:
        return None
    other = needed.pop()
    if counterparts is None:
        raise InputError(f"mask: {step.resolved[0].do} looks at {other}; give it the index of the {other} scenes")
    found = {row.time: row for row in counterparts.itertuples(index=False) if row.level == other}
    if not any(time in found for time in scenes["time"]):
        raise InputError(
            f"mask: none of the {len(scenes)} scenes of {level}, the first {scenes['id'].iloc[0]}, has its {other} "
            "scene; fetch that level too, or use another mask"
        )
    return found


def _mask_of(narrow: SceneGround, step: Mask) -> tuple[NDArray[np.bool_], float]:
    """The mask of a scene's window, with a view as far beyond its edges as something can reach in.

    Also the metres of that which the store has not kept.
    """
    reach = step.dilate + max(
        cast(Method, _module(method.do)).reach(narrow, method) + cast(HasDilate, method).dilate
        for method in step.resolved
    )
    kept = [held(scene, narrow.grid) for scene in narrow.scenes.values()]
    wide, inner = _widened(narrow.window, reach, narrow.pixel, kept)
    whole, _ = _widened(narrow.window, reach, narrow.pixel, [Window(0, 0, narrow.grid.shape.x, narrow.grid.shape.y)])
    hidden = (
        max(wide.row_off - whole.row_off, whole.row_off + whole.height - wide.row_off - wide.height) * narrow.pixel[0],
        max(wide.col_off - whole.col_off, whole.col_off + whole.width - wide.col_off - wide.width) * narrow.pixel[1],
    )
    masked = masked_pixels(SceneGround(narrow.level, narrow.scenes, narrow.grid, wide), step)[inner]
    return masked, max(hidden)


def _band_on(grid: GeoBox, geoboxes: dict[str, GeoBox]) -> str:
    """A spectral band on the mask's grid, whose window over the parcels is known."""
    for band, other in geoboxes.items():
        if band != "SCL" and other == grid:
            return band
    raise InputError("mask: the scene classification lies on a grid that no band has; give it a band's grid")


def _widened(
    window: Window, metres: float, pixel: tuple[float, float], limits: list[Window]
) -> tuple[Window, tuple[slice, slice]]:
    """`window` grown by `metres` as far as all of `limits` reach, and where `window` lies in it."""
    rows, columns = (int(np.ceil(metres / size)) for size in pixel)
    top = max(window.row_off - rows, *(limit.row_off for limit in limits))
    left = max(window.col_off - columns, *(limit.col_off for limit in limits))
    bottom = min(window.row_off + window.height + rows, *(limit.row_off + limit.height for limit in limits))
    right = min(window.col_off + window.width + columns, *(limit.col_off + limit.width for limit in limits))
    inner = (
        slice(window.row_off - top, window.row_off - top + window.height),
        slice(window.col_off - left, window.col_off - left + window.width),
    )
    return Window(left, top, right - left, bottom - top), inner


def _write(file: Path, masked: NDArray[np.bool_], geobox: GeoBox, window: Window) -> None:
    with rasterio.open(
        file, "w", driver="GTiff", width=masked.shape[1], height=masked.shape[0], count=1, dtype="uint8",
        crs=str(geobox.crs), transform=rasterio.windows.transform(window, geobox.affine), compress="deflate",
    ) as target:  # fmt: skip
        target.write(masked.astype(np.uint8), 1)
