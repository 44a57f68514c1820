"""GeoTIFFs in the store: reading, writing, and making sure that one is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from ...errors import InputError
from ..failures import Trouble
from .tiff import CORRUPT, inflated

# Sidecar files are not looked at. One thread: scenes and bands are already read at the same time.
_READ = {"GDAL_NUM_THREADS": "1", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
_WRITE = {"GDAL_NUM_THREADS": "1", "GDAL_PAM_ENABLED": "NO"}

ROWS = 1024
"""Rows decoded at once in `verify`: what bounds its memory."""


def read(path: Path, window: Window | None = None) -> NDArray[Any]:
    """One band, (y, x).

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        with rasterio.Env(**_READ), rasterio.open(path, driver="GTiff") as image:
            pixels: NDArray[Any] = image.read(1, window=window)
            return pixels
    except RasterioError as error:
        what = "is truncated or corrupt" if path.is_file() else "is missing"
        raise InputError(f"{path}: {what}; delete the scene's folder and fetch it again") from error


def verify(path: Path, shape: tuple[int, int], see: Callable[[NDArray[Any]], None] | None = None) -> str | None:
    """Make sure that every pixel of a file can be had: by the checksums of its compressed blocks, or by decoding it.

    Parameters
    ----------
    path: the file.
    shape: rows and columns that it must have.
    see: gets arrays of pixels from all over the image, at least every fourth row.

    Returns
    -------
    What is wrong with the file, a clause; None if nothing is.
    """
    try:
        with rasterio.Env(**_READ), rasterio.open(path, driver="GTiff") as image:
            if image.shape != shape or image.count != 1:
                return f"has {image.count} bands of {image.shape} pixels in place of one of {shape}"
            if image.profile.get("compress") == "deflate" and image.is_tiled:
                return _verify_blocks(path, image, see)
            rows = image.block_shapes[0][0]
            step = max(ROWS // rows, 1) * rows
            for row in range(0, shape[0], step):
                block = image.read(1, window=Window(0, row, shape[1], min(step, shape[0] - row)))
                if see is not None:
                    see(block)
    except RasterioError:
        return "is truncated or corrupt"
    return None


def _verify_blocks(path: Path, image: DatasetReader, see: Callable[[NDArray[Any]], None] | None) -> str | None:
    """By checksums; what `see` wants is worked out from the blocks, so that none is decompressed twice."""
    rows, columns = image.block_shapes[0]
    across = -(-image.width // columns)
    predictor = image.tags(ns="IMAGE_STRUCTURE").get("PREDICTOR", "1")
    try:
        with path.open("rb") as stream:
            order = "<" if stream.read(1) == b"I" else ">"
            dtype = np.dtype(image.dtypes[0]).newbyteorder(order)
            for number, block in enumerate(inflated(stream) or ()):
                if block and len(block) != rows * columns * dtype.itemsize:
                    return "is truncated or corrupt"
                if not block or see is None or predictor not in ("1", "2"):
                    continue
                row, column = number // across * rows, number % across * columns
                pixels = np.frombuffer(block, dtype).reshape(rows, columns)[: image.height - row : 4]
                if predictor == "2":  # each pixel is the difference from the one before it, modulo 2^16
                    pixels = np.cumsum(pixels, axis=1, dtype=dtype.newbyteorder("="))
                see(pixels[:, : image.width - column])
    except (Trouble, ValueError):
        return "has a broken header"
    except CORRUPT:
        return "is truncated or corrupt"
    return None


def write(path: Path, pixels: NDArray[Any], geobox: GeoBox) -> None:
    """Write one band, see `writing`.

    Parameters
    ----------
    path: file to write; its folder exists.
    pixels: (y, x) uint8 or uint16.
    geobox: grid of the same shape.
    """
    height, width = geobox.shape
    if pixels.shape != (height, width):
        raise ValueError(f"{path.name}: {pixels.shape} pixels do not fit the grid of {(height, width)}")
    with writing(path, pixels.dtype, geobox) as image:
        image.write(np.ascontiguousarray(pixels), 1)


@contextmanager
def writing(path: Path, dtype: Any, geobox: GeoBox) -> Iterator[DatasetWriter]:
    """A file of one band to write to window by window: in blocks of 256 pixels, losslessly compressed, 0 no data."""
    height, width = geobox.shape
    with (
        rasterio.Env(**_WRITE),
        rasterio.open(
            path, "w", driver="GTiff", width=width, height=height, count=1, dtype=dtype, crs=str(geobox.crs),
            transform=geobox.affine, nodata=0, tiled=True, blockxsize=256, blockysize=256,
            compress="deflate", predictor=2, zlevel=1,
        ) as image,
    ):  # fmt: skip
        yield image
