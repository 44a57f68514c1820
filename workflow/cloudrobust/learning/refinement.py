"""How well a network tells classes apart, whatever it claims to be sure of.

A network that goes on learning becomes overconfident: its validation loss rises while its answers still improve. So the
loss that training watches is that after the probabilities were tempered (Berta, Holzmüller, Jordan & Bach 2025,
"Rethinking early stopping: refine, then calibrate", arXiv:2501.19195).
"""

from __future__ import annotations

import torch
from torch import Tensor

SHARPEST = 20.0
"""Logits are multiplied by at most this and at least its inverse, about as in `evaluation.calibration`."""


def refined_loss(log_p: Tensor, label: Tensor, weights: Tensor | None = None) -> float:
    """Mean negative log likelihood at the temperature where it is least.

    Parameters
    ----------
    log_p
        Logarithms of probabilities, or logits, (parcel, class).
    label
        True classes (parcel,).
    weights
        Weight of each class in the mean; None: equal.
    """
    log_p = log_p.double()
    share = log_p.new_ones(len(label)) if weights is None else weights.double()[label]
    share = share / share.sum()
    own = log_p.gather(1, label.unsqueeze(1)).squeeze(1)
    low, high = 1 / SHARPEST, SHARPEST
    for _ in range(30):  # the loss is convex in the factor: bisection on its slope
        factor = (low * high) ** 0.5
        mean = (torch.softmax(factor * log_p, dim=1) * log_p).sum(dim=1)
        if float(share @ (mean - own)) > 0:
            high = factor
        else:
            low = factor
    factor = (low * high) ** 0.5
    return float(share @ (torch.logsumexp(factor * log_p, dim=1) - factor * own))
