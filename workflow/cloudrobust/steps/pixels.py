"""Steps on pixels before they become parcels: block by block, never the cube of all pixels and dates."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..config.steps import Aggregate, AnyStep, Bands, Custom, Index, Normalise
from ..config.steps.chain import bands_after
from ..config.steps.index import index_bands
from ..dask_client import slots
from ..errors import InputError
from ..log import Progress, logger
from ..parcels.coverage import Coverage
from ..parcels.series import make_series
from ..parcels.tiles import TileCoverage, bands_of_groups
from ..scenes import open_scene
from ..scenes.bands import BAND, bands_of
from .blocks import Acquisition, Block, Sums, summed, unmeasured
from .cubes import FILLED_IN, recorded

if TYPE_CHECKING:
    from distributed import Client

Groups = list[tuple[tuple[str, ...], Coverage]]
MEMORY = 2**29
"""Bytes of pixels of one block, if nothing else is asked for."""
SIDES = {10: 1024, 20: 1280, 60: 1920}
"""Sides of blocks in pixels by resolution in metres: whole multiples of the tiles of ESA's JPEG 2000 images (1024,
640 and 192 pixels) and of the store's GeoTIFFs (256), so that hardly a tile is decoded twice."""
MEASURED = {"long_name": "share of the parcel that was measured on that date", "units": "1"}
DISTANCE = {"long_name": "mean over the parcel's pixels of the days to the nearest measurement", "units": "day"}


def apply(cube: xr.Dataset, step: Aggregate) -> xr.Dataset:  # noqa: ARG001
    """Pixels alone do not tell the parcels: see `aggregate`, to which a chain with this step leads."""
    raise InputError("step aggregate: needs the scenes and the parcels' coverage; put it into a branch")


def aggregate(
    months: Sequence[gpd.GeoDataFrame],
    masks: Sequence[str | Path | None],
    coverage: TileCoverage,
    steps: Sequence[AnyStep],
    store: str | Path | None,
    *,
    chain: str,
    minimum_clear: float = 0.0,
    period: tuple[dt.date, dt.date] | None = None,
    ranges: str | None = None,
    memory: int = MEMORY,
    threads: int = 1,
    client: Client | None = None,
    opener: Callable[..., Any] = open_scene,
) -> xr.Dataset:
    """Take the pixels of a tile through steps, and average them over parcels afterwards.

    Each band is worked on by itself on its own grid and averaged there, as `observe` does, unless a step looks at
    several bands (an index, a spectrum's length, a step of the user's own): then all that are needed are brought to
    the finest grid, where coarser pixels are repeated. A block of pixels is read for all dates, goes through the
    steps and is summed over the parcels in one task, on a thread here or by a worker of Dask. Neither the blocks nor
    the order in which their sums are added depend on where they are computed, so the result is the same to the bit.

    Parameters
    ----------
    months
        Indexes of the tile's scenes, all of one level, in any order; their masks in the column `mask`, if any.
    masks
        For each of them the folder of its masks, or None.
    coverage
        The tile's parcels.
    steps
        What comes between the masks and the averaging, in order; an `aggregate` among them is passed over.
    store
        Folder that relative `file`s of the indexes are relative to.
    chain
        Level and steps that the result stands for, for example `L2A/season/clear/biweekly/mean`.
    minimum_clear
        A parcel of which a smaller share has a value on a date is missing on it, and one of which a smaller share
        was measured counts as not observed.
    period, ranges
        First and last day that the chain covers, and the spans of selected days if there are several (see
        `cloudrobust.config.steps.chain.ranges`).
    memory
        Bytes of pixels of one block; each thread holds one. What the steps need beside is small (about 0.3 GB a
        thread), the result and the coverage come on top.
    threads
        Blocks at the same time on this machine, without a client.
    client
        Dask's workers that compute the blocks (see `cloudrobust.dask_client.connected`); without one they are computed
        here. Workers must find the files of scenes and masks under the same names.
    opener
        Opens a row of an index, as `cloudrobust.scenes.open_scene` does.

    Returns
    -------
    A series (parcel, time, band) as `observe` and `collect` make it. `pixel_count` and `clear_fraction` count the
    pixels that have a value, filled in or not; `observed_fraction` (parcel, time) is the share that was measured on
    that date, and `observed` whether that is enough; `observation_distance` is the mean over the pixels. A value is
    `filled` where the parcel counts as not observed, or no pixel was measured in that band.

    Raises
    ------
    InputError
        If there is no scene, a product or mask is unusable or lies on another grid than the coverage, or a step
        refuses the pixels.
    """
    level = chain.split("/")[0]
    steps = [step for step in steps if not isinstance(step, Aggregate)]
    acquisitions = _acquisitions(months, masks, coverage, level, store, opener)
    attributes = {"level": level, "chain": chain}
    if period is not None:
        attributes |= {"time_coverage_start": f"{period[0]}", "time_coverage_end": f"{period[1]}"}
    if ranges is not None and " " in ranges:
        attributes["time_coverage_ranges"] = ranges
    bands, final = bands_needed(bands_of(level), steps)
    alone = not any(mixes_bands(step) for step in steps)
    todo = [step for step in steps if not (alone and isinstance(step, Bands))]
    groups = bands_of_groups(coverage, bands)
    if not groups:
        raise InputError("aggregate: the steps leave no band that the tile has; keep one")
    for acquisition in acquisitions:
        _check_grids(acquisition, groups)
    account = _Account(len(coverage), final, None if not alone else groups[0][0][0])
    divisions = _divisions(groups, alone, len(acquisitions), memory)
    count = sum(len(one.rectangles) * (len(one.bands) if alone else 1) for one in divisions)
    progress = Progress(f"{chain} {coverage.tile}: blocks of pixels", count)
    for sums in _computed(_blocks(divisions, alone), (acquisitions, todo, attributes), threads, client):
        account.add(sums)
        progress.step()
    if account.times is None:
        account.add(unmeasured(bands, acquisitions, todo, attributes))
    counted = groups[0][0] if alone else final
    named = {"level": level, "chain": chain, **account.covered}
    return _series(account, coverage, groups[0][1], counted, minimum_clear, named, months)


def together(tiles: Sequence[xr.Dataset], parcels: Sequence[str]) -> xr.Dataset:
    """The series of several tiles as one.

    Parameters
    ----------
    tiles
        What `aggregate` made of each, of one chain; a parcel belongs to one of them.
    parcels
        Ids in the order of the result; those that no tile has are not in it.

    Returns
    -------
    A series of all dates. On a date that a parcel's tile does not have, the parcel is missing.

    Raises
    ------
    InputError
        If the tiles are of different chains or bands, or have a parcel in common.
    """
    first = tiles[0]
    for other in tiles[1:]:
        if other.attrs["chain"] != first.attrs["chain"] or not np.array_equal(other["band"], first["band"]):
            raise InputError("aggregate: the tiles' series are of different chains or bands; make them anew")
    times = np.unique(np.concatenate([tile["time"].values for tile in tiles]))
    words: list[set[str]] = [set() for _ in times]
    widened = []
    for tile in tiles:
        if "scene" in tile.coords:
            for column, text in zip(np.searchsorted(times, tile["time"].values), tile["scene"].values, strict=True):
                words[column].update(str(text).split())
        absent = dict.fromkeys(("observed", "pixel_count", "clear_fraction", "observed_fraction", "filled"), 0)
        fill = {name: absent.get(str(name), np.nan) for name in tile.data_vars}
        widened.append(tile.drop_vars("scene", errors="ignore").reindex(time=times, fill_value=fill))
    series = xr.concat(widened, "parcel", join="exact", combine_attrs="override")
    twice = series.indexes["parcel"][series.indexes["parcel"].duplicated()]
    if twice.size:
        raise InputError(f"aggregate: parcel {twice[0]!r} is in two tiles; make the coverages anew")
    own = set(series["parcel"].values.tolist())
    series = series.sel(parcel=[parcel for parcel in parcels if parcel in own])
    if any(words):
        texts = np.array([" ".join(sorted(one)) for one in words], dtype=str)
        series = series.assign_coords(scene=("time", texts, {"long_name": "product id"}))
    return recorded(series)


def mixes_bands(step: AnyStep) -> bool:
    """Whether a step computes values of a band from other bands."""
    return isinstance(step, Index | Custom) or (isinstance(step, Normalise) and step.method == "spectrum")


def bands_needed(bands: Sequence[str], steps: Sequence[AnyStep]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The bands that must be read for what the steps leave of `bands`, and what they leave.

    Raises
    ------
    InputError
        If a step needs a band that is not there.
    """
    states = [tuple(bands)]
    for step in steps:
        try:
            states.append(bands_after(states[-1], step, step.do))
        except ValueError as error:
            raise InputError(f"aggregate: {error}") from None
    needed = set(states[-1])
    for step, before in zip(reversed(steps), reversed(states[:-1]), strict=True):
        if isinstance(step, Index):
            needed |= {band for name in step.names for band in index_bands(name).values()}
        elif isinstance(step, Bands):
            needed |= set(step.keep or step.drop)
        elif mixes_bands(step):
            needed = set(before)
        needed &= set(before)
    return tuple(band for band in bands if band in needed), states[-1]


def _acquisitions(
    months: Sequence[gpd.GeoDataFrame],
    masks: Sequence[str | Path | None],
    coverage: TileCoverage,
    level: str,
    store: str | Path | None,
    opener: Callable[..., Any],
) -> list[Acquisition]:
    """The scenes of all months, opened, by time."""
    found: list[tuple[Any, str, Path | None]] = []
    for month, folder in zip(months, masks, strict=True):
        for row in month.itertuples(index=False):
            for column, expected in (("tile", coverage.tile), ("level", level)):
                if getattr(row, column) != expected:
                    raise InputError(f"scene {row.id}: is of {column} {getattr(row, column)}, not {expected}")
            name = getattr(row, "mask", None)
            masked = name is not None and not pd.isna(name)
            if masked and folder is None:
                raise ValueError(f"scene {row.id} has a mask, but no folder of masks was given")
            found.append((row, str(row.id), Path(str(folder)) / str(name) if masked else None))
    found.sort(key=lambda one: (one[0].time, one[1]))
    for (first, _, _), (second, name, _) in pairwise(found):
        if first.time == second.time:
            raise InputError(f"scene {name}: the indexes hold another of the same time; make them anew")
    if not found:
        raise InputError("aggregate: there is no scene in any month; check the period, the tiles and the source")
    return [Acquisition(np.datetime64(row.time, "ns"), opener(row, store), mask) for row, _, mask in found]


def _check_grids(acquisition: Acquisition, groups: Groups) -> None:
    geoboxes = acquisition.scene.geoboxes
    for members, operator in groups:
        rows, columns = operator.window.toslices()
        for band in members:
            geobox = geoboxes.get(band)
            if geobox is None:
                raise InputError(f"scene {acquisition.scene.id}: has no band {band}; fetch it again")
            if tuple(geobox.shape) != operator.grid_shape or geobox[rows, columns] != operator.geobox:
                raise InputError(
                    f"scene {acquisition.scene.id}: band {band} lies on another grid than the tile's; delete the "
                    "tile's grid and coverage files, or the scene, and run again"
                )


@dataclass(frozen=True)
class _Division:
    """A grid's window in rectangles: where each begins and ends, in pixels of the window."""

    bands: tuple[str, ...]
    operator: Coverage
    rectangles: tuple[tuple[int, int, int, int], ...]


def _divisions(groups: Groups, alone: bool, dates: int, memory: int) -> list[_Division]:
    """The grids on which bands are worked on by themselves, or the finest one for all of them together."""
    if alone:
        return [_divided(members, operator, 1, dates, memory) for members, operator in groups]
    bands = {band for members, _ in groups for band in members}
    ordered = tuple(band for band in BAND if band in bands)
    return [_divided(ordered, groups[0][1], len(ordered), dates, memory)]


def _divided(bands: tuple[str, ...], operator: Coverage, at_once: int, dates: int, memory: int) -> _Division:
    """Rectangles that fit into `memory` with `at_once` bands, begin where the images' own tiles do, and are covered."""
    window = operator.window
    pixel = abs(operator.geobox.affine.a)
    side = SIDES[min(SIDES, key=lambda resolution: abs(resolution - pixel))]
    # Beside the values, of each date one band is held as it is read (8 bytes) and the mask.
    affordable = max(1, memory // (dates * (4 * at_once + 1) + 10))
    columns = min(side, affordable)
    rows = max(1, min(side, affordable // max(1, min(columns, window.width))))
    if rows < min(side, window.height):
        logger.info("pixels of %s in blocks of %d x %d, to fit into memory", " ".join(bands), rows, columns)
    found = []
    for top, bottom in _cuts(window.row_off, window.height, rows):
        own = _strip(operator, top, bottom) % max(1, window.width)
        for left, right in _cuts(window.col_off, window.width, columns):
            if ((own >= left) & (own < right)).any():
                found.append((top, bottom, left, right))
    return _Division(bands, operator, tuple(found))


def _cuts(offset: int, length: int, size: int) -> Iterator[tuple[int, int]]:
    """Parts of a window of `length` that begins at `offset`, cut at multiples of `size` of the whole raster."""
    for start in range(offset // size * size, offset + length, size):
        yield max(start - offset, 0), min(start + size - offset, length)


def _strip(operator: Coverage, top: int, bottom: int) -> NDArray[np.int64]:
    """The covered pixels of some rows of the window; they are stored in row-major order."""
    width = operator.window.width
    first, last = np.searchsorted(operator.pixels, [top * width, bottom * width])
    return operator.pixels[first:last]


def _blocks(divisions: Sequence[_Division], alone: bool) -> Iterator[Block]:
    """The blocks one after the other, so that their weights need not be held together."""
    for division in divisions:
        operator, width = division.operator, division.operator.window.width
        by_pixel = operator.weights.tocsc()
        for top, bottom, left, right in division.rectangles:
            strip = _strip(operator, top, bottom)
            column = strip % width
            inside = np.flatnonzero((column >= left) & (column < right))
            pixels = (strip[inside] // width - top) * (right - left) + column[inside] - left
            weights = by_pixel[:, inside + np.searchsorted(operator.pixels, top * width)].tocsr()
            own = np.flatnonzero(np.diff(weights.indptr))
            geobox = operator.geobox[top:bottom, left:right]
            for bands in ((band,) for band in division.bands) if alone else (division.bands,):
                yield Block(bands, geobox, weights[own], own, pixels)


def _computed(blocks: Iterator[Block], others: tuple[Any, ...], threads: int, client: Client | None) -> Iterator[Sums]:
    """The sums of the blocks, in their order; few of them are under way or waiting to be taken at a time."""
    # The arguments go along with every block: what is scattered once is lost for good with the workers that hold it.
    pool: Executor = ThreadPoolExecutor(max(1, threads)) if client is None else client.get_executor(pure=False)
    waiting: deque[Future[Sums]] = deque()
    try:
        for block in blocks:
            waiting.append(pool.submit(summed, block, *others))
            # Workers of a batch system come and go.
            while len(waiting) >= 2 * (max(1, threads) if client is None else slots(client)):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown()


class _Account:
    """Sums over all parcels, taken up block by block.

    `reference` is the band whose pixels stand for what was measured on a date, where each band is worked on by
    itself; None where all bands are worked on together.
    """

    def __init__(self, parcels: int, bands: tuple[str, ...], reference: str | None) -> None:
        self.parcels, self.bands, self.reference = parcels, bands, reference
        self.times: NDArray[np.datetime64] | None = None
        self.scenes: NDArray[np.str_] | None = None
        self.covered: dict[str, str] = {}

    def add(self, sums: Sums) -> None:
        """Take up the sums of a block."""
        if self.times is None:
            self.times, self.scenes, self.covered = sums.times, sums.scenes, sums.covered
            shape = (self.parcels, len(sums.times), len(self.bands))
            self.count, self.total, self.squares, self.own = (np.zeros(shape) for _ in range(4))
            self.measured, self.known, self.distance = (np.zeros(shape[:2]) for _ in range(3))
        elif not np.array_equal(self.times, sums.times):
            raise InputError("aggregate: a step gives pixels dates of their own; give all of them the same dates")
        places = np.array([self.bands.index(band) for band in sums.bands])
        at = np.ix_(sums.parcels, np.arange(len(self.times)), places)
        self.count[at] += sums.count
        self.total[at] += sums.total
        self.squares[at] += sums.squares
        self.own[at] += sums.own
        if self.reference is None or sums.bands == (self.reference,):
            self.measured[sums.parcels] += sums.measured
            self.known[sums.parcels] += sums.known
            self.distance[sums.parcels] += sums.distance


def _series(
    account: _Account,
    coverage: TileCoverage,
    operator: Coverage,
    counted: Sequence[str],
    minimum_clear: float,
    attributes: dict[str, str],
    months: Sequence[gpd.GeoDataFrame],
) -> xr.Dataset:
    """The account as a series; `counted` are the bands on the operator's grid."""
    if account.times is None:
        raise ValueError("nothing was summed")
    mean = _ratio(account.total, account.count, account.total)
    deviation = _ratio(account.squares, account.count, account.squares)
    deviation -= mean**2
    np.sqrt(np.maximum(deviation, 0.0, out=deviation), out=deviation)
    whole = operator.whole[:, None]
    places = [account.bands.index(band) for band in counted]
    count = account.count[:, :, places].max(axis=2)
    clear = np.divide(count, whole, out=np.zeros(count.shape), where=whole > 0).astype(np.float32)
    measured = np.divide(account.measured, whole, out=np.zeros(count.shape), where=whole > 0).astype(np.float32)
    hidden = clear < np.float32(minimum_clear)
    mean[hidden] = deviation[hidden] = np.nan
    seen = np.isfinite(mean).any(axis=2) & (measured > 0) & (measured >= np.float32(minimum_clear))
    everything = pd.concat(list(months))
    known = [band for band in account.bands if band in BAND]
    at = [account.bands.index(band) for band in known]
    series = make_series(
        parcels=coverage.parcels,
        times=account.times,
        bands=known,
        chain=attributes["chain"],
        reflectance=mean[:, :, at].astype(np.float32),
        deviation=deviation[:, :, at].astype(np.float32),
        observed=seen,
        pixel_count=count.astype(np.float32),
        clear_fraction=clear,
        scenes=account.scenes,
        facts={
            "baselines": sorted(set(everything["baseline"].astype(str))),
            "offsets": sorted({int(offset) for offset in everything["offset"]}),
            "minimum_clear": minimum_clear,
        },
    )
    if len(known) < len(account.bands):  # indices, which have no wavelength
        series = series.reindex(band=list(account.bands))
        for name, values in (("reflectance", mean), ("reflectance_std", deviation)):
            series[name] = (series[name].dims, values.astype(np.float32), series[name].attrs)
    filled = np.isfinite(mean) & ~(seen[:, :, None] & (account.own > 0))
    series["filled"] = (series["reflectance"].dims, filled.astype(np.int8), FILLED_IN)
    flat = ("parcel", "time")
    series["observed_fraction"] = (flat, measured, MEASURED)
    series["observation_distance"] = (
        flat,
        _ratio(account.distance, account.known, account.distance).astype(np.float32),
        DISTANCE,
    )
    return recorded(series.assign_attrs(attributes))


def _ratio(total: NDArray[np.float64], count: NDArray[np.float64], out: NDArray[np.float64]) -> NDArray[np.float64]:
    """`total` over `count`, NaN where nothing was counted; `out` may be `total` itself."""
    np.divide(total, count, out=out, where=count > 0)
    out[count <= 0] = np.nan
    return out
