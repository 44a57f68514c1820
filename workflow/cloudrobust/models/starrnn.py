"""STAR, a stackable recurrent network.

Turkoglu, M. O., D'Aronco, S., Wegner, J. D. & Schindler, K. 2019, "Gating revisited: deep multi-layer RNNs that can be
trained", arXiv:1911.11033 (IEEE TPAMI 44:4081-4092, 2022), equations 15 to 17 of the STAR cell:

    K_t = σ(W_x x_t + W_h h_{t-1} + b_K)
    z_t = tanh(W_z x_t + b_z)
    h_t = tanh((1 - K_t) ∘ h_{t-1} + K_t ∘ z_t)

Around the cells the network is that of `breizhcrops` (Rußwurm et al. 2020, ISPRS Archives XLIII-B2:1545-1551), which
comes from the paper's authors: layer normalisation of the bands, dropout and batch normalisation after each layer,
layer normalisation of the last date's output, a linear layer. There one layer object stands for all layers but the
first, so that their weights are one and the same; here every layer has its own, as in the paper. There the gate is
1 - K, so the signs of its weights are turned, and it has two biases where one says all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .dropout import Dropout
from .gaps import ObservedNormalisation
from .sequence import blank, compact


class _Layer(nn.Module):
    """One STAR cell run over all dates, with dropout and batch normalisation of what it says."""

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.gate_of_input = nn.Linear(inputs, hidden)  # W_x, b_K
        self.gate_of_state = nn.Linear(hidden, hidden, bias=False)  # W_h
        self.candidate = nn.Linear(inputs, hidden)  # W_z, b_z
        self.dropout = Dropout(dropout)
        self.norm = ObservedNormalisation(hidden)
        for linear in (self.gate_of_input, self.gate_of_state, self.candidate):
            nn.init.orthogonal_(linear.weight)
        nn.init.constant_(self.gate_of_input.bias, -1.0)  # remember, at first, rather than renew
        nn.init.zeros_(self.candidate.bias)

    def forward(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """x (batch, dates, inputs) to (batch, dates, hidden), zero behind the end of a series."""
        gates, candidates = self.gate_of_input(x), self.candidate(x).tanh()
        h = x.new_zeros(len(x), candidates.shape[2])
        states = []
        for gate, z in zip(gates.unbind(1), candidates.unbind(1), strict=True):
            k = torch.sigmoid(gate + self.gate_of_state(h))
            h = torch.tanh((1 - k) * h + k * z)
            states.append(h)
        said = self.dropout(torch.stack(states, dim=1))
        image: Tensor = self.norm(said.transpose(1, 2).unsqueeze(2), keep)
        return image.squeeze(2).transpose(1, 2)


class StarRnn(nn.Module):
    """STAR network for series of any length.

    Unobserved dates are removed; the last output is that of the last observed date.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    hidden
        Hidden units of each layer.
    layers
        Stacked layers.
    dropout
        Probability of dropout after each layer.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        dates: int | None = None,  # noqa: ARG002
        hidden: int = 128,
        layers: int = 3,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.normalise_bands = nn.LayerNorm(bands)
        self.layers = nn.ModuleList(_Layer(hidden if n else bands, hidden, dropout) for n in range(layers))
        self.normalise_output = nn.LayerNorm(hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        x, mask = blank(x, mask)
        keep = None
        last = torch.full((len(x),), x.shape[1] - 1, device=x.device)
        if mask is not None:
            x, lengths = compact(x, mask)
            last = lengths - 1
            keep = (torch.arange(x.shape[1], device=x.device) < lengths.unsqueeze(1))[:, None, None, :]
        x = self.normalise_bands(x)
        for layer in self.layers:
            x = layer(x, keep)
        output = x.gather(1, last[:, None, None].expand(-1, 1, x.shape[2])).squeeze(1)
        logits: Tensor = self.classify(self.normalise_output(output))
        return logits
