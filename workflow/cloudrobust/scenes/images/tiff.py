"""What a TIFF says about itself: the entries of its first directory, read from a file or from afar.

TIFF Revision 6.0 (Adobe, 1992) and the BigTIFF design (libtiff).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from ..failures import Trouble

Read = Callable[[int, int], bytes]
"""A function (offset, length) -> bytes of a file; fewer bytes only at its end."""

COMPRESSION = 259
STRIPS, STRIP_BYTES, TILES, TILE_BYTES = 273, 279, 324, 325
DEFLATE = frozenset({8, 32946})

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by its type."""
INTEGERS = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
"""Types of whole numbers."""
HUGE = 1 << 26
"""Bytes that no header of a satellite image has."""


CORRUPT: tuple[type[Exception], ...] = (zlib.error, cast(type[Exception], isal_zlib.error))
"""What is raised about compressed pixels that are truncated or corrupt."""


class NotTiff(Exception):
    """The file is an image, but of another kind."""


@dataclass(frozen=True)
class Tag:
    """One entry of a TIFF directory: type, number of values, and the values as they are stored."""

    kind: int
    count: int
    data: bytes


def numbers(order: str, tags: dict[int, Tag], number: int) -> NDArray[np.int64]:
    """All values of a tag of whole numbers; `Trouble` if there is none."""
    entry = tags.get(number)
    if entry is None or entry.kind not in INTEGERS or not entry.data:
        raise Trouble("the header of the image is broken")
    return np.frombuffer(entry.data, f"{order}{INTEGERS[entry.kind]}").astype(np.int64)


def directory(read: Read) -> tuple[str, dict[int, Tag]]:
    """Byte order ("<" or ">") and entries of the first directory of a TIFF or BigTIFF.

    Raises
    ------
    NotTiff
        If it is a JPEG 2000 file.
    Trouble
        If it is no image at all, or a broken one.
    """
    start = read(0, 16)
    if len(start) < 16:
        raise Trouble("what the service sends is no image")
    if start[:4] in (b"II*\0", b"MM\0*"):
        order, big = ("<" if start[:1] == b"I" else ">"), False
        position = struct.unpack(f"{order}I", start[4:8])[0]
    elif start[:4] in (b"II+\0", b"MM\0+"):
        order, big = ("<" if start[:1] == b"I" else ">"), True
        position = struct.unpack(f"{order}Q", start[8:16])[0]
    elif start[:4] == b"\0\0\0\x0c" or start[:4] == b"\xff\x4f\xff\x51":
        raise NotTiff  # JPEG 2000
    else:
        raise Trouble("what the service sends is no image")
    head, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    try:
        count = struct.unpack(f"{order}{head}", _exactly(read, position, struct.calcsize(f"={head}")))[0]
        size = struct.calcsize(f"={entry}") + inline
        if count * size > HUGE:
            raise Trouble("the header of the image is broken")
        block = _exactly(read, position + struct.calcsize(f"={head}"), count * size)
        tags = {}
        for place in range(0, len(block), size):
            number, kind, values = struct.unpack_from(f"{order}{entry}", block, place)
            length = SIZES[kind] * values
            if length > HUGE:
                raise Trouble("the header of the image is broken")
            data = block[place + size - inline : place + size]
            if length > inline:
                data = _exactly(read, struct.unpack(f"{order}{'Q' if big else 'I'}", data)[0], length)
            tags[number] = Tag(kind, values, data[:length])
    except (struct.error, KeyError) as error:
        raise Trouble("the header of the image is broken") from error
    return order, tags


def _exactly(read: Read, offset: int, length: int) -> bytes:
    data = read(offset, length)
    if len(data) != length:
        raise Trouble("the header of the image is broken off")
    return data


def inflated(stream: BinaryIO) -> Iterator[bytes] | None:
    """The blocks of a Deflate-compressed TIFF, in order, each compared with its checksum; None if it is another one.

    Blocks that are not stored are empty. Pixels compressed by Deflate carry a checksum (Adler-32, RFC 1950), which
    GDAL does not look at: it stops decoding at the last pixel. Other compressions have none.

    Raises
    ------
    Trouble
        If the header is broken.
    zlib.error or isal_zlib.error (`CORRUPT`)
        If a block is truncated or corrupt.
    """

    def read(offset: int, length: int) -> bytes:
        stream.seek(offset)
        return stream.read(length)

    try:
        order, tags = directory(read)
    except NotTiff as error:
        raise Trouble("the header of the image is broken") from error
    if COMPRESSION not in tags or int(numbers(order, tags, COMPRESSION)[0]) not in DEFLATE:
        return None
    offsets, counts = (TILES, TILE_BYTES) if TILES in tags else (STRIPS, STRIP_BYTES)
    places = zip(numbers(order, tags, offsets), numbers(order, tags, counts), strict=True)
    return (isal_zlib.decompress(read(int(offset), int(count))) if count else b"" for offset, count in places)


def damage(stream: BinaryIO) -> str | None:
    """What is wrong with the compressed pixels of a TIFF; None if nothing is, or nothing can be told."""
    try:
        for _ in inflated(stream) or ():
            pass
    except (Trouble, ValueError):
        return "has a broken header"
    except CORRUPT:
        return "is truncated or corrupt"
    return None
