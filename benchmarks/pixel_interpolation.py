"""Interpolation of every pixel before the averaging over parcels: time, and the memory that it takes.

    python benchmarks/pixel_interpolation.py               # 4000 x 4000 pixels, 60 dates: some minutes, 2 GB of disk
    python benchmarks/pixel_interpolation.py --side 1000   # a small one

A landscape of square fields is written as scenes in the store's own format (one GeoTIFF a band) with a cloud mask
for each date. A process of its own then reads, interpolates and averages it, and its largest resident memory is
printed beside the size of the cube of all pixels and dates, which a plain implementation would hold. A few parcels
are computed again from their pixels with numpy, to show that the numbers are right.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from scipy import ndimage

from cloudrobust.config.steps import Bands, Interpolate
from cloudrobust.log import logger
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BAND
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.store.record import SCENE_FILE, Layer, SceneRecord
from cloudrobust.steps.pixels import aggregate

LEFT, TOP, CRS = 600000.0, 5400000.0, "EPSG:32632"
BANDS = ("B04", "B08", "B11")
DISTINCT = 6  # images that are really different; the other dates are links to them
FIELD = 180.0  # metres


def geoboxes(side: int) -> dict[str, GeoBox]:
    """Grids of the bands over `side` pixels of 10 m."""
    found = {}
    for band in (*BANDS, "SCL"):
        metres = 20 if band == "SCL" else BAND[band].resolution
        found[band] = GeoBox((side * 10 // metres,) * 2, Affine(metres, 0, LEFT, 0, -metres, TOP), CRS)
    return found


def write_scenes(folder: Path, side: int, dates: int) -> pd.DataFrame:
    """Scenes and masks of a year, and their index."""
    rng = np.random.default_rng(0)
    grids, rows = geoboxes(side), []
    times = [dt.datetime(2022, 1, 3, 10, 24, 11) + dt.timedelta(days=number * 360 // dates) for number in range(dates)]
    for number, when in enumerate(times):
        name = f"S2A_MSIL2A_{when:%Y%m%dT%H%M%S}_N0509_R065_T32UPU_{when:%Y%m%dT%H%M%S}"
        scene = folder / "store" / f"{name}.scene"
        scene.mkdir(parents=True)
        layers = {}
        for band in BANDS:
            file = scene / f"{band}.tif"
            if number < DISTINCT:
                coarse = rng.uniform(500, 4500, (side // 50 + 2,) * 2).astype(np.float32)
                shape = grids[band].shape
                values = ndimage.zoom(coarse, shape[0] / coarse.shape[0], order=1, output=np.uint16)
                geotiff.write(file, values[: shape[0], : shape[1]] + 1000, grids[band])
            else:
                os.link(rows[number % DISTINCT]["folder"] / file.name, file)
            whole = Window(0, 0, grids[band].shape.x, grids[band].shape.y)
            layers[band] = Layer(file.name, grids[band], whole, file.stat().st_size, "")
        SceneRecord(
            id=name, level="L2A", tile="32UPU", time=when, platform="S2A", orbit=65, baseline="05.09",
            quantification=10000, cloud_cover=50.0, offsets=dict.fromkeys(BANDS, -1000),
            footprint=shapely.box(9, 48, 10, 49), layers=layers,
        ).write(scene)  # fmt: skip
        assert (scene / SCENE_FILE).is_file()
        clouds = ndimage.zoom(rng.random((side // 100 + 2,) * 2), 50, order=1)[: side // 2, : side // 2] > 0.5
        mask = folder / "masks" / f"{name}.tif"
        mask.parent.mkdir(exist_ok=True)
        grid = grids["SCL"]
        with rasterio.open(
            mask, "w", driver="GTiff", width=grid.shape.x, height=grid.shape.y, count=1, dtype="uint8",
            crs=CRS, transform=grid.affine, compress="deflate",
        ) as target:  # fmt: skip
            target.write(clouds.astype(np.uint8), 1)
        rows.append(
            {"id": name, "tile": "32UPU", "level": "L2A", "time": when, "baseline": "05.09", "offset": -1000,
             "file": str(scene), "mask": mask.name, "folder": scene}
        )  # fmt: skip
    return pd.DataFrame(rows).drop(columns="folder")


def build_coverage(side: int) -> TileCoverage:
    """Fields with a path of half a field's tenth between them, off the pixels' edges."""
    corners = np.arange(33.0, side * 10 - FIELD, FIELD * 1.1)
    shapes = [shapely.box(LEFT + x, TOP - y - FIELD, LEFT + x + FIELD, TOP - y) for y in corners for x in corners]
    frame = gpd.GeoDataFrame(
        {"parcel": [f"p{number}" for number in range(len(shapes))], "status": "usable"}, geometry=shapes, crs=CRS
    )
    frame["interior"] = frame.geometry
    grids = geoboxes(side)
    return TileCoverage.build(frame, Grid("32UPU", {band: grids[band] for band in BANDS}))


def work(folder: Path, memory: int, threads: int) -> None:
    """What is measured; runs in a process of its own and prints what it took as JSON."""
    logger.setLevel("INFO")
    index = pd.read_parquet(folder / "index.parquet")
    coverage = TileCoverage.load(folder / "coverage.npz")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    series = aggregate(
        [index], [folder / "masks"], coverage, [Bands(keep=BANDS), Interpolate(every="14d")], None,
        chain="L2A/clear/biweekly/mean", period=(dt.date(2022, 1, 1), dt.date(2022, 12, 31)),
        memory=memory, threads=threads,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worst = check(series, index, folder, coverage)
    print(json.dumps({"seconds": seconds, "peak": peak * 1024, "before": before * 1024, "worst": worst,
                      "parcels": len(coverage), "dates": series.sizes["time"]}))  # fmt: skip


def check(series: Any, index: pd.DataFrame, folder: Path, coverage: TileCoverage, some: int = 3) -> float:
    """Largest difference of a few parcels from what numpy makes of their pixels."""
    old = index["time"].to_numpy().astype("datetime64[D]").astype(int)
    new = series["time"].values.astype("datetime64[D]").astype(int)
    worst = 0.0
    for number in np.linspace(0, len(coverage) - 1, some).astype(int):
        for band in ("B04", "B11"):
            operator = coverage.of(band)
            row = operator.weights[[number]]
            pixels = operator.pixels[row.indices]
            y, x = np.divmod(pixels, operator.window.width)
            part = Window(x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1)
            at = (y - y.min(), x - x.min())
            window = Window(
                part.col_off + operator.window.col_off, part.row_off + operator.window.row_off, part.width, part.height
            )
            scale = 20 // BAND[band].resolution
            values = np.empty((len(index), len(pixels)))
            for date, scene in enumerate(index.itertuples()):
                values[date] = open_scene(scene).read(band, window)[at] / 10000
                with rasterio.open(folder / "masks" / scene.mask) as source:
                    clouds = source.read(1).astype(bool)
                values[date][clouds[(at[0] + window.row_off) // scale, (at[1] + window.col_off) // scale]] = np.nan
            filled = np.stack([np.interp(new, old[np.isfinite(v)], v[np.isfinite(v)]) for v in values.T])
            mean = row.data @ filled / row.data.sum()
            got = series["reflectance"].sel(band=band).values[number]
            worst = max(worst, float(np.abs(got - mean).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description="pixel-level interpolation: time and memory")
    parser.add_argument("--side", type=int, default=4000, help="pixels of 10 m on each side; a multiple of 100")
    parser.add_argument("--dates", type=int, default=60)
    parser.add_argument("--memory", type=float, default=1.0, help="GiB of pixels to be held at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, int(options.memory * 2**30), options.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"writing {options.dates} scenes of {options.side} x {options.side} pixels …", flush=True)
        write_scenes(folder, options.side, options.dates).to_parquet(folder / "index.parquet")
        build_coverage(options.side).save(folder / "coverage.npz")
        command = [sys.executable, __file__, "--work", str(folder), "--memory", str(options.memory),
                   "--threads", str(options.threads)]  # fmt: skip
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    took = json.loads(result.stdout.splitlines()[-1])
    pixels = sum((options.side * 10 // BAND[band].resolution) ** 2 for band in BANDS)
    cube = pixels * options.dates * 4
    print(f"{took['parcels']} parcels, bands {' '.join(BANDS)}, {options.dates} dates to {took['dates']}")
    print(f"cube of all pixels and dates  {cube / 2**30:8.2f} GiB")
    print(
        f"largest resident memory       {took['peak'] / 2**30:8.2f} GiB ({took['before'] / 2**30:.2f} before the start)"
    )
    print(f"time                          {took['seconds']:8.1f} s, "
          f"{pixels * options.dates / took['seconds'] / 1e6:.1f} million values a second")  # fmt: skip
    print(f"largest difference from numpy {took['worst']:8.1e}")


if __name__ == "__main__":
    main()
