"""Multi-scale residual network (MS-ResNet) for series.

Wang, F., Han, J., Zhang, S., He, X. & Huang, D. 2018, "CSI-Net: unified human body
characterization and pose recognition", arXiv:1810.03064, whose one-dimensional network the
study uses with 64 channels: a stem as in ResNet (He et al. 2016, CVPR), then three branches
with filters of length 3, 5 and 7, each of three residual blocks that halve the length and
(from the second) double the channels; the branches' means over time are joined.

All series are first resampled to 512 samples, each taking the value of the nearest earlier
date, so that every network has the same lengths inside.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .convolution import Convolution, Normalisation, to_image
from .sequence import blank, compact

SAMPLES = 512


class _Block(nn.Module):
    """Two convolutions beside a shortcut, added.

    Padding is 1 whatever the kernel, as in the published network, so kernels of 5 and 7
    shorten the series; the shortcut is cut at its end to fit.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels_in, channels, kernel, stride=2, padding=1, bias=False)
        self.norm1 = Normalisation(channels)
        self.conv2 = Convolution(channels, channels, kernel, padding=1, bias=False)
        self.norm2 = Normalisation(channels)
        self.shortcut = nn.Sequential(
            Convolution(channels_in, channels, 1, stride=2, bias=False), Normalisation(channels)
        )

    def forward(self, image: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(image)), inplace=True)
        out = self.norm2(self.conv2(out))
        shortcut = self.shortcut(image)
        return F.relu(out + shortcut[..., : out.shape[-1]], inplace=True)


class MsResnet(nn.Module):
    """MS-ResNet for series of any length.

    Unobserved dates are removed; what is left is resampled by its own length.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    hidden
        Channels of the stem and the first blocks.
    """

    def __init__(self, bands: int, classes: int, dates: int | None = None, hidden: int = 64) -> None:  # noqa: ARG002
        super().__init__()
        self.stem = Convolution(bands, hidden, 7, stride=2, padding=3, bias=False)
        self.norm = Normalisation(hidden)
        self.branches = nn.ModuleList(
            nn.Sequential(
                _Block(hidden, hidden, kernel),
                _Block(hidden, 2 * hidden, kernel),
                _Block(2 * hidden, 4 * hidden, kernel),
            )
            for kernel in (3, 5, 7)
        )
        self.classify = nn.Linear(3 * 4 * hidden, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        image = to_image(resample(*blank(x, mask)))
        image = F.relu(self.norm(self.stem(image)), inplace=True)
        image = F.max_pool2d(image, (1, 3), stride=(1, 2), padding=(0, 1))
        # The published average pooling has windows of 16, 11 and 6: all that is left of 512 samples.
        features = torch.cat([branch(image).mean(dim=(2, 3)) for branch in self.branches], dim=1)
        logits: Tensor = self.classify(features)
        return logits


def resample(x: Tensor, mask: Tensor | None, samples: int = SAMPLES) -> Tensor:
    """Nearest-neighbour resampling of each series' observed dates, (batch, dates, bands) to (batch, samples, bands).

    Sample i takes observed date floor(i · n / samples) of n, as `torch.nn.functional.interpolate`
    does in its default mode.
    """
    steps = torch.arange(samples, device=x.device)
    if mask is None:
        return x.index_select(1, steps * x.shape[1] // samples)
    x, lengths = compact(x, mask)
    source = steps * lengths.unsqueeze(1) // samples
    return x.gather(1, source.unsqueeze(-1).expand(-1, -1, x.shape[2]))
