"""The five real Level-1C acquisitions of one place in Slovenia as `.SAFE` products, for tests of any room."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox

from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.safe.writer import write_product

TILE = "33TVM"


def slovenia_files(real_data: Path) -> list[Path]:
    """The five files, by date: 13 bands of digital numbers, 10000 = reflectance 1, on one grid of 9.99 m."""
    return sorted((real_data / "slovenia-l1c-2015").glob("2015????.tif"))


def read_slovenia(path: Path) -> tuple[datetime, dict[str, np.ma.MaskedArray], GeoBox]:
    """Sensing time (naive UTC), bands (masked where no data) and the grid of one file."""
    with rasterio.open(path) as image:
        time = datetime.fromisoformat(image.tags()["datetime"]).replace(tzinfo=None)
        pixels = image.read(masked=True)
        geobox = GeoBox(image.shape, image.transform, str(image.crs))
        assert image.descriptions == BANDS
    return time, dict(zip(BANDS, pixels, strict=True)), geobox


def write_slovenia(folder: Path, real_data: Path, baseline: str = "02.04") -> list[Path]:
    """Write the five acquisitions as Level-1C products below `folder`; return their `.SAFE` folders by date.

    All 13 bands lie on the file's own grid (100 x 101 pixels of 9.9948 m x 9.9974 m, EPSG:32633). The
    tile is called 33TVM, the relative orbit 122 or 22 by date.
    """
    products = []
    for path in slovenia_files(real_data):
        time, bands, geobox = read_slovenia(path)
        products.append(
            write_product(
                folder,
                level="L1C",
                tile=TILE,
                time=time,
                platform="S2A",
                orbit=22 if time.minute >= 5 else 122,
                baseline=baseline,
                geoboxes=dict.fromkeys(BANDS, geobox),
                bands=bands,
            )
        )
    return products
