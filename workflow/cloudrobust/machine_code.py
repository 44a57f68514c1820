"""Python functions as machine code, kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that compiles a function on its first call, so that other threads can run beside it.

    The machine code is kept beside the module, or in the user's cache where the module's folder cannot be written
    to. Where neither can be, each process compiles anew.

    Parameters
    ----------
    options
        Further options of `numba.njit`.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(nogil=True, cache=True, **options)(function)
        except RuntimeError:  # numba found no folder that it can write to
            return numba.njit(nogil=True, **options)(function)

    return compile_it


def inlined() -> Callable[[Callable[..., Any]], Any]:
    """A decorator for what compiled functions call: its code becomes part of theirs, so that loops stay vectorised."""
    return numba.njit(inline="always", fastmath=True, error_model="numpy")


@intrinsic
def pointer(typing: Any, address: Any) -> Any:  # noqa: ARG001
    """In compiled code: a pointer to the uint16 numbers that lie at an address, for `numba.carray`."""
    kind = types.CPointer(types.uint16)

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(kind))

    return kind(types.uintp), generate
