"""Sums over parcels in machine code: mean, deviation and count of every parcel in one pass over each band.

For a block of parcels that fits into the processor's cache, the shares of the pixels that are not masked are worked
out once. Then the pixels of each band are copied together run by run, and summed. Sums are in double precision and of
differences from the parcel's first pixel that counts, so that the squares lose no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..machine_code import compiled, pointer
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
    offsets: Sequence[float],
    whole: NDArray[np.float64],
    threads: int = 1,
    only_mean: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Mean, population standard deviation, count and clear share, each (parcel, band) in the order that was given.

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
    offsets
        For each band what is added to its mean.
    whole
        (parcel,) sum of all shares of each parcel, in the order that was given.
    threads
        Threads that share the work.
    only_mean
        Leave the other three as they happen to be.

    Returns
    -------
    Mean and deviation are NaN where a parcel has no valid pixel.
    """
    results = np.empty((4, len(runs), len(bands)), np.float32)
    addresses = np.array([band.ctypes.data for band in bands], np.uintp)
    size = bands[0].size if bands else 0
    masked = np.empty(0, np.uint8) if mask is None else mask.reshape(-1).view(np.uint8)
    edges = np.array([*(first for first, _ in runs.blocks()), len(runs)], np.int64)
    pixels = (runs.parcels, runs.starts, runs.first, runs.offsets, runs.shares, runs.bounds)
    wanted = (np.int32(valid[0]), np.int32(valid[1]), np.asarray(offsets, np.float64), whole, not only_mean)

    def work(some: NDArray[np.int64]) -> None:
        _work(addresses, size, masked, some, *pixels, *wanted, *results)

    if threads <= 1:
        work(edges)
    else:
        cuts = np.linspace(0, len(edges) - 1, threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, (edges[first : last + 1] for first, last in pairwise(cuts))))
    mean, deviation, count, clear = results
    return mean, deviation, count, clear


@compiled()
def _copy(image: Any, first: Any, offsets: Any, out: Any) -> None:
    """Put the pixels of runs one behind the other.

    A run is copied in chunks, the last of which may reach beyond its end: the next run overwrites what is too much.
    All loads of a chunk stand before its stores, and all numbers are unsigned, so that the compiler makes one
    instruction of each.
    """
    base = np.uint64(offsets[0]) if first.size else np.uint64(0)
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


@compiled(fastmath=_LANES)
def _sum(
    numbers: Any, weights: Any, bounds: Any, lowest: Any, span: Any, statistics: Any,
    mean: Any, deviation: Any, count: Any,
) -> None:  # fmt: skip
    """Write the statistics of parcels, whose pixels and their shares begin at `bounds` less the first of them."""
    base = bounds[0]
    for parcel in range(bounds.size - 1):
        begin, end = np.uint64(bounds[parcel] - base), np.uint64(bounds[parcel + 1] - base)
        origin = lowest
        for pixel in range(begin, end):
            if weights[pixel] > 0 and np.uint32(np.int32(numbers[pixel]) - lowest) <= span:
                origin = np.int32(numbers[pixel])
                break
        weight, total, squares = 0.0, 0.0, 0.0
        if statistics:
            for pixel in range(begin, end):
                number = np.int32(numbers[pixel])
                share = np.float64(weights[pixel] if np.uint32(number - lowest) <= span else np.float32(0))
                difference = np.float64(np.int32(number - origin))
                weight += share
                total += share * difference
                squares += share * difference * difference
        else:
            for pixel in range(begin, end):
                number = np.int32(numbers[pixel])
                share = np.float64(weights[pixel] if np.uint32(number - lowest) <= span else np.float32(0))
                weight += share
                total += share * np.float64(np.int32(number - origin))
        count[parcel] = weight
        mean[parcel] = deviation[parcel] = np.nan
        if weight > 0.0:
            centre = total / weight
            mean[parcel] = centre + origin
            if statistics:
                deviation[parcel] = np.sqrt(max(squares / weight - centre * centre, 0.0))


@compiled()
def _work(
    addresses: Any, size: Any, mask: Any, edges: Any,
    parcels: Any, starts: Any, first: Any, offsets: Any, shares: Any, bounds: Any,
    lowest: Any, highest: Any, shifts: Any, whole: Any, statistics: Any,
    mean: Any, deviation: Any, count: Any, clear: Any,
) -> None:  # fmt: skip
    """Write the statistics of the blocks of parcels between `edges`.

    `addresses` are those of bands of `size` pixels: numba has no array of arrays.
    """
    room, most = CHUNK, 0
    for block in range(edges.size - 1):
        room = max(room, bounds[edges[block + 1]] - bounds[edges[block]] + CHUNK)
        most = max(most, edges[block + 1] - edges[block])
    found = np.empty((3, addresses.size, most))
    weights, numbers, hidden = np.empty(room, np.float32), np.empty(room, np.uint16), np.empty(room, np.uint8)
    span = np.uint32(highest - lowest)
    for block in range(edges.size - 1):
        begin, end = edges[block], edges[block + 1]
        base = bounds[begin]
        runs, places = first[starts[begin] : starts[end]], offsets[starts[begin] : starts[end] + 1]
        own = shares[base : bounds[end]]
        if mask.size:
            _copy(mask, runs, places, hidden)
            for pixel in range(np.uint64(own.size)):
                weights[pixel] = own[pixel] if hidden[pixel] == 0 else np.float32(0)
        else:
            weights[: own.size] = own
        for band in range(addresses.size):
            image = numba.carray(pointer(addresses[band]), (size,))  # type: ignore[call-arg]
            _copy(image, runs, places, numbers)
            _sum(
                numbers, weights, bounds[begin : end + 1], lowest, span, statistics,
                found[0, band], found[1, band], found[2, band],
            )  # fmt: skip
        for place in range(end - begin):
            parcel = parcels[begin + place]
            for band in range(addresses.size):
                mean[parcel, band] = found[0, band, place] + shifts[band]
            if statistics:
                part = 1.0 / whole[parcel] if whole[parcel] > 0.0 else 0.0
                for band in range(addresses.size):
                    deviation[parcel, band] = found[1, band, place]
                    count[parcel, band] = found[2, band, place]
                    clear[parcel, band] = found[2, band, place] * part
