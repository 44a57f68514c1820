"""Convolutional networks of series with gaps: the sequence of observed dates, whatever its length.

Observed dates are moved to the front, and everything behind them is held at zero, which is also what the padding of a
convolution sees beyond a series' end. So a short series among longer ones gives what it gives alone, and the
statistics of batch normalisation are those of observed dates.

`keep` is everywhere a bool tensor (batch, 1, 1, dates), true at the dates of a series; None means all of them.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .convolution import Normalisation, to_image
from .sequence import blank, compact


def observed_image(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Series (batch, dates, bands) to an image (batch, bands, 1, dates) of their observed dates, and its `keep`."""
    x, mask = blank(x, mask)
    if mask is None:
        return to_image(x), None
    x, lengths = compact(x, mask)
    within = torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1)
    return to_image(x.masked_fill(~within.unsqueeze(-1), 0.0)), within[:, None, None, :]


def hold(image: Tensor, keep: Tensor | None) -> Tensor:
    """`image` with zeros behind the end of each series."""
    return image if keep is None else image.masked_fill(~keep, 0.0)


def mean_over_dates(image: Tensor, keep: Tensor | None) -> Tensor:
    """(batch, channels, 1, dates), zero behind the end, to the mean of each series' dates (batch, channels)."""
    if keep is None:
        return image.mean(dim=(2, 3))
    return image.sum(dim=(2, 3)) / keep.sum(dim=(2, 3))


class Filters(nn.Conv1d):
    """Convolution of any length that keeps the number of dates: of an even one the longer half lies in the future.

    That is padding "same" of Keras (`floor((k - 1) / 2)` zeros before, `floor(k / 2)` after the series).
    """

    def forward(self, image: Tensor) -> Tensor:
        kernel = self.kernel_size[0]
        weight = self.weight.unsqueeze(2)
        if kernel % 2:
            return F.conv2d(image, weight, self.bias, padding=(0, kernel // 2))
        return F.conv2d(F.pad(image, ((kernel - 1) // 2, kernel // 2)), weight, self.bias)


class ObservedNormalisation(Normalisation):
    """Batch normalisation whose statistics are those of the dates of `keep`; zero elsewhere.

    Ioffe & Szegedy 2015, "Batch normalization", ICML, algorithm 1; as `torch.nn.BatchNorm1d`, the running variance
    is the unbiased one.
    """

    def forward(self, image: Tensor, keep: Tensor | None = None) -> Tensor:
        if keep is None or not self.training:
            return hold(super().forward(image), keep)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        image = image.float()  # sums of many dates, also where products are of bfloat16
        count = keep.sum()
        mean = hold(image, keep).sum(dim=(0, 2, 3), keepdim=True) / count
        centred = hold(image - mean, keep)
        variance = centred.square().sum(dim=(0, 2, 3), keepdim=True) / count
        with torch.no_grad():
            unbiased = variance * count / (count - 1).clamp(min=1)
            self.num_batches_tracked.add_(1)
            self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean.flatten())
            self.running_var.mul_(1 - self.momentum).add_(self.momentum * unbiased.flatten())
        scale = (variance + self.eps).rsqrt() * self.weight[:, None, None]
        return hold(centred * scale + self.bias[:, None, None], keep)


def highest_of_three(image: Tensor, keep: Tensor | None) -> Tensor:
    """Maximum over each date and its two neighbours; what lies beyond the ends does not count."""
    if keep is not None:
        image = image.masked_fill(~keep, -math.inf)
    return hold(F.max_pool2d(image, (1, 3), stride=1, padding=(0, 1)), keep)
