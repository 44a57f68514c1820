"""Where networks are trained, and settings of the process that make it fast."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..errors import InputError

# glibc's malloc.h: parameters of mallopt
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


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
    a third of it. On other C libraries this does nothing.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 2**30)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
