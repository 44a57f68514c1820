"""Several networks of one kind as one, with stacked parameters.

Each product of the networks becomes one batched product (`torch.func`, "model ensembling"), which keeps a GPU
busy that one small network cannot fill, and on a CPU amortises the many small products of an LSTM.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from .sequence import stacked


class Stack:
    """Networks of one kind and shape, called at once.

    Parameters
    ----------
    networks
        Their parameters and buffers are copied; `unstack` writes them back.

    Attributes
    ----------
    parameters
        By name, (network, ...) each; leaves that require a gradient.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self.networks = networks
        self.parameters, self.buffers = stack_module_state(list(networks))
        self.skeleton = copy.deepcopy(networks[0]).to("meta")

    def train(self, mode: bool = True) -> None:
        """As `torch.nn.Module.train`, for all."""
        self.skeleton.train(mode)

    def __call__(self, x: Tensor, mask: Tensor | None, day: Tensor | None) -> Tensor:
        """Logits (network, batch, classes) of series (network, batch, dates, bands), each network its own."""

        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], *inputs: Tensor | None) -> Tensor:
            logits: Tensor = functional_call(self.skeleton, (parameters, buffers), inputs)
            return logits

        dims = (0, 0, *(None if value is None else 0 for value in (x, mask, day)))
        with stacked():
            logits: Tensor = vmap(one, in_dims=dims)(self.parameters, self.buffers, x, mask, day)
        return logits

    @torch.no_grad()
    def unstack(self) -> None:
        """Give the networks their parameters and buffers back."""
        for number, network in enumerate(self.networks):
            for name, parameter in network.named_parameters():
                parameter.copy_(self.parameters[name][number])
            for name, buffer in network.named_buffers():
                buffer.copy_(self.buffers[name][number])
