"""Bands of GeoTIFFs from elsewhere: their grids, and their numbers as harmonised ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ...errors import InputError
from ..failures import Trouble
from ..images.tiff import CORRUPT, inflated
from ..radiometry import SATURATED, SCALE

# One thread: scenes and bands are already read at the same time.
_READ = {"GDAL_NUM_THREADS": "1"}
DAMAGED = "is no raster, or is truncated or corrupt"


@contextmanager
def opened(path: Path) -> Iterator[DatasetReader]:
    """A raster to read from.

    Raises
    ------
    InputError
        If it is missing or damaged, also when that shows only while it is read.
    """
    try:
        with rasterio.Env(**_READ), rasterio.open(path) as image:
            yield image
    except RasterioError as error:
        what = DAMAGED if path.is_file() else "is missing"
        raise InputError(f"{path}: {what}; export or copy it again") from error


def geobox_of(image: DatasetReader, path: Path) -> GeoBox:
    """The grid of an opened raster.

    Raises
    ------
    InputError
        If it says not where on the Earth it lies.
    """
    if image.crs is None:
        raise InputError(f"{path}: has no coordinate system; write one into it, for example with gdal_edit.py -a_srs")
    return GeoBox(image.shape, image.transform, image.crs.to_wkt() if image.crs.to_epsg() is None else str(image.crs))


def read_numbers(path: Path, number: int, window: Window | None, nodata: float | None) -> np.ma.MaskedArray:
    """A band, (y, x), as the file holds it; masked where the file, `nodata` or NaN says that there is no data."""
    with opened(path) as image:
        pixels = image.read(number, window=window, masked=True)
    values = np.ma.getdata(pixels)
    invalid = np.ma.getmaskarray(pixels)
    if nodata is not None and not np.isnan(nodata):
        invalid = invalid | (values == nodata)
    if values.dtype.kind == "f":
        invalid = invalid | ~np.isfinite(values)
    return np.ma.MaskedArray(values, mask=invalid)


def harmonised(pixels: np.ma.MaskedArray, scale: float, offset: float) -> np.ma.MaskedArray:
    """Numbers of a file to harmonised ones, int32, 10000 = reflectance 1: (number x scale + offset) x 10000, rounded.

    The largest number of 16 bits stands for all that are larger: it is masked as saturated.
    """
    values, invalid = np.ma.getdata(pixels), np.ma.getmaskarray(pixels)
    if values.dtype == np.uint16:
        invalid = invalid | (values == SATURATED)
    reflectance: NDArray[Any] = np.where(invalid, 0, values).astype(np.float64) * scale + offset
    reflectance[invalid] = 0
    return np.ma.MaskedArray(np.rint(reflectance * SCALE).astype(np.int32), mask=invalid)


def verify(path: Path) -> None:
    """Make sure that every pixel of a raster can be had: by the checksums of its compressed blocks, or by decoding it.

    Raises
    ------
    InputError
        If it is damaged.
    """
    with opened(path) as image:
        if image.driver == "GTiff":
            try:
                with path.open("rb") as stream:
                    blocks = inflated(stream)
                    if blocks is not None:
                        for _ in blocks:
                            pass
                        return
            except CORRUPT as error:
                raise InputError(f"{path}: {DAMAGED}; export or copy it again") from error
            except Trouble as error:
                raise InputError(f"{path}: {DAMAGED}; export or copy it again") from error
        rows = max(1, 1024 // image.block_shapes[0][0]) * image.block_shapes[0][0]
        for row in range(0, image.height, rows):
            image.read(window=Window(0, row, image.width, min(rows, image.height - row)))
