"""Random numbers that depend on what they are for, not on the order in which they are drawn."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *purpose: int | str) -> np.random.Generator:
    """A generator of its own for a seed and a purpose, for example `generator(1, "clouds", 20220108)`.

    Seeds and purposes are mixed by numpy's `SeedSequence`, so that generators of different purposes are
    independent, and each acquisition comes out the same however many were rendered before it.
    """
    words = [zlib.crc32(p.encode()) if isinstance(p, str) else int(p) for p in purpose]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
