"""Networks of several seeds that take every optimiser step together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.dropout import Noise, noise
from ..models.stack import Stack
from .batches import Batch
from .schedule import Network, optimiser, rate

STACKED_ON_CPU: frozenset[str] = frozenset()
"""Networks whose seeds train in one stack on a CPU too; since the LSTM has compiled layers, none."""

NOT_STACKED: frozenset[str] = frozenset()
"""Networks with operations that torch cannot batch over networks; their seeds train one after the other."""

SERIES = 512
"""Series in one step of a stack on a CPU, over all its seeds; more of them leave the cache (measured on 32 MB)."""


def together(kind: str, seeds: int, batch: int, device: torch.device, workers: int) -> int:
    """How many of the seeds are trained in one stack."""
    if kind in NOT_STACKED or (device.type == "cpu" and kind not in STACKED_ON_CPU):
        return 1
    if device.type != "cpu":
        return seeds
    return max(1, min(SERIES // batch, -(-seeds // workers)))


class Alone:
    """One network, called as a stack of one is."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        (self.network,) = networks
        self.parameters = dict(self.network.named_parameters())

    def train(self, mode: bool = True) -> None:
        self.network.train(mode)

    def __call__(self, x: Tensor, mask: Tensor | None, day: Tensor | None) -> Tensor:
        first = [None if value is None else value[0] for value in (x, mask, day)]
        logits: Tensor = self.network(*first)
        return logits.unsqueeze(0)

    def unstack(self) -> None:
        """The network has its parameters."""


class Lockstep:
    """Networks of some seeds, their optimiser and their dropout, step by step.

    A kind of network is always run in the same way on a device, also if there is one seed only, so that its
    numbers do not depend on which others are trained beside it.

    Parameters
    ----------
    networks
        One for each seed; trained in place (after `give_back`).
    moments
        Of each, Adam's first and second moment by parameter name; empty before the first step.
    sources
        Of each, the random numbers of its dropout.
    config
        Configuration of the network and its optimiser.
    steps
        Optimiser steps that were taken before.
    mixed
        Whether products are of bfloat16, with parameters and sums of float32 (`torch.autocast`).
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        moments: Sequence[dict[str, tuple[Tensor, Tensor]]],
        sources: Sequence[Noise],
        config: Network,
        steps: int,
        mixed: bool,
    ) -> None:
        self.config, self.sources, self.steps, self.mixed = config, sources, steps, mixed
        self.device = sources[0].device
        alone = config.do in NOT_STACKED or (self.device.type == "cpu" and config.do not in STACKED_ON_CPU)
        self.networks: Alone | Stack = Alone(networks) if alone else Stack(networks)
        self.alone = alone
        trained = {name: value for name, value in self.networks.parameters.items() if value.requires_grad}
        self.optimiser = optimiser(trained, config)
        for name in trained if moments[0] else ():
            both = zip(*(one[name] for one in moments), strict=True)
            self.optimiser.first[name], self.optimiser.second[name] = (
                of[0] if alone else torch.stack(of) for of in both
            )

    def logits(self, batch: Batch) -> Tensor:
        """(network, batch, class) in evaluation, every network asked the same."""
        self.networks.train(False)
        count = len(self.sources)
        shared = [None if v is None else v.expand(count, *v.shape) for v in (batch.x, batch.mask, batch.day)]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            assert shared[0] is not None
            return self.networks(shared[0], shared[1], shared[2])

    def step(self, batch: Batch, weights: Tensor | None, smoothing: float) -> Tensor:
        """One optimiser step on a batch (network, batch, ...); the loss of each network."""
        self.steps += 1
        self.networks.train()
        self.optimiser.forget_gradients()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed), noise(self.sources):
            logits = self.networks(batch.x, batch.mask, batch.day)
        losses = torch.stack(
            [
                F.cross_entropy(one, label, weights, label_smoothing=smoothing)
                for one, label in zip(logits.float(), batch.label, strict=True)
            ]
        )
        losses.sum().backward()
        self.optimiser.step(self.steps, rate(self.config, self.steps))
        return losses.detach()

    def give_back(self) -> list[dict[str, tuple[Tensor, Tensor]]]:
        """Write the parameters into the networks; Adam's moments of each."""
        self.networks.unstack()
        found: list[dict[str, tuple[Tensor, Tensor]]] = [{} for _ in self.sources]
        for name, first in self.optimiser.first.items():
            pair = first, self.optimiser.second[name]
            for number, one in enumerate(found):
                one[name] = pair if self.alone else (pair[0][number].clone(), pair[1][number].clone())
        return found
