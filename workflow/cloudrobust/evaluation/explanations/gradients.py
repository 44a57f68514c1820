"""Gradients of the highest score with respect to the input, by Captum.

Simonyan et al. 2014 (arXiv:1312.6034) for the gradient; Sundararajan et al. 2017 (ICML, arXiv:1703.01365) for
integrated gradients along the straight path from the average training parcel on the same dates (`inputs.average`) to
the parcel. Their sum is the difference of the scores at both ends (completeness), up to the error of the quadrature,
which is measured for every parcel: more points are taken until it is small.

The mean of every band, all zeros after the normalisation, is no starting point for networks that begin with a layer
normalisation over the bands: there all bands are equal and have no variance to divide by. From zero on, the
normalised bands reach their final values within the first hundredths of the path and stay there, so that nearly the
whole difference of the scores lies between two points of the quadrature.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import IntegratedGradients, Saliency
from torch import Tensor, nn

from .inputs import BATCH, Inputs

Of = Literal["logit", "probability"]
AT_ONCE = 512
"""Series that go through a network in one pass."""

ON_PATHS = 4096
"""Series on the paths of some parcels that are held in memory."""


class Score(nn.Module):
    """What is explained: the logits of a network, or its probabilities."""

    def __init__(self, network: nn.Module, of: Of = "logit") -> None:
        super().__init__()
        self.network, self.of = network.eval(), of

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:
        """Scores (batch, classes)."""
        logits: Tensor = self.network(x, mask, day)
        return logits if self.of == "logit" else torch.softmax(logits, dim=1)


@dataclass(frozen=True)
class Integrated:
    """Integrated gradients of some parcels, and how far they can be trusted.

    Attributes
    ----------
    values
        What each value adds to the score, (parcel, date, band); 0 at dates that are not shown.
    change
        Score of the parcel minus that of the average training parcel, of the class explained, (parcel,).
    gap
        Error of completeness: |sum of `values` - `change`| / |`change`|, (parcel,).
    points
        Points of the quadrature in the end, (parcel,).
    """

    values: npt.NDArray[np.float32]
    change: npt.NDArray[np.float64]
    gap: npt.NDArray[np.float64]
    points: npt.NDArray[np.int64]


@torch.no_grad()
def highest(network: nn.Module, inputs: Inputs) -> npt.NDArray[np.int64]:
    """The class of the highest score of each parcel."""
    found = [network(b.x, b.mask, b.day).argmax(dim=1) for b in inputs.batches()]
    return torch.cat(found).numpy()


def gradient(network: nn.Module, inputs: Inputs, of: Of = "logit") -> npt.NDArray[np.float32]:
    """∂ max(ŷ) / ∂x, (parcel, date, band): change of the highest score per standard deviation of a band.

    0 at dates that are not shown.
    """
    method = Saliency(Score(network, of))
    found = []
    for batch in inputs.batches():
        target = torch.from_numpy(highest(network, batch))
        x = batch.x.clone().requires_grad_()
        values = method.attribute(x, target=target, abs=False, additional_forward_args=(batch.mask, batch.day))
        found.append(_shown(values, batch.mask).float().numpy())
    return np.concatenate(found)


def integrated(
    network: nn.Module,
    inputs: Inputs,
    points: int = 16,
    most: int = 512,
    tolerance: float = 0.05,
    of: Of = "logit",
) -> Integrated:
    """Integrated gradients of the highest score, by Gauss-Legendre's rule.

    Parameters
    ----------
    points
        Points of the quadrature at first. They are doubled for the parcels whose gap is greater than `tolerance`.
    most
        No more than so many; what has not closed by then keeps its gap.
    tolerance
        Greatest gap, as a share of the change of the score.
    """
    score = Score(network, of)
    target = torch.from_numpy(highest(network, inputs))
    change = _change(score, inputs, target)
    values = np.zeros(inputs.x.shape, np.float32)
    gap, used = np.full(len(inputs), np.inf), np.zeros(len(inputs), np.int64)
    left = np.arange(len(inputs))
    while len(left):
        some = inputs.take(left)
        found = _quadrature(score, some, target[left], points)
        values[left], used[left] = found, points
        error = np.abs(found.sum(axis=(1, 2)) - change[left])
        gap[left] = error / np.maximum(np.abs(change[left]), np.finfo(float).tiny)
        left = left[gap[left] > tolerance]
        if points >= most:
            break
        points = min(2 * points, most)
    return Integrated(values.astype(np.float32), change, gap, used)


@torch.no_grad()
def _change(score: Score, inputs: Inputs, target: Tensor) -> npt.NDArray[np.float64]:
    """Score of each parcel minus the score of where its path starts."""
    found = []
    for batch, wanted in zip(inputs.batches(), target.split(BATCH), strict=True):
        ends = [score(x, batch.mask, batch.day).gather(1, wanted[:, None])[:, 0] for x in (batch.x, batch.start)]
        found.append((ends[0] - ends[1]).double().numpy())
    return np.concatenate(found)


def _quadrature(score: Score, inputs: Inputs, target: Tensor, points: int) -> npt.NDArray[np.float64]:
    method = IntegratedGradients(score)
    found = []
    size = max(1, ON_PATHS // points)
    for batch, wanted in zip(inputs.batches(size), target.split(size), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            values = method.attribute(
                batch.x,
                baselines=batch.start,
                target=wanted,
                additional_forward_args=(batch.mask, batch.day),
                n_steps=points,
                internal_batch_size=max(AT_ONCE, len(batch)),
            )
        found.append(_shown(values, batch.mask).double().numpy())
    return np.concatenate(found)


def _shown(values: Tensor, mask: Tensor) -> Tensor:
    return values.detach().masked_fill(~mask.unsqueeze(-1), 0.0)
