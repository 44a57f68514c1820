"""JPEG 2000 images: decoding so that damage is never taken for data, and lossless encoding."""

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

# One thread: with more, GDAL 3.10 returns zeros for what a truncated file lacks instead of failing.
# Sidecar files (.aux.xml, world files) are not looked at: the georeferencing is the file's own.
_READ = {"GDAL_NUM_THREADS": "1", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}


def read_geobox(path: Path, scene: str) -> GeoBox:
    """CRS, affine and shape from the JP2's own georeferencing; `scene` is named in errors."""
    with _opened(path, scene) as image:
        return GeoBox(image.shape, image.transform, str(image.crs))


def read_window(path: Path, scene: str, window: Window | None = None) -> NDArray[Any]:
    """Decode one window, or the whole image.

    Parameters
    ----------
    path: the image.
    scene: id of the scene, for error sentences.
    window: in pixels of this image, inside it; None for all of it.

    Returns
    -------
    (y, x) array of the file's own type.

    Raises
    ------
    InputError
        If the file is missing, truncated or corrupt.
    ValueError
        If the window reaches beyond the image.
    """
    with _opened(path, scene) as image:
        if window is not None:
            inside = (
                window.row_off >= 0
                and window.col_off >= 0
                and window.row_off + window.height <= image.height
                and window.col_off + window.width <= image.width
            )
            if not inside:
                raise ValueError(f"{window} reaches beyond {path.name} of {image.height} x {image.width} pixels")
        pixels: NDArray[Any] = image.read(1, window=window)
    return pixels


def read_small(path: Path, scene: str, factor: int) -> NDArray[Any]:
    """The whole image at 1 / `factor` of its size, a power of 2; the wavelet's coarser levels cost little."""
    with _opened(path, scene) as image:
        shape = (max(image.height // factor, 1), max(image.width // factor, 1))
        pixels: NDArray[Any] = image.read(1, out_shape=shape)
    return pixels


def damaged(path: Path, scene: str, what: str) -> InputError:
    """The error sentence about an image that can't be used."""
    return InputError(f"{path}: {what}; fetch the scene {scene} again")


@contextmanager
def _opened(path: Path, scene: str) -> Iterator[DatasetReader]:
    """The image, in an environment in which damage is an error, for as long as the block lasts."""
    if not path.is_file():
        raise damaged(path, scene, "is missing")
    try:
        with rasterio.Env(**_READ), rasterio.open(path, driver="JP2OpenJPEG") as image:
            if image.crs is None or not image.crs.is_projected:
                raise damaged(path, scene, "has no georeferencing in a projected CRS")
            yield image
    except RasterioError as error:
        raise damaged(path, scene, "is truncated or corrupt") from error


def write_image(path: Path, pixels: NDArray[Any], geobox: GeoBox, threads: int = 1) -> None:
    """Write one band losslessly, georeferenced to the last bit of the affine.

    Parameters
    ----------
    path: file to write; its folder exists.
    pixels: (y, x) uint8 or uint16.
    geobox: grid of the same shape.
    threads: threads of the encoder; the bytes don't depend on it.
    """
    height, width = geobox.shape
    if pixels.shape != (height, width):
        raise ValueError(f"{path.name}: {pixels.shape} pixels do not fit the grid of {(height, width)}")
    with (
        rasterio.Env(GDAL_NUM_THREADS=str(threads), GDAL_PAM_ENABLED="NO"),
        rasterio.open(
            path,
            "w",
            driver="JP2OpenJPEG",
            width=width,
            height=height,
            count=1,
            dtype=pixels.dtype,
            crs=str(geobox.crs),
            transform=geobox.affine,
            # together these make the codec lossless; QUALITY alone does not
            QUALITY="100",
            REVERSIBLE="YES",
            YCBCR420="NO",
        ) as image,
    ):
        image.write(np.ascontiguousarray(pixels), 1)
