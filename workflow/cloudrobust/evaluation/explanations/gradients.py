"""Gradients of the highest score with respect to the input, by Captum.

Simonyan et al. 2014 (arXiv:1312.6034) for the gradient; Sundararajan et al. 2017 (ICML, arXiv:1703.01365)
for integrated gradients, along the straight path from the mean of every band in the training part (0 after the
normalisation) to the input, whose sum over the input is the difference of the scores at both ends.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import IntegratedGradients, Saliency
from torch import Tensor, nn

from .inputs import BATCH, Inputs


def highest(network: nn.Module, inputs: Inputs) -> npt.NDArray[np.int64]:
    """The class of the highest score of each parcel."""
    with torch.no_grad():
        found = [network(b.x, b.mask, b.day).argmax(dim=1) for b in inputs.batches()]
    return torch.cat(found).numpy()


def gradient(network: nn.Module, inputs: Inputs) -> npt.NDArray[np.float32]:
    """∂ max(ŷ) / ∂x, (parcel, date, band): change of the highest logit per standard deviation of a band.

    0 at dates that are not shown.
    """
    method = Saliency(network.eval())
    found = []
    for batch in inputs.batches():
        target = torch.from_numpy(highest(network, batch))
        x = batch.x.clone().requires_grad_()
        values = method.attribute(x, target=target, abs=False, additional_forward_args=(batch.mask, batch.day))
        found.append(_shown(values, batch.mask))
    return np.concatenate(found)


def integrated(network: nn.Module, inputs: Inputs, steps: int = 16) -> npt.NDArray[np.float32]:
    """Integrated gradients of the highest logit, (parcel, date, band), by Gauss-Legendre's rule with `steps` points."""
    method = IntegratedGradients(network.eval())
    found = []
    for batch in inputs.batches():
        target = torch.from_numpy(highest(network, batch))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            values = method.attribute(
                batch.x,
                target=target,
                additional_forward_args=(batch.mask, batch.day),
                n_steps=steps,
                internal_batch_size=max(BATCH, len(batch)),
            )
        found.append(_shown(values, batch.mask))
    return np.concatenate(found)


def _shown(values: Tensor, mask: Tensor) -> npt.NDArray[np.float32]:
    return values.detach().masked_fill(~mask.unsqueeze(-1), 0.0).float().numpy()
