"""Adam and the course of its learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from ..config.models import Network, Transformer
from .adam import Adam

__all__ = ["Network", "optimiser", "rate"]


def optimiser(weights: Mapping[str, Tensor], config: Network) -> Adam:
    """Adam; with the warm-up schedule betas and eps of Vaswani et al. 2017, section 5.3."""
    if config.schedule == "warmup":
        return Adam(weights, betas=(0.9, 0.98), eps=1e-9, weight_decay=config.weight_decay)
    return Adam(weights, weight_decay=config.weight_decay)


def rate(config: Network, step: int) -> float:
    """Learning rate of optimiser step `step`, counted from 1.

    Constant, or growing linearly over `warmup` steps and then falling with the root of the
    step (Vaswani et al. 2017, equation 3). Of the Transformer, `learning_rate` is a factor on that
    equation, whose peak is (width · warmup)^-1/2; of the others it is the peak itself.
    """
    if config.schedule == "constant":
        return config.learning_rate
    peak = config.learning_rate
    if isinstance(config, Transformer):
        peak /= math.sqrt(config.width * config.warmup)
    return peak * min(step / config.warmup, math.sqrt(config.warmup / step))
