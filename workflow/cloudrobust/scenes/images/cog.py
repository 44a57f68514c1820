"""Windows of tiled GeoTIFFs, cut out without decoding: the compressed tiles are kept as they are.

A Cloud Optimised GeoTIFF is a header that says where each tile lies, and the tiles. From the header
follows which bytes hold a window, and a new header over just these bytes makes a GeoTIFF of its own.
So nothing is compressed anew, and what is stored is what the archive holds, byte by byte.

Tags as in TIFF Revision 6.0 (Adobe, 1992) and OGC GeoTIFF 1.1 (19-008r4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from ..failures import Trouble
from .tiff import INTEGERS, TILE_BYTES, TILES, NotTiff, Read, Tag, directory, numbers

GAP = 1 << 17
"""Bytes between two wanted ranges up to which one request for both is cheaper than two."""

_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_SAMPLES, _SUB_IFDS, _PIXEL_SCALE, _TIEPOINT, _TRANSFORMATION = 277, 330, 33550, 33922, 34264


_GEOREFERENCING = frozenset({_PIXEL_SCALE, _TIEPOINT, _TRANSFORMATION, 34735, 34736, 34737})
"""Tags that decide about the grid; the last three are GeoTIFF's keys."""
_KNOWN: dict[tuple[str, tuple[int, int], tuple[tuple[int, int, int, bytes], ...]], GeoBox] = {}
"""Grids by the tags that they follow from: to understand them takes GDAL some milliseconds."""


class NotTiled(Exception):
    """The file is no tiled GeoTIFF of one band; it must be read whole."""


@dataclass(frozen=True)
class Plan:
    """Which bytes to fetch, and the header that stands before them.

    Attributes
    ----------
    header: first bytes of the new file.
    ranges: (offset in the source, length), to be written one behind the other after the header.
    window: part of the source's grid that the new file holds, whole tiles; it may be larger than asked for.
    """

    header: bytes
    ranges: tuple[tuple[int, int], ...]
    window: Window

    @property
    def bytes(self) -> int:
        """Bytes to fetch."""
        return sum(length for _, length in self.ranges)


@dataclass(frozen=True)
class TiledImage:
    """The first directory of a tiled GeoTIFF of one band.

    Attributes
    ----------
    order: "<" or ">", the byte order of header and pixels.
    tags: entries by number.
    """

    order: str
    tags: dict[int, Tag]

    @classmethod
    def parse(cls, read: Read) -> TiledImage:
        """Read the header.

        Raises
        ------
        NotTiled
            If it is another kind of image.
        Trouble
            If it is no image at all, or a broken one.
        """
        try:
            order, tags = directory(read)
        except NotTiff as error:
            raise NotTiled from error
        image = cls(order, tags)
        if _TILE_WIDTH not in tags or TILES not in tags or TILE_BYTES not in tags:
            raise NotTiled
        if _SAMPLES in tags and image.number(_SAMPLES) != 1:
            raise NotTiled
        try:
            expected = image.tiles[0] * image.tiles[1]
            sane = min(image.shape) > 0 and len(image.offsets) == len(image.counts) == expected
            consistent = sane and min(image.tile) > 0
        except (IndexError, ZeroDivisionError) as error:
            raise Trouble("the header of the image is broken") from error
        if not consistent:
            raise Trouble("the header of the image is broken")
        return image

    def number(self, tag: int) -> int:
        """The first value of a tag of integers."""
        return int(self.numbers(tag)[0])

    def numbers(self, tag: int) -> NDArray[np.int64]:
        """All values of a tag of integers."""
        return numbers(self.order, self.tags, tag)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of pixels."""
        return self.number(_HEIGHT), self.number(_WIDTH)

    @property
    def tile(self) -> tuple[int, int]:
        """Rows and columns of pixels in a tile."""
        return self.number(_TILE_HEIGHT), self.number(_TILE_WIDTH)

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return -(-self.shape[0] // self.tile[0]), -(-self.shape[1] // self.tile[1])

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each tile begins, row by row; 0 for a tile that is not stored."""
        return self.numbers(TILES)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Bytes of each tile; 0 for a tile that is not stored."""
        return self.numbers(TILE_BYTES)

    @cached_property
    def geobox(self) -> GeoBox:
        """The grid of the whole image, as GDAL understands its header.

        Raises
        ------
        Trouble
            If the image has no georeferencing.
        """
        located = tuple(
            (n, tag.kind, tag.count, tag.data) for n, tag in sorted(self.tags.items()) if n in _GEOREFERENCING
        )
        key = (self.order, self.shape, located)
        if key not in _KNOWN:  # the images of a tile share a few grids, whatever their date
            _KNOWN[key] = self._geobox()
        return _KNOWN[key]

    def _geobox(self) -> GeoBox:
        none = np.zeros(len(self.offsets), np.int64)
        try:
            with MemoryFile(self._header(self.shape, (0, 0), none, none)) as memory, memory.open() as image:
                if image.crs is None:
                    raise Trouble("the image has no georeferencing")
                return GeoBox(image.shape, image.transform, str(image.crs))
        except (RasterioError, ValueError) as error:
            raise Trouble("the header of the image is broken") from error

    def plan(self, window: Window) -> Plan:
        """What to fetch for a window.

        Parameters
        ----------
        window: in pixels, inside the image, not empty.
        """
        (height, width), (rows, columns) = self.shape, self.tile
        top, left = window.row_off // rows, window.col_off // columns
        bottom = -(-(window.row_off + window.height) // rows)
        right = -(-(window.col_off + window.width) // columns)
        if top < 0 or left < 0 or bottom > self.tiles[0] or right > self.tiles[1] or top >= bottom or left >= right:
            raise ValueError(f"{window} is no part of an image of {height} x {width} pixels")
        wanted = (np.arange(top, bottom)[:, None] * self.tiles[1] + np.arange(left, right)).ravel()
        offsets, counts = self.offsets[wanted], self.counts[wanted]
        ranges = _merged(offsets, counts)
        taken = Window(
            left * columns,
            top * rows,
            min(right * columns, width) - left * columns,
            min(bottom * rows, height) - top * rows,
        )
        shape, corner = (taken.height, taken.width), (taken.row_off, taken.col_off)
        # twice: the header's length decides about the places that it names, not the other way round
        base = len(self._header(shape, corner, offsets, counts))
        header = self._header(shape, corner, _moved(offsets, counts, ranges, base), counts)
        return Plan(header, ranges, taken)

    def _header(
        self,
        shape: tuple[int, int],
        corner: tuple[int, int],
        offsets: NDArray[np.int64],
        counts: NDArray[np.int64],
    ) -> bytes:
        """A classic TIFF header for tiles at the places given, of which `corner` (row, column) is the first pixel."""
        if offsets.max(initial=0) + counts.max(initial=0) >= 1 << 32:
            raise Trouble("the window over the parcels is larger than a GeoTIFF can hold")
        tags = {n: t for n, t in self.tags.items() if n != _SUB_IFDS}
        tags[_HEIGHT] = self._tag(4, np.array([shape[0]]))
        tags[_WIDTH] = self._tag(4, np.array([shape[1]]))
        tags[TILES] = self._tag(4, offsets)
        tags[TILE_BYTES] = self._tag(4, counts)
        if _TIEPOINT in tags and corner != (0, 0):
            tags[_TIEPOINT] = self._shifted_tiepoint(corner)
        if _TRANSFORMATION in tags and corner != (0, 0):
            tags[_TRANSFORMATION] = self._shifted_transformation(corner)
        if any(tag.kind in (16, 17, 18) for tag in tags.values()):
            raise Trouble("the header of the image holds numbers that only a BigTIFF can hold")
        return _encoded(self.order, tags)

    def _tag(self, kind: int, values: NDArray[np.int64]) -> Tag:
        return Tag(kind, len(values), values.astype(f"{self.order}{INTEGERS[kind]}").tobytes())

    def _doubles(self, number: int, multiple: int) -> Tag:
        """A tag of floating point numbers, so many or a multiple of them."""
        tag = self.tags[number]
        if tag.kind != 12 or not tag.count or tag.count % multiple:
            raise Trouble("the header of the image is broken")
        return tag

    def _shifted_tiepoint(self, corner: tuple[int, int]) -> Tag:
        # a tiepoint says which coordinates the pixel (column, row, 0) has: in the window it is another pixel
        tag = self._doubles(_TIEPOINT, 6)
        values = np.frombuffer(tag.data, f"{self.order}f8").reshape(-1, 6).copy()
        if len(values) == 1 and _PIXEL_SCALE in self.tags:
            scale = np.frombuffer(self._doubles(_PIXEL_SCALE, 3).data, f"{self.order}f8")
            values[0, 3] += (corner[1] - values[0, 0]) * scale[0]
            values[0, 4] -= (corner[0] - values[0, 1]) * scale[1]
            values[0, :2] = 0
        else:
            values[:, 0] -= corner[1]
            values[:, 1] -= corner[0]
        return Tag(tag.kind, tag.count, values.astype(f"{self.order}f8").tobytes())

    def _shifted_transformation(self, corner: tuple[int, int]) -> Tag:
        tag = self._doubles(_TRANSFORMATION, 16)
        matrix = np.frombuffer(tag.data, f"{self.order}f8")[:16].reshape(4, 4).copy()
        matrix[:, 3] += matrix[:, 0] * corner[1] + matrix[:, 1] * corner[0]
        return Tag(tag.kind, 16, matrix.astype(f"{self.order}f8").tobytes())


def _merged(offsets: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Ranges (offset, length) that hold all tiles, in order; what lies close together is one range."""
    stored = counts > 0
    order = np.argsort(offsets[stored], kind="stable")
    starts, ends = offsets[stored][order], (offsets + counts)[stored][order]
    if not len(starts):
        return ()
    reach = np.maximum.accumulate(ends)
    first = np.flatnonzero(np.append(True, starts[1:] - reach[:-1] > GAP))
    last = np.append(first[1:], len(starts)) - 1
    return tuple((int(starts[a]), int(reach[b] - starts[a])) for a, b in zip(first, last, strict=True))


def _moved(
    offsets: NDArray[np.int64], counts: NDArray[np.int64], ranges: tuple[tuple[int, int], ...], base: int
) -> NDArray[np.int64]:
    """Where tiles lie once the ranges stand one behind the other from `base` on."""
    if not ranges:
        return offsets * 0
    starts = np.array([start for start, _ in ranges])
    places = base + np.concatenate([[0], np.cumsum([length for _, length in ranges])[:-1]])
    own = np.clip(np.searchsorted(starts, offsets, side="right") - 1, 0, None)
    return np.where(counts > 0, offsets - starts[own] + places[own], 0)


def _encoded(order: str, tags: dict[int, Tag]) -> bytes:
    """A classic TIFF header with one directory, of a length that depends on the tags' lengths only."""
    position = 8 + 2 + 12 * len(tags) + 4
    entries, values = [], []
    for number in sorted(tags):
        tag = tags[number]
        if len(tag.data) <= 4:
            entries.append(struct.pack(f"{order}HHI", number, tag.kind, tag.count) + tag.data.ljust(4, b"\0"))
        else:
            entries.append(struct.pack(f"{order}HHII", number, tag.kind, tag.count, position))
            padded = tag.data + b"\0" * (len(tag.data) % 2)
            values.append(padded)
            position += len(padded)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", len(tags))
    return head + b"".join(entries) + struct.pack(f"{order}I", 0) + b"".join(values)
