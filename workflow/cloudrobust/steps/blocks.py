"""One block of a tile's pixels: read for all dates, taken through the steps, and summed over parcels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import sparse

from ..config.steps import AnyStep
from ..errors import InputError
from ..parcels.masks import SceneMask
from . import apply
from .cubes import filled_in
from .resample import Scene, band_on

AT_ONCE = 4_000_000
"""Values that go through the steps at once: small enough for the caches, large enough for the overhead."""


@dataclass(frozen=True, eq=False)
class Acquisition:
    """One date: an opened scene and its mask."""

    time: np.datetime64
    scene: Scene
    mask: Path | None


@dataclass(frozen=True, eq=False)
class Block:
    """A rectangle of a grid.

    Attributes
    ----------
    bands
        Bands that are read and taken through the steps together.
    geobox
        The rectangle's grid.
    weights
        (parcel, covered pixel) shares, as in a `Coverage`, of the covered pixels of this block alone.
    parcels
        Number of the parcel of each row of `weights`.
    pixels
        Flat row-major index in the rectangle of each column of `weights`.
    """

    bands: tuple[str, ...]
    geobox: GeoBox
    weights: sparse.csr_array
    parcels: NDArray[np.int64]
    pixels: NDArray[np.int64]


@dataclass(eq=False)
class Sums:
    """Sums over the pixels of a block, weighted by their shares.

    Attributes
    ----------
    parcels
        (row,) numbers of the parcels.
    bands
        Bands that the steps have left.
    times, scenes
        (time,) dates that they have left, and product ids where they still tell them.
    covered
        The attributes that say which days they cover.
    count, total, squares
        (row, time, band) of the pixels with a value: their shares, values, and squared values.
    own
        (row, time, band) of the pixels whose value was measured in that band on that date: their shares.
    measured
        (row, time) shares of the pixels that were measured on that date.
    known, distance
        (row, time) shares of the pixels whose distance to a measurement is known, and the distances in days.
    """

    parcels: NDArray[np.int64]
    bands: tuple[str, ...]
    times: NDArray[np.datetime64]
    scenes: NDArray[np.str_] | None
    covered: dict[str, str]
    count: NDArray[np.float64]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]
    own: NDArray[np.float64]
    measured: NDArray[np.float64]
    known: NDArray[np.float64]
    distance: NDArray[np.float64]


def summed(
    block: Block, acquisitions: Sequence[Acquisition], steps: Sequence[AnyStep], attributes: dict[str, str]
) -> Sums:
    """Read a block, take its pixels through the steps, and sum over parcels.

    Of every date only the rectangle is read, and only the covered pixels of it are kept. They go through the
    steps as a cube (time, band, pixel), some at a time; a step must not depend on how they are divided.
    """
    values = np.empty((len(acquisitions), len(block.bands), block.pixels.size), np.float32)
    for number, acquisition in enumerate(acquisitions):
        masked = None
        if acquisition.mask is not None:
            masked = SceneMask.read(acquisition.mask, block.geobox).on(block.geobox).reshape(-1)[block.pixels]
        for band, layer in zip(block.bands, values[number], strict=True):
            layer[:] = band_on(acquisition.scene, band, block.geobox).reshape(-1)[block.pixels]
            if masked is not None:
                layer[masked] = np.nan
    by_pixel = block.weights.tocsc()
    result: Sums | None = None
    at_once = max(1, AT_ONCE // max(1, len(acquisitions) * len(block.bands)))
    for start in range(0, block.pixels.size, at_once):
        part = slice(start, start + at_once)
        cube = _cube(block, values[:, :, part], part, acquisitions, attributes)
        for step in steps:
            cube = apply(cube, step)
        result = _added(result, block, by_pixel[:, part].tocsr(), cube)
    if result is None:
        raise ValueError("a block needs at least one covered pixel")
    return result


def unmeasured(
    bands: Sequence[str], acquisitions: Sequence[Acquisition], steps: Sequence[AnyStep], attributes: dict[str, str]
) -> Sums:
    """The sums of a tile without parcels, which tell what dates and bands the steps leave."""
    geobox = next(box for name, box in acquisitions[0].scene.geoboxes.items() if name in bands)[:1, :1]
    nothing = sparse.csr_array((0, 1), dtype=np.float64)
    block = Block(tuple(bands), geobox, nothing, np.empty(0, np.int64), np.zeros(1, np.int64))
    values = np.full((len(acquisitions), len(bands), 1), np.nan, np.float32)
    cube = _cube(block, values, slice(0, 1), acquisitions, attributes)
    for step in steps:
        cube = apply(cube, step)
    return _added(None, block, nothing, cube)


def _cube(
    block: Block,
    values: NDArray[np.float32],
    part: slice,
    acquisitions: Sequence[Acquisition],
    attributes: dict[str, str],
) -> xr.Dataset:
    rows, columns = np.divmod(block.pixels[part], block.geobox.shape.x)
    affine = block.geobox.affine
    return xr.Dataset(
        {
            "reflectance": (("time", "band", "pixel"), values, {"units": "1"}),
            "observed": (("time", "pixel"), np.isfinite(values).any(axis=1).astype(np.int8)),
        },
        coords={
            "time": np.array([a.time for a in acquisitions], "datetime64[ns]"),
            "band": list(block.bands),
            "pixel": block.pixels[part],
            "scene": ("time", [a.scene.id for a in acquisitions]),
            "y": ("pixel", affine.f + (rows + 0.5) * affine.e),
            "x": ("pixel", affine.c + (columns + 0.5) * affine.a),
        },
        attrs=dict(attributes),
    )


def _added(result: Sums | None, block: Block, weights: sparse.csr_array, cube: xr.Dataset) -> Sums:
    """`result` with the pixels of `cube`, the columns of `weights`."""
    times = cube["time"].values
    bands = tuple(str(band) for band in cube["band"].values)
    values = cube["reflectance"].transpose("pixel", "time", "band").values.astype(np.float64)
    flat = values.reshape(values.shape[0], -1)
    present = np.isfinite(flat)
    filled = np.where(present, flat, 0.0)
    own = present & ~filled_in(cube).transpose("pixel", "time", "band").values.reshape(flat.shape)
    measured = cube["observed"].transpose("pixel", "time").values.astype(np.float64)
    if "observation_distance" in cube:
        away = cube["observation_distance"].transpose("pixel", "time").values.astype(np.float64)
    else:
        away = np.where(measured > 0, 0.0, np.nan)
    near = np.isfinite(away)
    shape = (len(block.parcels), len(times), len(bands))
    if result is None:
        cubes = [np.zeros(shape) for _ in range(4)]
        tables = [np.zeros(shape[:2]) for _ in range(3)]
        scenes = cube["scene"].values.astype(str) if "scene" in cube.coords else None
        covered = {str(key): value for key, value in cube.attrs.items() if str(key).startswith("time_coverage")}
        result = Sums(block.parcels, bands, times, scenes, covered, *cubes, *tables)
    elif not np.array_equal(times, result.times) or bands != result.bands:
        raise InputError("aggregate: a step gives pixels dates or bands of their own; give all of them the same")
    result.count += (weights @ present.astype(np.float64)).reshape(shape)
    result.total += (weights @ filled).reshape(shape)
    result.squares += (weights @ filled**2).reshape(shape)
    result.own += (weights @ own.astype(np.float64)).reshape(shape)
    result.measured += weights @ measured
    result.known += weights @ near.astype(np.float64)
    result.distance += weights @ np.where(near, away, 0.0)
    return result
