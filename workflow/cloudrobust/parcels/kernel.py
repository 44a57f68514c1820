"""Sums over parcels in machine code: mean, deviation and count of every parcel in one pass over each band.

For a block of parcels that fits into the processor's cache, the shares of the pixels that are not masked are worked
out once. Then the pixels of each band are copied together run by run, and summed. Sums are in double precision and of
differences from the parcel's first valid pixel, so that the squares lose no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..machine_code import compiled
from .runs import Runs

CHUNK = 16
"""Pixels that are copied at once."""
# Lets the compiler add in several lanes at a time.
_LANES = {"reassoc", "contract"}


def statistics(
    runs: Runs,
    bands: Sequence[NDArray[np.uint16]],
    mask: NDArray[np.bool_] | None,
    valid: tuple[int, int],
    threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean, population standard deviation and count, each (band, parcel) in the order of `runs`.

    Parameters
    ----------
    runs
        The pixels of the parcels.
    bands
        Images (y, x) of the grid of the runs, contiguous.
    mask
        (y, x), contiguous; true where a pixel must not count.
    valid
        Smallest and largest number that is a measurement.
    threads
        Threads that share the work.

    Returns
    -------
    Mean and deviation are NaN where a parcel has no valid pixel.
    """
    shape = (len(bands), len(runs))
    results = tuple(np.empty(shape) for _ in range(3))
    flat = [band.reshape(-1) for band in bands]
    masked = None if mask is None else mask.reshape(-1).view(np.uint8)
    blocks = list(runs.blocks())

    def work(some: list[tuple[int, int]]) -> None:
        _work(runs, some, flat, masked, valid, results)

    if threads <= 1:
        work(blocks)
    else:
        cuts = np.linspace(0, len(blocks), threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, (blocks[first:last] for first, last in pairwise(cuts))))
    return results  # type: ignore[return-value]


def _work(
    runs: Runs,
    blocks: list[tuple[int, int]],
    bands: Sequence[NDArray[np.uint16]],
    mask: NDArray[np.uint8] | None,
    valid: tuple[int, int],
    results: tuple[NDArray[np.float64], ...],
) -> None:
    """Some blocks of parcels, one after the other."""
    bounds = runs.bounds
    room = max((int(bounds[last] - bounds[first]) for first, last in blocks), default=0) + CHUNK
    weights, numbers, hidden = np.empty(room, np.float32), np.empty(room, np.uint16), np.empty(room, np.uint8)
    lowest, highest = np.int32(valid[0]), np.int32(valid[1])
    for first, last in blocks:
        own = slice(runs.starts[first], runs.starts[last] + 1)
        begin, offsets = runs.first[own.start : own.stop - 1], runs.offsets[own]
        shares = runs.shares[bounds[first] : bounds[last]]
        if mask is None:
            kept = shares
        else:
            _weigh(mask, begin, offsets, shares, hidden, weights)
            kept = weights
        parcels = bounds[first : last + 1]
        for number, band in enumerate(bands):
            mean, deviation, count = (result[number, first:last] for result in results)
            _measure(band, begin, offsets, kept, parcels, lowest, highest, numbers, mean, deviation, count)


@compiled()
def _copy(image: Any, first: Any, offsets: Any, out: Any) -> None:
    """Put the pixels of runs one behind the other.

    A run is copied in chunks, the last of which may reach beyond its end: the next run overwrites what is too much.
    All loads of a chunk stand before its stores, and all numbers are unsigned, so that the compiler makes one
    instruction of each.
    """
    base = np.uint64(offsets[0])
    size = np.uint64(image.size)
    for run in range(first.size):
        source, target = np.uint64(first[run]), np.uint64(offsets[run]) - base
        length = np.uint64(offsets[run + 1]) - np.uint64(offsets[run])
        if source + length + np.uint64(CHUNK) > size:
            for pixel in range(length):
                out[target + pixel] = image[source + pixel]
            continue
        for done in range(np.uint64(0), length, np.uint64(CHUNK)):
            s, t = source + done, target + done
            p0, p1, p2, p3 = image[s], image[s + np.uint64(1)], image[s + np.uint64(2)], image[s + np.uint64(3)]
            s += np.uint64(4)
            p4, p5, p6, p7 = image[s], image[s + np.uint64(1)], image[s + np.uint64(2)], image[s + np.uint64(3)]
            s += np.uint64(4)
            p8, p9, p10, p11 = image[s], image[s + np.uint64(1)], image[s + np.uint64(2)], image[s + np.uint64(3)]
            s += np.uint64(4)
            p12, p13, p14, p15 = image[s], image[s + np.uint64(1)], image[s + np.uint64(2)], image[s + np.uint64(3)]
            out[t], out[t + np.uint64(1)], out[t + np.uint64(2)], out[t + np.uint64(3)] = p0, p1, p2, p3
            t += np.uint64(4)
            out[t], out[t + np.uint64(1)], out[t + np.uint64(2)], out[t + np.uint64(3)] = p4, p5, p6, p7
            t += np.uint64(4)
            out[t], out[t + np.uint64(1)], out[t + np.uint64(2)], out[t + np.uint64(3)] = p8, p9, p10, p11
            t += np.uint64(4)
            out[t], out[t + np.uint64(1)], out[t + np.uint64(2)], out[t + np.uint64(3)] = p12, p13, p14, p15


@compiled()
def _weigh(mask: Any, first: Any, offsets: Any, shares: Any, hidden: Any, weights: Any) -> None:
    """Write the shares of runs to `weights`, 0 where `mask` is not; `hidden` is room for the mask of the runs."""
    _copy(mask, first, offsets, hidden)
    for pixel in range(np.uint64(shares.size)):
        weights[pixel] = shares[pixel] if hidden[pixel] == 0 else np.float32(0)


@compiled(fastmath=_LANES)
def _measure(
    image: Any, first: Any, offsets: Any, weights: Any, parcels: Any, lowest: Any, highest: Any,
    numbers: Any, mean: Any, deviation: Any, count: Any,
) -> None:  # fmt: skip
    """Write the statistics of parcels, which begin at `parcels` in `offsets`; `numbers` is room for their pixels."""
    _copy(image, first, offsets, numbers)
    base = parcels[0]
    span = np.uint32(highest - lowest)
    for parcel in range(mean.size):
        begin, end = np.uint64(parcels[parcel] - base), np.uint64(parcels[parcel + 1] - base)
        origin = lowest
        for pixel in range(begin, end):
            if np.uint32(np.int32(numbers[pixel]) - lowest) <= span:
                origin = np.int32(numbers[pixel])
                break
        weight, total, squares = 0.0, 0.0, 0.0
        for pixel in range(begin, end):
            number = np.int32(numbers[pixel])
            share = np.float64(weights[pixel] if np.uint32(number - lowest) <= span else np.float32(0))
            difference = np.float64(np.int32(number - origin))
            weight += share
            total += share * difference
            squares += share * difference * difference
        count[parcel] = weight
        if weight > 0.0:
            centre = total / weight
            mean[parcel] = centre + origin
            deviation[parcel] = np.sqrt(max(squares / weight - centre * centre, 0.0))
        else:
            mean[parcel] = np.nan
            deviation[parcel] = np.nan
