"""Temporal convolutional neural network (TempCNN).

Pelletier, Webb & Petitjean 2019, "Temporal convolutional neural network for the
classification of satellite image time series", Remote Sensing 11(5):523
(https://doi.org/10.3390/rs11050523): three convolutions over time, each with batch
normalisation, ReLU and dropout; one dense layer of the same kind; a softmax layer.
The study uses 64 filters of length 5 and dropout 0.5.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .convolution import Convolution, Normalisation, to_image
from .dropout import Dropout
from .sequence import blank


class TempCnn(nn.Module):
    """TempCNN for series of a fixed number of dates.

    The dense layer has a weight for each date, so every series must have exactly `dates`
    dates. An unobserved date is zero in every band: after normalisation that is the mean,
    and the same value that the convolutions see beyond the series' ends (their padding).
    It keeps its place, because a filter's neighbours in time are what the network learns;
    shorter sequences are therefore padded at their end.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output.
    hidden
        Filters of each convolution; the dense layer has four times as many units.
    kernel
        Length of the filters in dates; odd.
    dropout
        Probability of dropout after each of the four layers.
    """

    def __init__(
        self, bands: int, classes: int, dates: int, hidden: int = 64, kernel: int = 5, dropout: float = 0.5
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, so that a convolution keeps the number of dates; it is {kernel}")
        self.dates = dates

        def convolution(channels: int) -> nn.Sequential:
            return nn.Sequential(
                Convolution(channels, hidden, kernel, padding=kernel // 2),
                Normalisation(hidden),
                Dropout(dropout, relu=True),
            )

        self.convolutions = nn.Sequential(convolution(bands), convolution(hidden), convolution(hidden))
        self.dense = nn.Sequential(
            nn.Linear(hidden * dates, 4 * hidden), nn.BatchNorm1d(4 * hidden), Dropout(dropout, relu=True)
        )
        self.classify = nn.Linear(4 * hidden, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`.

        Fewer dates than `dates` are padded at the end; more raise ValueError.
        """
        if x.shape[1] > self.dates:
            raise ValueError(f"this TempCNN takes series of {self.dates} dates; got {x.shape[1]}")
        x, _ = blank(x, mask)
        if x.shape[1] < self.dates:
            x = F.pad(x, (0, 0, 0, self.dates - x.shape[1]))
        features = self.convolutions(to_image(x)).flatten(1)
        logits: Tensor = self.classify(self.dense(features))
        return logits
