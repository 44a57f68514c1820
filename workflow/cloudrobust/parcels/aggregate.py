"""From the scenes of a month to the statistics of every parcel in every scene."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from odc.geo.geobox import GeoBox

from ..errors import InputError
from ..log import Progress
from ..scenes import open_scene
from ..scenes.bands import bands_of
from ..scenes.radiometry import MEASURED, SCALE
from .coverage import Coverage, Statistics, pays
from .masks import SceneMask
from .series import make_series
from .tiles import TileCoverage, bands_of_groups

Groups: TypeAlias = list[tuple[tuple[str, ...], Coverage]]


def observe(
    scenes: gpd.GeoDataFrame,
    coverage: TileCoverage,
    store: str | Path | None,
    masks_folder: str | Path | None = None,
    *,
    chain: str,
    minimum_clear: float = 0.0,
    threads: int = 1,
    period: tuple[dt.date, dt.date] | None = None,
) -> xr.Dataset:
    """Average every parcel of a tile in every scene of an index, each band on its own grid.

    One scene is held at a time, of it the bands of one grid, of them only the window that covers the
    parcels; each image is decoded once.

    Parameters
    ----------
    scenes
        Month index (see `cloudrobust.scenes.index`) of this tile and one level; in any order, perhaps empty.
    coverage
        The tile's parcels.
    store
        Folder that the index's relative files are relative to.
    masks_folder
        Folder that the index's column `mask` is relative to; needed if there are masks.
    chain
        Level and steps that the index stands for, for example `L2A/season/clear`.
    minimum_clear
        A parcel of which a smaller share is clear counts as not observed on that date: NaN in every band.
        Its pixel count and clear fraction are kept.
    threads
        Bands read at the same time, and threads that average them.
    period
        First and last day of the window that the chain covers; recorded only.

    Returns
    -------
    Observations: dims (parcel, time, band), times ascending. `pixel_count` and `clear_fraction` are those
    of the best measured band of the finest grid. In a band without any valid pixel a parcel is NaN.

    Raises
    ------
    InputError
        If a product or mask is unusable, or lies on another grid than the coverage.
    """
    level = chain.split("/")[0]
    bands = bands_of(level)
    scenes = scenes.sort_values(["time", "id"])
    _check_index(scenes, coverage, level)
    shape = (len(coverage), len(scenes), len(bands))
    mean, deviation = (np.full(shape, np.nan, np.float32) for _ in range(2))
    pixel_count, clear = (np.zeros(shape[:2], np.float32) for _ in range(2))
    progress = Progress(f"{chain} {coverage.tile}: scenes aggregated", len(scenes))
    if len(coverage):
        groups = bands_of_groups(coverage, bands)
        # All scenes together decide: a scene of a small study alone would not be worth loading the kernel.
        compiled = pays(len(scenes) * sum(len(operator.runs.shares) * len(members) for members, operator in groups))
        with ThreadPoolExecutor(max(1, threads)) as pool:
            for number, row in enumerate(scenes.itertuples(index=False)):
                parts = _observe_scene(row, coverage, groups, store, masks_folder, pool, threads, compiled)
                for (members, _), part in zip(groups, parts, strict=True):
                    places = [bands.index(band) for band in members]
                    mean[:, number, places] = part.mean
                    deviation[:, number, places] = part.deviation
                pixel_count[:, number] = parts[0].count.max(axis=1)
                clear[:, number] = parts[0].clear.max(axis=1)
                progress.step(row.id)
    hidden = clear < np.float32(minimum_clear)
    mean[hidden] = deviation[hidden] = np.nan
    # Division, not multiplication by 1e-4: so one DN is the float32 nearest to it, as in scenes.radiometry.
    mean /= np.float32(SCALE)
    deviation /= np.float32(SCALE)
    return make_series(
        parcels=coverage.parcels,
        times=scenes["time"].to_numpy("datetime64[ns]"),
        bands=bands,
        chain=chain,
        reflectance=mean,
        deviation=deviation,
        observed=np.asarray(np.isfinite(mean).any(axis=2)),
        pixel_count=pixel_count,
        clear_fraction=clear,
        scenes=scenes["id"].to_numpy(),
        period=period,
        facts=_facts(scenes, minimum_clear),
    )


def _observe_scene(
    row: Any,
    coverage: TileCoverage,
    groups: Groups,
    store: str | Path | None,
    masks_folder: str | Path | None,
    pool: ThreadPoolExecutor,
    threads: int,
    compiled: bool,
) -> list[Statistics]:
    """Statistics of (parcel, band) of each group of bands."""
    scene = open_scene(row, store)
    geoboxes = scene.geoboxes  # read once here, not by every thread
    mask = _mask_of(row, coverage, masks_folder)
    parts = []
    for members, operator in groups:
        for band in members:
            _check_grid(geoboxes.get(band), operator, scene.id, band)
        masked = None if mask is None else mask.on(operator.geobox)
        shifts = [shift for band in members if (shift := scene.shift(band)) is not None]
        if len(shifts) == len(members):
            # Raw numbers are half as many bytes as harmonised ones, and a mean of them can be shifted afterwards.
            images = list(pool.map(lambda band, own=operator: scene.read_raw(band, own.window), members))
            part = operator.statistics(
                images, masked, valid=MEASURED, offsets=shifts, threads=threads, compiled=compiled
            )
        else:
            harmonised = pool.map(lambda band, own=operator: scene.read(band, own.window), members)
            part = operator.statistics(list(harmonised), masked)
        parts.append(part)
    return parts


def _mask_of(row: Any, coverage: TileCoverage, masks_folder: str | Path | None) -> SceneMask | None:
    file = getattr(row, "mask", None)
    if file is None or pd.isna(file):
        return None
    if masks_folder is None:
        raise ValueError(f"scene {row.id} has a mask, but no folder of masks was given")
    # The coarsest window reaches farthest where grids do not nest.
    ground = max((operator.geobox for _, operator in coverage.groups), key=_area)
    return SceneMask.read(Path(masks_folder) / file, ground)


def _area(geobox: GeoBox) -> float:
    box = geobox.boundingbox
    return (box.right - box.left) * (box.top - box.bottom)


def _check_index(scenes: gpd.GeoDataFrame, coverage: TileCoverage, level: str) -> None:
    for column, expected in (("tile", coverage.tile), ("level", level)):
        strangers = scenes.loc[scenes[column] != expected]
        if len(strangers):
            raise InputError(
                f"scene {strangers['id'].iloc[0]}: is of {column} {strangers[column].iloc[0]}, not {expected}; "
                "make the month's index anew"
            )
    twice = scenes.loc[scenes["time"].duplicated(), "id"]
    if len(twice):
        raise InputError(f"scene {twice.iloc[0]}: the index holds another of the same time; make the index anew")


def _check_grid(geobox: GeoBox | None, operator: Coverage, scene: str, band: str) -> None:
    if geobox is None:
        raise InputError(f"scene {scene}: has no band {band}; fetch it again")
    window = operator.window
    rows, columns = (
        slice(window.row_off, window.row_off + window.height),
        slice(window.col_off, window.col_off + window.width),
    )
    if tuple(geobox.shape) != operator.grid_shape or geobox[rows, columns] != operator.geobox:
        raise InputError(
            f"scene {scene}: band {band} lies on another grid than the tile's; delete the tile's grid and coverage "
            "files, or the scene, and run again"
        )


def _facts(scenes: gpd.GeoDataFrame, minimum_clear: float) -> dict[str, Any]:
    return {
        "baselines": sorted(set(scenes["baseline"].astype(str))),
        "offsets": sorted({int(offset) for offset in scenes["offset"]}),
        "minimum_clear": minimum_clear,
    }
