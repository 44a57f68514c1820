"""InceptionTime.

Fawaz, H. I. et al. 2020, "InceptionTime: finding AlexNet for time series classification", Data Mining and Knowledge
Discovery 34:1936-1962 (https://doi.org/10.1007/s10618-020-00710-y, arXiv:1909.04939), figures 1 and 2: six inception
modules, a shortcut around every three, the mean over time, a linear layer. A module is a bottleneck to m = 32 channels,
convolutions of length 40, 20 and 10 beside each other and beside a maximum over three dates with a convolution of
length 1; the four are joined, normalised over the batch and rectified.

The paper's classifier averages the probabilities of five such networks. Here each seed is one network.

The `breizhcrops` package has filters of length 41, 21 and 11 instead. It keeps its modules in plain lists, so that its
optimiser never sees them: only its last layer is trained.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .gaps import Filters, ObservedNormalisation, highest_of_three, hold, mean_over_dates, observed_image

SPAN = 3  # modules that one shortcut spans


class _Module(nn.Module):
    """One inception module (figure 2); of a single channel there is nothing to squeeze, so no bottleneck."""

    def __init__(self, channels: int, filters: int, kernel: int) -> None:
        super().__init__()
        squeezed = filters if channels > 1 else channels
        self.bottleneck = Filters(channels, filters, 1, bias=False) if channels > 1 else nn.Identity()
        self.convolutions = nn.ModuleList(Filters(squeezed, filters, kernel // 2**n, bias=False) for n in range(3))
        self.after_maximum = Filters(channels, filters, 1, bias=False)
        self.norm = ObservedNormalisation(4 * filters)

    def forward(self, image: Tensor, keep: Tensor | None) -> Tensor:
        squeezed = self.bottleneck(image)
        found = [convolution(squeezed) for convolution in self.convolutions]
        found.append(self.after_maximum(highest_of_three(image, keep)))
        return F.relu(self.norm(torch.cat(found, dim=1), keep))


class _Shortcut(nn.Module):
    """Linear residual connection around three modules (section 3.1)."""

    def __init__(self, channels: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = Filters(channels, channels_out, 1, bias=False)
        self.norm = ObservedNormalisation(channels_out)

    def forward(self, before: Tensor, after: Tensor, keep: Tensor | None) -> Tensor:
        return F.relu(after + self.norm(self.convolution(before), keep))


class InceptionTime(nn.Module):
    """One network of InceptionTime, for series of any length.

    Unobserved dates are removed; what is left is read as a series of its own length (see `gaps`).

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    filters
        Filters of each convolution; a module has four times as many channels.
    depth
        Inception modules.
    kernel
        Length of the longest filters in dates; the others have 1/2 and 1/4 of it.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        dates: int | None = None,  # noqa: ARG002
        filters: int = 32,
        depth: int = 6,
        kernel: int = 40,
    ) -> None:
        super().__init__()
        if kernel < 4:
            raise ValueError(f"the shortest filters have kernel // 4 dates, so kernel is at least 4; it is {kernel}")
        width = 4 * filters
        self.modules_of_inception = nn.ModuleList(_Module(width if n else bands, filters, kernel) for n in range(depth))
        self.shortcuts = nn.ModuleList(_Shortcut(width if n else bands, width) for n in range(depth // SPAN))
        self.classify = nn.Linear(width, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        image, keep = observed_image(x, mask)
        before = image
        for number, module in enumerate(self.modules_of_inception):
            image = module(image, keep)
            if number % SPAN == SPAN - 1:
                before = image = self.shortcuts[number // SPAN](before, image, keep)
        logits: Tensor = self.classify(mean_over_dates(hold(image, keep), keep))
        return logits
