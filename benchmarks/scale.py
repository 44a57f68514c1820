"""Where the time of one tile and month goes, and how it grows with pixels, parcels and dates.

    python benchmarks/scale.py --out docs/scaling            the sweep: points.json and growth.png there
    python benchmarks/scale.py --out docs/scaling --full     and a full month: one tile of 10980 x 10980 pixels,
                                                             100,000 parcels, 6 dates at both levels (half an hour)

Each point is a process of its own: products of both levels are written as real `.SAFE` folders, then masked,
averaged and written exactly as the rules do it, on one thread, with the clock around each part. `seconds` are those of
the processor, so that other work on the machine does not count; `wall_seconds` are those of the clock on the wall.

read        bytes of the images from disk, before anything else (wall seconds; decoding finds them in memory)
decode      JPEG 2000 to numbers
mask        finding and writing masks, less the decoding in it
aggregate   the sparse matrix times the pixels
write       the month's NetCDF
other       what is left: harmonising, checks, metadata

Images are noise on a smooth field, about as hard to compress as a real scene (its bits per pixel are printed). Each
product has a name, a date and metadata of its own, but bands of one resolution share one encoded file (as hard links),
over all dates: that saves writing them and a disk full of them, and changes nothing for the reader, who reads and
decodes every one of them. The coverage operator is built once for a tile and year, so its seconds stand apart.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

TILE = 10980
MONTH = 6
"""Acquisitions of a place in a calendar month: one every five days (ESA, Sentinel-2 User Handbook, two satellites)."""
PARTS = ("read", "decode", "mask", "aggregate", "write", "other")
BASE = {"size": 1098, "parcels": 4000, "dates": 1}
SWEEP = {
    "size": (549, 1098, 2196, 4392),
    "parcels": (1000, 4000, 16000, 64000),
    "dates": (1, 2, 4, 8),
}


class Clock:
    """Seconds spent in some functions, by the processor and on the wall, inner ones taken out of outer ones.

    On one thread of an idle machine both are the same; on a shared one the processor's leave out the waiting for
    others.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self._open: list[tuple[float, float]] = []

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Count the block under `name`, without what is counted inside it under other names."""
        start = (time.process_time(), time.perf_counter())
        self._open.append((0.0, 0.0))
        try:
            yield
        finally:
            spent = (time.process_time() - start[0], time.perf_counter() - start[1])
            inner = self._open.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + spent[0] - inner[0]
            self.wall[name] = self.wall.get(name, 0.0) + spent[1] - inner[1]
            if self._open:
                self._open[-1] = (self._open[-1][0] + spent[0], self._open[-1][1] + spent[1])

    def watch(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its calls counted under `name`."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.around(name):
                return function(*args, **kwargs)

        return counted


def make_archive(folder: Path, size: int, dates: int) -> float:
    """Products of both levels in `folder`; gives the bits per pixel of their 10 m images."""
    from odc.geo.geobox import GeoBox
    from scipy import ndimage

    from cloudrobust.scenes.bands import BAND, bands_of
    from cloudrobust.scenes.images import jp2
    from cloudrobust.scenes.safe.writer import write_product

    generator = np.random.default_rng(1)
    boxes = {
        pixel: GeoBox.from_bbox(
            (600000, 5400000 - size * 10, 600000 + size * 10, 5400000), "EPSG:32632", resolution=pixel
        )
        for pixel in (10, 20, 60)
    }
    images: dict[tuple[int, int], np.ndarray] = {}
    for box in boxes.values():
        height, width = box.shape
        values = generator.standard_normal((height, width), dtype=np.float32)
        values *= 60
        coarse = 400 * generator.standard_normal((9, 9), dtype=np.float32)
        values += ndimage.zoom(coarse, (height / 9, width / 9), order=1)[:height, :width]
        values += 1500
        images[height, width] = np.clip(values, 1, 9000).astype(np.int32)
    height, width = boxes[20].shape
    cloudy = ndimage.zoom(generator.normal(size=(30, 30)), (height / 30, width / 30), order=1)[:height, :width] > 0.8
    classification = np.where(cloudy, 9, 4).astype(np.uint8)

    encoded: dict[tuple[Any, ...], Path] = {}
    write_image = jp2.write_image

    def once(path: Path, pixels: np.ndarray, geobox: GeoBox, _threads: int = 1) -> None:
        key = (pixels.shape, str(pixels.dtype))
        if key in encoded:
            os.link(encoded[key], path)
            return
        write_image(path, pixels, geobox, os.cpu_count() or 1)
        kept = folder / f"{len(encoded)}.jp2"
        os.link(path, kept)
        encoded[key] = kept

    with mock.patch.object(jp2, "write_image", once):
        for number in range(dates):
            for level in ("L1C", "L2A"):
                geoboxes = {band: boxes[BAND[band].resolution] for band in bands_of(level)} | {"SCL": boxes[20]}
                write_product(
                    folder / "store",
                    level=level,
                    tile="32UPU",
                    time=datetime(2022, 5, 1, 10, 20, 31) + timedelta(days=5 * number),
                    platform="S2A",
                    orbit=65,
                    baseline="04.00",
                    geoboxes=geoboxes,
                    bands={band: images[tuple(geoboxes[band].shape)] for band in bands_of(level)},
                    classification=classification if level == "L2A" else None,
                )
    finest = encoded[(tuple(boxes[10].shape), "uint16")]
    return finest.stat().st_size * 8 / size**2


def make_parcels(count: int, size: int) -> Any:
    """Fields of two hectares at most on a lattice, as `read_parcels` gives them."""
    import geopandas as gpd
    import shapely

    side = int(np.ceil(np.sqrt(count)))
    cell = size * 10 / side
    row, column = np.divmod(np.arange(count), side)
    half = min(cell * 0.45, 70.0)
    x, y = 600000 + (column + 0.5) * cell, 5400000 - (row + 0.5) * cell
    turned = [0.3, 1.9, 3.4, 5.1]
    corners = np.stack([np.stack([x + half * np.cos(a), y + half * np.sin(a)], -1) for a in turned], axis=1)
    shapes = gpd.GeoSeries(shapely.polygons(corners), crs="EPSG:32632")
    frame = {"parcel": np.arange(count).astype(str), "status": "usable", "interior": shapes}
    return gpd.GeoDataFrame(frame, geometry=shapes)


def read_from_disk(file: Path) -> tuple[int, float]:
    """Bytes of a file and the seconds of reading it, its pages dropped from memory before."""
    with file.open("rb", buffering=0) as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        start = time.perf_counter()
        return len(opened.read()), time.perf_counter() - start


def measure(size: int, parcels: int, dates: int) -> dict[str, Any]:
    """One point: seconds of each part for both levels together, peak memory, bytes."""
    from cloudrobust.config.steps import Mask
    from cloudrobust.parcels.aggregate import observe
    from cloudrobust.parcels.coverage import Coverage
    from cloudrobust.parcels.series import write_dataset
    from cloudrobust.parcels.tiles import TileCoverage
    from cloudrobust.scenes import open_scene
    from cloudrobust.scenes.fetch import describe
    from cloudrobust.scenes.grid import Grid
    from cloudrobust.scenes.images import jp2
    from cloudrobust.scenes.index import to_index
    from cloudrobust.steps.mask import mask_scenes

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In another process, so that the memory of making them is not counted here.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            bits = maker.submit(make_archive, folder, size, dates).result()
        products = sorted((folder / "store").glob("*.SAFE"))
        clock = Clock()
        files = sorted({file for product in products for file in product.rglob("*.jp2")})
        readings = [read_from_disk(file) for file in files]
        stored, reading = sum(size for size, _ in readings), sum(seconds for _, seconds in readings)

        levels = {level: [p for p in products if f"MSI{level}" in p.name] for level in ("L1C", "L2A")}
        grid = Grid("32UPU", dict(open_scene(levels["L2A"][0]).geoboxes) | dict(open_scene(levels["L1C"][0]).geoboxes))
        start = time.process_time()
        coverage = TileCoverage.build(make_parcels(parcels, size), grid)
        building = time.process_time() - start
        index = {level: to_index([describe(p, folder / "store") for p in chosen]) for level, chosen in levels.items()}

        with (
            mock.patch.object(jp2, "read_window", clock.watch("decode", jp2.read_window)),
            mock.patch.object(Coverage, "statistics", clock.watch("aggregate", Coverage.statistics)),
        ):
            for level, chain in (("L1C", "L1C"), ("L2A", "L2A/clear")):
                scenes, masks = index[level], None
                if level == "L2A":
                    masks = folder / "masks"
                    step = Mask.model_validate({"do": "mask", "method": "scl", "dilate": 20})
                    with clock.around("mask"):
                        scenes = mask_scenes(scenes, step, coverage, folder / "store", masks)
                with clock.around("other"):
                    observations = observe(scenes, coverage, folder / "store", masks, chain=chain)
                with clock.around("write"):
                    write_dataset(observations, folder / f"{level}.nc")
        written = sum((folder / f"{level}.nc").stat().st_size for level in levels)
    # Decoding finds the bytes in memory, so reading them comes on top.
    seconds, wall = clock.seconds | {"read": reading}, clock.wall | {"read": reading}
    return {
        "size": size,
        "parcels": parcels,
        "dates": dates,
        "seconds": {part: round(seconds[part], 3) for part in PARTS},
        "total": round(sum(seconds[part] for part in PARTS), 2),
        "wall_seconds": {part: round(wall[part], 3) for part in PARTS},
        "wall": round(sum(wall[part] for part in PARTS), 2),
        "coverage": round(building, 2),
        # Kilobytes on Linux.
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "stored_bytes": stored,
        "written_bytes": written,
        "bits_per_pixel": round(bits, 2),
        "parcels_measured": len(coverage),
    }


def in_a_process(point: dict[str, int]) -> dict[str, Any]:
    """Measure a point in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--one", json.dumps(point)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-4000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    share = (found["seconds"]["read"] + found["seconds"]["decode"]) / found["total"]
    print(
        f"{point}: {found['total']} s (wall {found['wall']} s), "
        f"{share:.0%} of it reading, {found['peak_bytes'] / 1e9:.2f} GB",
        flush=True,
    )
    return found


def slope(points: list[dict[str, Any]], along: str, value: Callable[[dict[str, Any]], float]) -> float:
    """Exponent of the growth between the largest and the smallest point: 1 is proportional."""
    first, last = points[0], points[-1]
    grown = (last[along] / first[along]) ** (2 if along == "size" else 1)
    return float(np.log(max(value(last), 1e-4) / max(value(first), 1e-4)) / np.log(grown))


def draw(points: list[dict[str, Any]], file: Path) -> None:
    """Log-log figure, PNG and PDF: seconds of each part over pixels, parcels and dates, with the slopes."""
    from matplotlib import pyplot as plt

    from cloudrobust.report.palette import INK, PALETTE
    from cloudrobust.report.style import WIDTH, panel_letter, save, styled

    looks = dict(zip(PARTS, zip((PALETTE[n] for n in (1, 4, 2, 5, 6, 0)), "os^vDP", strict=True), strict=True))
    looks["total"] = (INK, "x")

    @styled
    def figure() -> Any:
        drawing, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.9), sharey=True, layout="constrained")
        names = {"size": "million pixels of 10 m in the tile", "parcels": "parcels", "dates": "dates at both levels"}
        for axis, letter, (along, label) in zip(axes, "abc", names.items(), strict=True):
            chosen = of_sweep(points, along)
            x = [point[along] ** 2 / 1e6 if along == "size" else point[along] for point in chosen]
            for part, (colour, marker) in looks.items():
                value = (lambda p: p["total"]) if part == "total" else (lambda p, part=part: p["seconds"][part])
                exponent = slope(chosen, along, value)
                y = [value(point) for point in chosen]
                axis.loglog(
                    x, y, color=colour, marker=marker, ms=4, label=f"{part}  {exponent:.2f}".replace("-0.00", "0.00")
                )
            axis.set_xlabel(label)
            axis.set_xticks(x, [f"{value:.1f}" if along == "size" else f"{value:,}" for value in x])
            axis.minorticks_off()
            axis.legend(title="slope", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
            axis.set_title(f"with {'pixels' if along == 'size' else along}", loc="left")
            panel_letter(axis, letter)
        axes[0].set_ylabel("processor seconds, one thread")
        return drawing

    save(figure(), file.with_suffix(""))


def of_sweep(points: list[dict[str, Any]], along: str) -> list[dict[str, Any]]:
    """The points that differ from the base in one thing only, ascending."""
    others = [key for key in BASE if key != along]
    chosen = [p for p in points if all(p[key] == BASE[key] for key in others) and p[along] in SWEEP[along]]
    return sorted(chosen, key=lambda p: p[along])


def main() -> None:
    """Measure the points that are asked for, keep them, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks/scale"))
    parser.add_argument("--full", action="store_true", help="also the full tile and month (half an hour, 3 GB)")
    parser.add_argument("--full-only", action="store_true", help="the full tile and month, and nothing else")
    parser.add_argument("--size", type=int, default=TILE, help="side of the full tile in pixels")
    parser.add_argument("--dates", type=int, default=MONTH, help="dates of the full month")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(**arguments.one)))
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "points.json"
    points = json.loads(file.read_text()) if file.is_file() else []
    wanted = [BASE | {along: value} for along, values in SWEEP.items() for value in values]
    month = {"size": arguments.size, "parcels": 100_000, "dates": arguments.dates}
    wanted = [month] if arguments.full_only else [*wanted, month] if arguments.full else wanted
    for number, point in enumerate(wanted):
        if point in wanted[:number]:
            continue
        points = [p for p in points if any(p[key] != point[key] for key in point)]
        points.append(in_a_process(point))
        file.write_text(json.dumps(points, indent=1) + "\n")
    draw(points, arguments.out / "growth.png")


if __name__ == "__main__":
    main()
