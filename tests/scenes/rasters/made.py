"""Small GeoTIFFs, and sources of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

from cloudrobust.config.sources import RastersSource
from cloudrobust.scenes.rasters.source import RasterSource

JUNE = (date(2022, 6, 1), date(2022, 6, 30))


def source(store: Path, pattern: str, **more: Any) -> RasterSource:
    given = {"store": store, "pattern": pattern, "level": "L2A", "records": store.parent / "records", **more}
    return RasterSource(RastersSource(**given))


def write(file: Path, *bands: np.ndarray, crs: str | None = "EPSG:32633", nodata: float | None = None,
          names: tuple[str, ...] = (), left: float = 500000.0, pixel: float = 10.0,
          top: float = 5100000.0) -> Path:  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    height, width = bands[0].shape
    with rasterio.open(
        file, "w", driver="GTiff", width=width, height=height, count=len(bands), dtype=bands[0].dtype, crs=crs,
        transform=Affine(pixel, 0, left, 0, -pixel, top), nodata=nodata, compress="deflate",
    ) as image:  # fmt: skip
        for number, band in enumerate(bands, 1):
            image.write(band, number)
        if names:
            image.descriptions = names
    return file


def numbers(seed: int = 0, dtype: str = "uint16", low: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, 9000, (12, 14)).astype(dtype)
