"""Lightweight temporal attention encoder (L-TAE).

Garnot, V. S. F. & Landrieu, L. 2020, "Lightweight temporal self-attention for classifying satellite image time series",
AALTD workshop of ECML-PKDD, Springer LNAI 12588:171-181 (https://doi.org/10.1007/978-3-030-65742-0_12,
arXiv:2007.00586), section 3 and figure 1: the channels of a date are shared out among H heads; each head has one master
query, a parameter, that asks the keys of all dates and so weights the head's own channels, which are its values; the
heads' means are joined and pass a perceptron (MLP3). The decoder (MLP4) is that of the paper's table 1.

The paper's input is an embedding of the parcel's pixels; here it is the parcel's bands, mapped to d_model channels.
What the authors' code normalises over dates and channels together (a layer whose shape holds the number of dates) is
normalised over the channels of each date here, because dates are missing and their number varies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from .dropout import Dropout
from .sequence import DAYS, blank

ATTENTION_DROPOUT = 0.1  # on the attention weights, as in the authors' code


def sinusoids(positions: int, width: int, heads: int, period: float) -> Tensor:
    """Table (positions, width) of equation 4: sines and cosines of T^(2i / d_h), the same for every head."""
    size = width // heads
    column = torch.arange(size, dtype=torch.float64)
    angle = torch.arange(positions, dtype=torch.float64).unsqueeze(1) / period ** (2 * (column // 2) / size)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float().repeat(1, heads)


class _Attention(nn.Module):
    """Heads with a master query each, over groups of channels (equations 1 to 3)."""

    def __init__(self, width: int, heads: int, keys: int) -> None:
        super().__init__()
        self.heads, self.size = heads, keys
        self.query = nn.Parameter(torch.empty(heads, keys))
        self.key = nn.Linear(width, heads * keys)
        self.dropout = Dropout(ATTENTION_DROPOUT)
        nn.init.normal_(self.query, std=math.sqrt(2 / keys))
        nn.init.normal_(self.key.weight, std=math.sqrt(2 / keys))

    def forward(self, x: Tensor, ignore: Tensor | None) -> tuple[Tensor, Tensor]:
        """x (batch, dates, width) to the heads' means joined (batch, width), and weights (batch, heads, dates)."""
        batch, dates, width = x.shape
        keys = self.key(x).view(batch, dates, self.heads, self.size)
        scores = torch.einsum("bthk,hk->bht", keys, self.query) / math.sqrt(self.size)
        if ignore is not None:
            scores = scores.masked_fill(ignore.unsqueeze(1), -math.inf)
        weights = torch.softmax(scores, dim=-1)
        values = x.view(batch, dates, self.heads, width // self.heads)
        joined = torch.einsum("bht,bthc->bhc", self.dropout(weights), values)
        return joined.reshape(batch, width), weights


class Ltae(nn.Module):
    """L-TAE for series of any length.

    Unobserved dates are no keys of the attention.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    width
        d_model, channels of a date.
    heads
        H; it divides `width`.
    keys
        d_k, size of keys and master queries.
    embedding
        Size of the series' embedding.
    decoder
        Hidden layers between the embedding and the classes.
    period
        T of the positions.
    dropout
        Probability of dropout of the embedding.
    positions
        "day": the position of a date is its day of the year, and `day` must be given. (The paper counts days too, from
        the series' first date; of one year these differ by a shift.) "order": the n-th observed date has position n.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        dates: int | None = None,
        width: int = 256,
        heads: int = 16,
        keys: int = 8,
        embedding: int = 128,
        decoder: Sequence[int] = (64, 32),
        period: float = 1000.0,
        dropout: float = 0.2,
        positions: Literal["order", "day"] = "day",
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads must divide width; got {heads} heads and width {width}")
        self.positions = positions
        self.heads, self.period = heads, period
        self.normalise_bands = nn.LayerNorm(bands)
        self.embed = nn.Linear(bands, width)
        self.normalise_embedding = nn.LayerNorm(width)
        self.attention = _Attention(width, heads, keys)
        self.perceptron = _perceptron(width, embedding)
        self.dropout = Dropout(dropout)
        self.normalise_output = nn.LayerNorm(embedding)
        layers = [embedding, *decoder]
        hidden = (_perceptron(n, m) for n, m in pairwise(layers))
        self.decode = nn.Sequential(*hidden, nn.Linear(layers[-1], classes))
        table = sinusoids(max(DAYS, dates or 0) + 1, width, heads, period)
        self.register_buffer("table", table, persistent=False)
        self.table: Tensor

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        return self.return_attention(x, mask, day)[0]

    def return_attention(
        self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits and the attention weights (batch, heads, dates), which sum to 1; 0 at unobserved dates."""
        x, mask = blank(x, mask)
        x = self.normalise_embedding(self.embed(self.normalise_bands(x)))
        x = x + self._position(x, mask, day)
        joined, weights = self.attention(x, None if mask is None else ~mask)
        logits: Tensor = self.decode(self.normalise_output(self.dropout(self.perceptron(joined))))
        return logits, weights

    def _position(self, x: Tensor, mask: Tensor | None, day: Tensor | None) -> Tensor:
        """Sinusoids (1 or batch, dates, width); places in the order count from 1."""
        dates = x.shape[1]
        if self.positions == "day":
            if day is None:
                raise ValueError('an L-TAE with positions="day" needs the argument day')
            return self.table[day.long().clamp(0, DAYS)]
        long = dates >= len(self.table)
        table = sinusoids(dates + 1, x.shape[2], self.heads, self.period).to(x) if long else self.table
        if mask is None:
            return table[1 : dates + 1].unsqueeze(0)
        return table[mask.cumsum(dim=1)]


def _perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, batch normalisation, ReLU."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())
