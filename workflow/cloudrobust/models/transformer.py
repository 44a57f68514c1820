"""Transformer encoder.

Vaswani et al. 2017, "Attention is all you need", NeurIPS (arXiv:1706.03762); as a classifier
of series in Rußwurm & Körner 2020, "Self-attention for raw optical satellite time series
classification", ISPRS Journal 169:421-435 (https://doi.org/10.1016/j.isprsjprs.2020.06.006):
layer normalisation of the bands, a linear map to `width`, layer normalisation, frozen
sinusoidal positions, the encoder, layer normalisation, maximum over time, a linear layer.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dropout import Dropout
from .sequence import blank

ATTENTION_DROPOUT = 0.1  # on the attention weights; fixed in the study's code, whatever its other dropout
DAYS = 366


def sinusoids(positions: int, width: int) -> Tensor:
    """Table (positions, width) of Vaswani et al. 2017, section 3.5: sines in even columns, cosines in odd ones."""
    column = torch.arange(width, dtype=torch.float64)
    angle = torch.arange(positions, dtype=torch.float64).unsqueeze(1) / 10000 ** (2 * (column // 2) / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()


class _Attention(nn.Module):
    """Multi-head self-attention with its residual connection (section 3.2)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.project = nn.Linear(width, 3 * heads * self.size)  # queries, keys and values in one product
        self.merge = nn.Linear(heads * self.size, width)
        self.weight_dropout = Dropout(ATTENTION_DROPOUT)
        self.dropout = Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.project.weight, std=math.sqrt(2 / (width + self.size)))
        nn.init.xavier_normal_(self.merge.weight)

    def forward(self, x: Tensor, ignore: Tensor | None, return_weights: bool) -> tuple[Tensor, Tensor | None]:
        batch, dates, _ = x.shape
        queries, keys, values = self.project(x).view(batch, dates, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        weights = None
        if self.training or return_weights:
            scores = torch.matmul(queries / math.sqrt(self.size), keys.transpose(2, 3))
            if ignore is not None:
                scores = scores.masked_fill(ignore[:, None, None, :], -math.inf)
            weights = torch.softmax(scores, dim=-1)
            attended = torch.matmul(self.weight_dropout(weights), values)
        else:
            keep = None if ignore is None else ~ignore[:, None, None, :]
            attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=keep)
        merged = self.merge(attended.transpose(1, 2).reshape(batch, dates, -1))
        return self.norm(self.dropout(merged) + x), weights if return_weights else None


class _Feedforward(nn.Module):
    """Position-wise feed-forward network with its residual connection (section 3.3)."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.dropout = Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.dropout(self.narrow(F.relu(self.widen(x), inplace=True))) + x)
        return normed


class Transformer(nn.Module):
    """Transformer encoder for series of any length.

    Unobserved dates are no keys of the attention and are left out of the maximum over time.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    width
        d_model.
    heads
        Attention heads, of width // heads dimensions each.
    layers
        Encoder layers.
    inner
        Width of the position-wise feed-forward network.
    dropout
        Probability of dropout after the attention and the feed-forward network.
    positions
        "order": the n-th observed date has position n, as in the study. "day": its position is
        the day of the year, and `day` must be given.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        dates: int | None = None,
        width: int = 128,
        heads: int = 3,
        layers: int = 3,
        inner: int = 512,
        dropout: float = 0.26,
        positions: Literal["order", "day"] = "order",
    ) -> None:
        super().__init__()
        if heads > width:
            raise ValueError(f"heads must not exceed width; got {heads} heads and width {width}")
        self.positions = positions
        self.normalise_bands = nn.LayerNorm(bands)
        self.embed = nn.Linear(bands, width)
        self.normalise_embedding = nn.LayerNorm(width)
        self.attentions = nn.ModuleList(_Attention(width, heads, dropout) for _ in range(layers))
        self.feedforwards = nn.ModuleList(_Feedforward(width, inner, dropout) for _ in range(layers))
        self.normalise_output = nn.LayerNorm(width)
        self.classify = nn.Linear(width, classes, bias=False)
        self.register_buffer("table", sinusoids(max(DAYS, dates or 0) + 1, width), persistent=False)
        self.table: Tensor

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        return self._run(x, mask, day, return_weights=False)[0]

    def return_attention(
        self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Logits and, for each layer, the attention weights (batch, heads, output dates, input dates).

        The weights of an output date sum to 1; those of unobserved input dates are 0. Rows of
        unobserved output dates are of no meaning.
        """
        return self._run(x, mask, day, return_weights=True)

    def _run(
        self, x: Tensor, mask: Tensor | None, day: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, list[Tensor]]:
        x, mask = blank(x, mask)
        ignore = None if mask is None else ~mask
        x = self.normalise_embedding(self.embed(self.normalise_bands(x)))
        x = x + self._position(x, mask, day)
        attention = []
        for attend, feed in zip(self.attentions, self.feedforwards, strict=True):
            x, weights = attend(x, ignore, return_weights)
            x = feed(x)
            if weights is not None:
                attention.append(weights)
        x = self.normalise_output(x)
        if ignore is not None:
            x = x.masked_fill(ignore.unsqueeze(-1), -math.inf)
        return self.classify(x.max(dim=1).values), attention

    def _position(self, x: Tensor, mask: Tensor | None, day: Tensor | None) -> Tensor:
        """Sinusoids (1 or batch, dates, width); positions count from 1."""
        dates = x.shape[1]
        if self.positions == "day":
            if day is None:
                raise ValueError('a Transformer with positions="day" needs the argument day')
            return self.table[day.long().clamp(0, DAYS)]
        table = self.table if dates < len(self.table) else sinusoids(dates + 1, x.shape[2]).to(x)
        if mask is None:
            return table[1 : dates + 1].unsqueeze(0)
        return table[mask.cumsum(dim=1)]
