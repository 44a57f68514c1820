"""Which pixels lie in which parcel, as runs of neighbouring pixels in the order in which they lie in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STRIP = 8
"""Rows of a strip. Parcels are ordered strip by strip and from left to right in each, so that an image is read nearly
in the order of its memory and a strip of it stays in the processor's cache (docs/performance.md)."""

BLOCK = 2**16
"""Covered pixels of a block of parcels: with their shares 0.4 MB, which the processor's cache holds."""


@dataclass(frozen=True, eq=False)
class Runs:
    """The covered pixels of each parcel, row by row.

    Attributes
    ----------
    parcels
        (parcel,) number of each parcel, in the order of the other arrays.
    starts
        (parcel + 1,) number of each parcel's first run.
    first
        (run,) flat row-major index of the first pixel of each run.
    offsets
        (run + 1,) place in `shares` of that pixel.
    shares
        (covered pixel of a parcel,) share of the pixel's area that lies in the parcel, over 0 up to 1, in single
        precision, in which it was measured.
    """

    parcels: NDArray[np.int32]
    starts: NDArray[np.int64]
    first: NDArray[np.unsignedinteger]
    offsets: NDArray[np.int64]
    shares: NDArray[np.float32]

    @classmethod
    def of(cls, starts: NDArray[np.int64], pixels: NDArray[np.int64], shares: NDArray[np.float32], width: int) -> Runs:
        """Order the pixels of parcels (see `pixel_fractions`) by where they lie in an image `width` pixels wide."""
        counts = np.diff(starts)
        owner = np.repeat(np.arange(len(counts)), counts)
        if ((np.diff(pixels) <= 0) & (np.diff(owner) == 0)).any():
            order = np.lexsort((pixels, owner))
            pixels, shares = pixels[order], shares[order]
        inhabited = counts > 0
        corner = np.zeros(len(counts), np.int64)
        corner[inhabited] = pixels[starts[:-1][inhabited]]
        row, column = np.divmod(corner, max(width, 1))
        parcels = np.lexsort((column, row // STRIP))
        counts = counts[parcels]
        bounds = np.concatenate(([0], np.cumsum(counts)))
        taken = np.repeat(starts[:-1][parcels] - bounds[:-1], counts) + np.arange(bounds[-1])
        pixels = pixels[taken]
        begins = np.ones(len(pixels), bool)
        begins[1:] = np.diff(pixels) != 1
        begins[bounds[:-1][counts > 0]] = True
        places = np.flatnonzero(begins)
        index = np.uint32 if width == 0 or pixels.max(initial=0) < np.iinfo(np.uint32).max else np.uint64
        return cls(
            parcels.astype(np.int32),
            np.searchsorted(places, bounds),
            pixels[places].astype(index),
            np.append(places, len(pixels)),
            shares[taken].astype(np.float32, copy=False),
        )

    def __len__(self) -> int:
        """Number of parcels."""
        return len(self.parcels)

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, int]]:
        """First and one past the last parcel of blocks of about `size` covered pixels."""
        block = self.bounds[:-1] // size
        edges = np.concatenate(([0], np.flatnonzero(np.diff(block)) + 1, [len(self)])) if len(self) else np.zeros(1)
        return pairwise(edges.astype(int).tolist())

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """(parcel + 1,) place in `shares` of each parcel's first pixel."""
        return self.offsets[self.starts]

    @cached_property
    def pixels(self) -> NDArray[np.int64]:
        """(covered pixel of a parcel,) flat row-major index of each pixel."""
        lengths = np.diff(self.offsets)
        return np.repeat(self.first.astype(np.int64) - self.offsets[:-1], lengths) + np.arange(len(self.shares))


def summed(values: NDArray[np.float64], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of `values` from each of `bounds` to the next, the first of which is that of the first value."""
    # The number at the end is no parcel's: reduceat knows no empty sum there.
    sums = np.add.reduceat(np.append(values, 0.0), bounds[:-1] - bounds[0]) if len(bounds) > 1 else np.empty(0)
    return np.where(np.diff(bounds) > 0, sums, 0.0)
