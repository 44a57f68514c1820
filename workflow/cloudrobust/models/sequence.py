"""Series with unobserved dates, as the networks read them: the sequence of their observed dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

DAYS = 366
_STACKED: ContextVar[bool] = ContextVar("stacked", default=False)


@contextmanager
def stacked() -> Iterator[None]:
    """While networks run under `torch.func.vmap`, shapes and branches must not depend on values."""
    token = _STACKED.set(True)
    try:
        yield
    finally:
        _STACKED.reset(token)


def in_stack() -> bool:
    """Whether networks run under `torch.func.vmap`."""
    return _STACKED.get()


def blank(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """`x` with zeros at unobserved dates, and the mask; the mask is None if every date is observed.

    Zero is the mean of a normalised band. Without it a NaN at an unobserved date would
    spread, because 0 · NaN is NaN. A series without a single observed date is read as one
    date of zeros, so that its logits stay finite.
    """
    if mask is None or (not _STACKED.get() and bool(mask.all())):
        return x, None
    x = x.masked_fill(~mask.unsqueeze(-1), 0.0)
    nothing = ~mask.any(dim=1, keepdim=True)
    return x, torch.cat([mask[:, :1] | nothing, mask[:, 1:]], dim=1)


def compact(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Observed dates moved to the front, in their order.

    Parameters
    ----------
    x
        (batch, dates, bands).
    mask
        Bool (batch, dates); at least one date of each series is true.

    Returns
    -------
    tuple
        The series (batch, longest, bands), whose tail is of no meaning, and the number of
        observed dates, int64 (batch,); longest is the greatest of them (in a stack, all dates).
    """
    lengths = mask.sum(dim=1)
    longest = x.shape[1] if _STACKED.get() else int(lengths.max())
    order = torch.argsort(mask.logical_not(), dim=1, stable=True)[:, :longest]
    return x.gather(1, order.unsqueeze(-1).expand(-1, -1, x.shape[2])), lengths


def to_end(x: Tensor, padding: Tensor | None) -> Tensor:
    """x (dates, batch, channels) with each series' `padding` moved from its end to its start."""
    return x if padding is None else _roll(x, -padding)


def to_start(x: Tensor, padding: Tensor | None) -> Tensor:
    """The inverse of `to_end`."""
    return x if padding is None else _roll(x, padding)


def _roll(x: Tensor, shift: Tensor) -> Tensor:
    source = (torch.arange(len(x), device=x.device).unsqueeze(1) + shift) % len(x)
    return x.gather(0, source.unsqueeze(-1).expand(-1, -1, x.shape[2]))
