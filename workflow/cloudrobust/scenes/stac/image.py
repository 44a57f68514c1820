"""One remote image: what its header says, and the window of it that is wanted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from ..failures import Trouble
from ..images import geotiff
from ..images.cog import NotTiled, Plan, TiledImage
from ..remote.download import Downloader, Version
from ..safe.manifest import file_checksum

FIRST = 1 << 15
"""Bytes of a file to read at first: the headers of most images are shorter."""

_ONE_THREAD = {"GDAL_NUM_THREADS": "1", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}


class RemoteImage:
    """An image behind an address.

    Its header is read on opening. A tiled GeoTIFF is then fetched tile by tile; any other image, like ESA's
    JPEG 2000 files, as a whole, because where its parts lie is not told in its header.

    Parameters
    ----------
    url: address.
    downloader: fetches.

    Attributes
    ----------
    geobox: the image's grid.
    requests, received: what was asked for so far, and the bytes that it brought.
    """

    def __init__(self, url: str, downloader: Downloader) -> None:
        self.url, self.downloader = url, downloader
        self.requests = self.received = 0
        self.open()

    def open(self) -> None:
        """Read the header, again if it was read before.

        Raises
        ------
        Trouble
            If it is broken.
        Refused
            If it can't be had.
        """
        self._start = b""
        self._version: Version | None = None
        self.tiled: TiledImage | None
        try:
            self.tiled = TiledImage.parse(self._read)
            self.geobox = self.tiled.geobox
        except NotTiled:
            self.tiled = None
            self.geobox = self._geobox_of_start()

    def _read(self, offset: int, length: int) -> bytes:
        """Bytes of the file, of which the start is kept."""
        if not self._start:
            self._start = self._fetched(0, FIRST)
        if offset + length <= len(self._start):
            return self._start[offset : offset + length]
        if offset + length <= 16 * FIRST:
            self._start += self._fetched(len(self._start), max(offset + length, 2 * len(self._start)))
            return self._start[offset : offset + length]
        return self._fetched(offset, offset + length)

    def _fetched(self, start: int, end: int) -> bytes:
        size = self._version.size if self._version is not None else None
        end = end if size is None else min(end, size)
        if start >= end:
            return b""
        target = io.BytesIO()
        self._version = self._copy(target, start, end - start)
        return target.getvalue()

    def _copy(self, target: BinaryIO, start: int, length: int | None) -> Version:
        """Fetch a part of the file, and count it."""
        before = target.tell()
        self.requests += 1
        version = self.downloader.copy(self.url, target, start, length, self._version)
        self.received += target.tell() - before
        return version

    def _geobox_of_start(self) -> GeoBox:
        """The grid of an image that is not a tiled GeoTIFF, by as much of its start as needed."""
        while True:
            try:
                with rasterio.Env(**_ONE_THREAD), MemoryFile(self._start) as memory, memory.open() as image:
                    if image.crs is None:
                        raise Trouble("the image has no georeferencing")
                    return GeoBox(image.shape, image.transform, str(image.crs))
            except RasterioError as error:
                before = len(self._start)
                self._start += self._fetched(before, 4 * before)
                if len(self._start) == before:
                    raise Trouble("what the service sends is no image") from error

    def fetch(self, window: Window, path: Path, see: Any = None, checksum: tuple[str, str] | None = None) -> Window:
        """Write the window as a GeoTIFF of its own and make sure that it is whole.

        Parameters
        ----------
        window: in pixels of the image, not empty.
        path: file to write.
        see: gets every decoded block.
        checksum: algorithm and checksum of the whole file, where the archive states one.

        Returns
        -------
        The window that the file holds; it may be larger.

        Raises
        ------
        Trouble
            If what arrived is damaged.
        Refused
            If it does not arrive at all.
        """
        if self.tiled is None:
            return self._fetch_whole(window, path, see, checksum)
        plan = self.tiled.plan(window)
        with path.open("wb") as target:
            target.write(plan.header)
            for start, length in plan.ranges:
                self._copy_range(target, start, length)
        problem = geotiff.verify(path, (plan.window.height, plan.window.width), see)
        if problem is not None:
            raise Trouble(f"what arrived {problem}")
        return plan.window

    def _copy_range(self, target: Any, start: int, length: int) -> None:
        """A range of the file, its beginning from what is known already."""
        known = self._start[start : start + length]
        target.write(known)
        if len(known) < length:
            self._copy(target, start + len(known), length - len(known))

    def _fetch_whole(self, window: Window, path: Path, see: Any, checksum: tuple[str, str] | None) -> Window:
        original = path.with_name(f"{path.name}.whole")
        try:
            with original.open("wb") as target:
                target.write(self._start)
                size = self._version.size if self._version is not None else None
                if size is None or size > len(self._start):
                    self._copy(target, len(self._start), None)
            if checksum is not None:
                algorithm = {"md5": "MD5", "sha256": "SHA-256", "sha3_256": "SHA3-256"}[checksum[0]]
                if file_checksum(original, algorithm) != checksum[1]:
                    raise Trouble(f"what arrived differs from the {algorithm} checksum that the catalogue states")
            try:
                with rasterio.Env(**_ONE_THREAD), rasterio.open(original) as image:
                    pixels = image.read(1, window=window)
            except RasterioError as error:
                raise Trouble("what arrived is truncated or corrupt") from error
        finally:
            original.unlink(missing_ok=True)
        rows, columns = window.toslices()
        if pixels.dtype not in (np.uint8, np.uint16):
            raise Trouble(f"the image holds {pixels.dtype}, not digital numbers")
        geotiff.write(path, pixels, self.geobox[rows, columns])
        if see is not None:
            see(pixels)
        return window


def planned(image: RemoteImage, window: Window) -> Plan | None:
    """What would be fetched for a window; None where only the whole file can be."""
    return image.tiled.plan(window) if image.tiled is not None else None
