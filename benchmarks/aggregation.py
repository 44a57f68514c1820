"""Statistics of parcels: what the pipeline calls for each scene, against exactextract and rasterstats (if installed).

A made-up scene and made-up parcels, side by side in one run:

    python benchmarks/aggregation.py
    python benchmarks/aggregation.py --parcels 49000 --rounds 5

Each round runs every contestant once, one after the other, so that a busy machine slows all of them. Printed are
medians of processor seconds, how many times as long each takes as the pipeline's own call, and the largest difference
of the means in digital numbers. The pipeline's call gives mean, deviation, count and clear share; the others only the
mean, where it says so. A copy of the bands and decoding them from the store's GeoTIFFs (DEFLATE) show what is left to
gain. Coverage is built once for a tile and serves every scene, so it is printed apart. rasterstats counts a pixel
wholly or not at all, so its means differ.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from cloudrobust.parcels import Coverage
from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.radiometry import MEASURED, NODATA

CRS = "EPSG:32632"
LEFT, TOP, PIXEL = 600000.0, 5400000.0, 10.0
CORNERS = 13


def make_parcels(count: int, size: int, hectares: float, generator: np.random.Generator) -> gpd.GeoDataFrame:
    """Fields of thirteen corners on a lattice over the whole scene, in an order of their own as in a real file.

    Their radii vary by two fifths, or by less where the lattice leaves no room for that.
    """
    side = int(np.ceil(np.sqrt(count)))
    cell = size * PIXEL / side
    row, column = np.divmod(generator.permutation(count), side)
    angles = np.linspace(0, 2 * np.pi, CORNERS + 1)[:-1]
    # The area of a polygon with radii drawn independently: half the sine of the angle between two, times their product.
    mean_radius = np.sqrt(hectares * 1e4 / (CORNERS / 2 * np.sin(2 * np.pi / CORNERS)))
    spread = min(0.25, cell / 2 / mean_radius - 1)
    if spread < 0:
        raise SystemExit(f"{count} parcels of {hectares} ha do not fit into {size} x {size} pixels; make them smaller")
    radius = mean_radius * generator.uniform(1 - spread, 1 + spread, (count, CORNERS))
    x = LEFT + (column[:, None] + 0.5) * cell + radius * np.cos(angles)
    y = TOP - (row[:, None] + 0.5) * cell + radius * np.sin(angles)
    return gpd.GeoDataFrame(geometry=shapely.polygons(np.stack([x, y], axis=-1)), crs=CRS)


def make_bands(count: int, size: int, missing: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.uint16]:
    """(band, y, x) raw digital numbers: patches of 16 pixels with noise upon them, 0 where `missing`."""
    bands = np.empty((count, size, size), np.uint16)
    for band in bands:
        patches = generator.integers(1200, 6000, (size // 16 + 1, size // 16 + 1), dtype=np.uint16)
        band[:] = np.kron(patches, np.ones((16, 16), np.uint16))[:size, :size]
        band += generator.integers(0, 250, band.shape, dtype=np.uint16)
        band[missing] = NODATA
    return bands


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Result and processor seconds of one call."""
    start = time.process_time()
    return function(), time.process_time() - start


def by_exactextract(bands: NDArray[np.uint16], parcels: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """(parcel, band) means by exactextract, all bands in one call; 0 is nodata."""
    height, width = bands.shape[1:]
    box = (LEFT, TOP - height * PIXEL, LEFT + width * PIXEL, TOP)
    wkt = parcels.crs.to_wkt()
    rasters = [NumPyRasterSource(b, *box, nodata=0, name=f"b{n:02d}", srs_wkt=wkt) for n, b in enumerate(bands)]
    table = exact_extract(rasters, parcels, ["mean"], output="pandas")
    return table.apply(pd.to_numeric).to_numpy(float)


def by_rasterstats(bands: NDArray[np.uint16], parcels: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """(parcel, band) means by rasterstats; 0 is nodata."""
    from rasterstats import zonal_stats

    affine = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    columns = [[row["mean"] for row in zonal_stats(parcels, b, affine=affine, stats=["mean"], nodata=0)] for b in bands]
    return np.array(columns, dtype=float).T


def compare(count: int, options: argparse.Namespace, folder: Path) -> None:
    """One table, for so many parcels."""
    generator = np.random.default_rng(options.seed)
    size = options.size
    missing = generator.random((size, size), dtype=np.float32) < options.nodata
    bands = make_bands(options.bands, size, missing, generator)
    parcels = make_parcels(count, size, options.hectares, generator)
    geobox = GeoBox((size, size), Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP), CRS)
    coverage, build = timed(lambda: Coverage.build(parcels, geobox))
    # The pipeline reads the window that covers the parcels.
    window = coverage.window.toslices()
    images = [np.ascontiguousarray(band[window]) for band in bands]
    mask = np.ascontiguousarray(missing[window])
    files = [folder / f"{number}.tif" for number in range(len(images))]
    for file, image in zip(files, images, strict=True):
        geotiff.write(file, image, coverage.geobox)
    print(
        f"{count} parcels of {parcels.area.mean() / 1e4:.1f} ha, {len(coverage.runs.shares):,} shares; "
        f"{options.bands} bands of {size} x {size} pixels, {options.nodata:.0%} nodata and masked"
    )
    print(f"{'coverage, built once':<46}{build:9.3f} s", flush=True)

    def pipeline(compiled: bool) -> NDArray[np.float32]:
        settings = {"valid": MEASURED, "offsets": [0] * len(images), "compiled": compiled}
        return coverage.statistics(images, mask, **settings).mean

    def decode() -> None:
        for file in files:
            geotiff.read(file)

    ours = "cloudrobust, all statistics of a scene"
    contestants: dict[str, Callable[[], NDArray[Any] | None]] = {
        ours: lambda: pipeline(True),
        "cloudrobust, the same by numpy": lambda: pipeline(False),
        "cloudrobust, mean by its public name": lambda: coverage.mean(images, mask),
        "a copy of the bands": lambda: [image.copy() for image in images] and None,
        "decoding the bands from the store's GeoTIFFs": decode,
        "exactextract, mean": lambda: by_exactextract(bands, parcels),
    }
    if importlib.util.find_spec("rasterstats"):
        contestants["rasterstats, mean"] = lambda: by_rasterstats(bands, parcels)
    pipeline(True)  # loads the machine code
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    means: dict[str, Any] = {}
    for _ in range(options.rounds):
        for name, contestant in contestants.items():
            means[name], taken = timed(contestant)
            seconds[name].append(taken)
    own = np.median(seconds[ours])
    for name, result in means.items():
        median = float(np.median(seconds[name]))
        line = f"{name:<46}{median:9.3f} s{median / own:8.1f} times"
        if result is not None and name != ours:
            missing_too = np.array_equal(np.isnan(result), np.isnan(means[ours]))
            line += f"; largest difference {np.nanmax(np.abs(result - means[ours])):.1e} DN"
            line += "" if missing_too else ", other parcels missing"
        print(line)


def main() -> None:
    """Compare at each number of parcels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4000, help="rows and columns of the scene")
    parser.add_argument("--bands", type=int, default=10, help="number of bands")
    parser.add_argument("--parcels", type=int, nargs="+", default=[5000, 49000], help="numbers of parcels")
    parser.add_argument("--hectares", type=float, default=2.1, help="mean area of a parcel")
    parser.add_argument("--nodata", type=float, default=0.1, help="share of pixels without data")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for count in options.parcels:
        with tempfile.TemporaryDirectory() as folder:
            compare(count, options, Path(folder))
        print()


if __name__ == "__main__":
    main()
