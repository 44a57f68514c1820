"""Omni-scale convolutional network (OS-CNN).

Tang, W. et al. 2020, "Omni-scale CNNs: a simple and effective kernel size configuration for time series
classification", arXiv:2002.10061 (ICLR 2022), section 4: three layers, each of convolutions of several lengths beside
each other, batch normalisation and ReLU; the mean over time; a linear layer. The lengths are 1 and the prime numbers up
to a quarter of the series in the first two layers, 1 and 2 in the third, so that together every receptive field from 1
to about the whole series occurs.

How many filters each length has follows from a number of weights that the layer is allowed, as in the authors' code
(https://github.com/Wensi-Tang/OS-CNN): 8 · 128 for each band in the first layer, 5 · 128 · 256 + 2 · 256 · 128 in the
second; the third has the channels of the first, twice. At least one filter of each length.

The `breizhcrops` package holds the univariate form of an older version: 8 · 128 weights for all bands of the first
layer together, and in the third the channels that the first would have for one band. With 13 bands and 92 dates or more
that leaves no filter at all. For one band both are the same network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .gaps import Filters, ObservedNormalisation, hold, mean_over_dates, observed_image

LONGEST = 89  # largest receptive field of a layer in the authors' code


def lengths(dates: int) -> list[int]:
    """1 and the primes up to a quarter of `dates` (at least 1, at most `LONGEST`)."""
    most = max(1, min(dates // 4, LONGEST))
    return [n for n in range(1, most + 1) if all(n % divisor for divisor in range(2, n))]


class _Layer(nn.Module):
    """Convolutions of several lengths beside each other."""

    def __init__(self, channels: int, filters: int, kernels: list[int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(Filters(channels, filters, kernel) for kernel in kernels)
        self.norms = nn.ModuleList(ObservedNormalisation(filters) for _ in kernels)

    def forward(self, image: Tensor, keep: Tensor | None) -> Tensor:
        scales = zip(self.convolutions, self.norms, strict=True)
        return F.relu(torch.cat([norm(convolution(image), keep) for convolution, norm in scales], dim=1))


class OmniScale(nn.Module):
    """OS-CNN for series of any length; its filters suit series of about `dates` dates.

    Unobserved dates are removed; what is left is read as a series of its own length (see `gaps`).

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output.
    first
        Weights of the first layer for each band.
    second
        Weights of the second layer.
    """

    def __init__(self, bands: int, classes: int, dates: int, first: int = 1024, second: int = 229_376) -> None:
        super().__init__()
        kernels = lengths(dates)
        narrow = max(1, first // sum(kernels))
        channels = len(kernels) * narrow
        wide = max(1, second // (channels * sum(kernels)))
        self.layers = nn.ModuleList(
            [
                _Layer(bands, narrow, kernels),
                _Layer(channels, wide, kernels),
                _Layer(len(kernels) * wide, channels, [1, 2]),
            ]
        )
        self.classify = nn.Linear(2 * channels, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        image, keep = observed_image(x, mask)
        for layer in self.layers:
            image = layer(image, keep)
        logits: Tensor = self.classify(mean_over_dates(hold(image, keep), keep))
        return logits
