"""Means of parcels: the coverage operator against exactextract, and against rasterstats where it is installed.

A made-up scene and made-up parcels, side by side in one run:

    python benchmarks/aggregation.py --size 4000 --bands 10 --parcels 5000

prints the seconds of each, the ratio, and the largest difference in digital numbers. The coverage
operator is built once for a tile and serves every scene, so its building is printed apart.
rasterstats counts a pixel wholly or not at all, so its means differ.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
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

CRS = "EPSG:32632"
LEFT, TOP, PIXEL = 600000.0, 5400000.0, 10.0


def make_parcels(count: int, size: int, hectares: float, generator: np.random.Generator) -> gpd.GeoDataFrame:
    """Star-shaped fields of thirteen corners, of a mean area, on a lattice over the whole scene."""
    side = int(np.ceil(np.sqrt(count)))
    cell = size * PIXEL / side
    row, column = np.divmod(np.arange(count), side)
    angles = np.linspace(0, 2 * np.pi, 14)[:-1]
    # The area of such a star is about pi r^2 less the cut corners, r from 0.6 to 1 times its largest.
    largest = min(cell / 2, np.sqrt(hectares * 1e4 / (0.62 * np.pi)))
    radius = largest * generator.uniform(0.6, 1.0, (count, len(angles)))
    x = LEFT + (column[:, None] + 0.5) * cell + radius * np.cos(angles)
    y = TOP - (row[:, None] + 0.5) * cell + radius * np.sin(angles)
    return gpd.GeoDataFrame(geometry=shapely.polygons(np.stack([x, y], axis=-1)), crs=CRS)


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Result and seconds of one call."""
    start = time.perf_counter()
    return function(), time.perf_counter() - start


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


def main() -> None:
    """Make the scene, run each, print seconds, ratios and differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4000, help="rows and columns of the scene")
    parser.add_argument("--bands", type=int, default=10, help="number of bands")
    parser.add_argument("--parcels", type=int, default=5000, help="number of parcels")
    parser.add_argument("--hectares", type=float, default=3.0, help="mean area of a parcel")
    parser.add_argument("--nodata", type=float, default=0.1, help="share of pixels without data")
    parser.add_argument("--peers", type=int, default=None, help="bands given to the peers (their time is scaled up)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    bands = generator.integers(1, 12000, (options.bands, options.size, options.size), dtype=np.uint16)
    missing = generator.random((options.size, options.size), dtype=np.float32) < options.nodata
    bands[:, missing] = 0
    parcels = make_parcels(options.parcels, options.size, options.hectares, generator)
    geobox = GeoBox((options.size, options.size), Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP), CRS)

    coverage, build = timed(lambda: Coverage.build(parcels, geobox))
    ours, seconds = timed(lambda: coverage.mean(bands, mask=missing))
    _, statistics = timed(lambda: coverage.statistics(bands, mask=missing))
    print(
        f"{options.parcels} parcels of {parcels.area.mean() / 1e4:.1f} ha, {coverage.weights.nnz:,} shares; "
        f"{options.bands} bands of {options.size} x {options.size} pixels, {options.nodata:.0%} nodata"
    )
    print(f"{'cloudrobust, build once':<30}{build:9.2f} s")
    print(f"{'cloudrobust, mean':<30}{seconds:9.2f} s")
    print(f"{'cloudrobust, mean, std, count':<30}{statistics:9.2f} s")
    given = options.peers or options.bands
    for name, peer in (("exactextract", by_exactextract), ("rasterstats", by_rasterstats)):
        if importlib.util.find_spec(name) is None:
            print(f"{name + ', mean':<30} is not installed, skipped")
            continue
        theirs, their_seconds = timed(lambda peer=peer: peer(bands[:given], parcels))
        their_seconds *= options.bands / given
        difference = np.nanmax(np.abs(ours[:, :given] - theirs))
        same_missing = np.array_equal(np.isnan(ours[:, :given]), np.isnan(theirs))
        print(
            f"{name + ', mean':<30}{their_seconds:9.2f} s, {their_seconds / seconds:.0f} times as long per scene; "
            f"largest difference {difference:.1e} DN, same parcels missing: {'yes' if same_missing else 'no'}"
        )


if __name__ == "__main__":
    main()
