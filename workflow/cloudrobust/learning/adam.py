"""Adam without what `torch.optim` brings along: its first optimiser imports torch's compiler, which takes 1.5 s.

Kingma, D. P. & Ba, J. 2015, "Adam: a method for stochastic optimization", ICLR (arXiv:1412.6980), algorithm 1, in
torch's fused kernel, so the steps are those of `torch.optim.Adam(..., fused=True)` bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Adam:
    """Adam over named parameters.

    Parameters
    ----------
    weights
        Parameters by name, changed in place.
    betas, eps, weight_decay
        As in the paper; weight decay is the L2 penalty, as in `torch.optim.Adam`.

    Attributes
    ----------
    first, second
        Moments by name.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.weights = dict(weights)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.first = {name: torch.zeros_like(value) for name, value in self.weights.items()}
        self.second = {name: torch.zeros_like(value) for name, value in self.weights.items()}

    @torch.no_grad()
    def step(self, number: int, rate: float) -> None:
        """Step `number`, counted from 1, with this learning rate, by the gradients that the parameters hold."""
        gradients = {name: value.grad for name, value in self.weights.items() if value.grad is not None}
        if not gradients:
            return
        count = torch.tensor(float(number), device=next(iter(gradients.values())).device)
        torch._fused_adam_(
            [self.weights[name] for name in gradients],
            list(gradients.values()),
            [self.first[name] for name in gradients],
            [self.second[name] for name in gradients],
            [],
            [count] * len(gradients),
            lr=rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=self.weight_decay,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
        )

    def forget_gradients(self) -> None:
        """Before the next backward pass."""
        for value in self.weights.values():
            value.grad = None
