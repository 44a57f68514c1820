"""From the scenes of a month to the statistics of every parcel in every scene."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from ..errors import InputError
from ..log import Progress
from ..scenes import open_scene
from ..scenes.bands import bands_of
from ..scenes.radiometry import SCALE
from .coverage import Coverage, Statistics
from .masks import SceneMask
from .series import make_series
from .tiles import TileCoverage, bands_of_groups


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

    One scene is held at a time, of it `threads` bands, of them only the window that covers the
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
        Bands read at the same time.
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
        with ThreadPoolExecutor(max(1, threads)) as pool:
            for number, row in enumerate(scenes.itertuples(index=False)):
                parts = _observe_scene(row, coverage, bands, store, masks_folder, pool)
                for band, part in parts.items():
                    place = bands.index(band)
                    mean[:, number, place] = part.mean[:, 0]
                    deviation[:, number, place] = part.deviation[:, 0]
                finest = [parts[band] for band in bands_of_groups(coverage, bands)[0][0]]
                pixel_count[:, number] = np.max([part.count[:, 0] for part in finest], axis=0)
                clear[:, number] = np.max([part.clear[:, 0] for part in finest], axis=0)
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
    bands: tuple[str, ...],
    store: str | Path | None,
    masks_folder: str | Path | None,
    pool: ThreadPoolExecutor,
) -> dict[str, Statistics]:
    """Statistics of (parcel, 1) by band."""
    scene = open_scene(row, store)
    groups = bands_of_groups(coverage, bands)
    mask = _mask_of(row, coverage, masks_folder)
    tasks = []
    for members, operator in groups:
        masked = None if mask is None else mask.on(operator.geobox)
        tasks += [(band, operator, masked) for band in members]

    def one(task: tuple[str, Coverage, NDArray[np.bool_] | None]) -> Statistics:
        band, operator, masked = task
        _check_grid(scene.geoboxes.get(band), operator, scene.id, band)
        return operator.statistics([scene.read(band, operator.window)], masked)

    _ = scene.geoboxes  # read once here, not by every thread
    return dict(zip((band for band, _, _ in tasks), pool.map(one, tasks), strict=True))


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
