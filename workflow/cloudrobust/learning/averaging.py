"""Weights averaged over the course of training.

With a constant learning rate the weights of single steps wander around a minimum. Their exponential moving average
(Polyak & Juditsky 1992, SIAM J. Control Optim. 30:838-855, in the exponential form that is common for networks) lies
nearer to it, and its validation loss is smoother from epoch to epoch, so that a rule can tell whether it still falls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


class Average:
    """The exponential moving average of tensors that an optimiser, or batch normalisation, changes in place.

    Parameters
    ----------
    live
        The tensors by name.
    start
        Their averages so far by name; None starts with the tensors themselves.
    steps
        Optimiser steps over which is averaged: a step's share falls by 1/e over so many.
    """

    def __init__(self, live: Mapping[str, Tensor], start: Mapping[str, Tensor] | None, steps: float) -> None:
        self.live = {name: value for name, value in live.items() if value.is_floating_point()}
        self.steps = max(steps, 1.0)
        begin = self.live if start is None else start
        self.values = {name: begin[name].detach().clone() for name in self.live}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the tensors after optimiser step `step`, counted from 1.

        The first steps count more, since there is less to average: the share of the new one is 9 / (10 + step) at
        first, and 1 / `steps` later.
        """
        share = max(1.0 / self.steps, 9.0 / (10.0 + step))
        torch._foreach_lerp_(list(self.values.values()), [value.detach() for value in self.live.values()], share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within the context the tensors hold their averages."""
        kept = {name: value.detach().clone() for name, value in self.live.items()}
        self._put(self.values)
        try:
            yield
        finally:
            self._put(kept)

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self.live.items():
            value.copy_(values[name])

    def of(self, number: int | None) -> dict[str, Tensor]:
        """A copy of the averages of the network `number` of a stack; None of a network that is not stacked."""
        return {name: (value if number is None else value[number]).clone() for name, value in self.values.items()}


def stacked(averages: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Averages of several networks as those of their stack."""
    return {name: torch.stack([one[name] for one in averages]) for name in averages[0]}
