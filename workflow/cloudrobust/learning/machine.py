"""Where networks are trained, and settings of the process that make it fast."""

from __future__ import annotations

import contextvars
import ctypes
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from ..errors import InputError

# glibc's malloc.h: parameters of mallopt
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST = 2**31 - 1

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def machine(threads: int | None) -> Iterator[None]:
    """Run torch with this many threads (None: as it is set); subnormal numbers count as zero."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    _keep_memory()
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> list[Result]:
    """`function` of each item, at most `workers` at a time, each on one core; the results in order.

    Two small networks side by side on one core each are trained faster than one after the other on two, because
    their products are too small to be shared out. Each result is independent of the number of workers. torch
    releases Python's lock while it computes, so threads do, and the series are in memory once.
    """
    items = list(items)
    if workers <= 1 or len(items) <= 1:
        with machine(1):
            return [function(item) for item in items]

    def settle() -> None:
        torch.set_num_threads(1)  # OpenMP's number of threads and the treatment of subnormals belong to a thread
        torch.set_flush_denormal(True)

    with machine(1), ThreadPoolExecutor(min(workers, len(items)), initializer=settle) as pool:
        tasks = [pool.submit(contextvars.copy_context().run, function, item) for item in items]
        return [task.result() for task in tasks]


def device(wanted: str) -> torch.device:
    """`auto` (a GPU if there is one), `cpu` or `cuda` as a device.

    Raises
    ------
    InputError
        If `cuda` is wanted and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device: torch finds no usable CUDA device; use auto or cpu")
    return torch.device("cuda" if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()) else "cpu")


def _keep_memory() -> None:
    """Have glibc keep freed memory for the next step instead of giving it back to the system.

    A training step frees and takes hundreds of megabytes; getting every page anew took up to
    a third of it. One arena serves all threads, because others give memory back in any case. On other C
    libraries this does nothing.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 2**30)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    mallopt(_M_ARENA_MAX, 1)
