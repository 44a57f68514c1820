"""What the bidirectional recurrent networks share: their layers, and how unobserved dates leave a series."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from .dropout import Dropout
from .sequence import blank, compact


class Bidirectional(nn.Module):
    """Recurrent network without biases for series of any length.

    Layer normalisation of the bands, stacked layers of cells with dropout between them, layer normalisation of all
    layers' and directions' last states, a linear layer. Unobserved dates are removed, so the last state is that of
    the last observed date.

    Parameters
    ----------
    bands, classes, dates
        Size of the input and of the output; `dates` is not needed.
    hidden
        Hidden units of each layer and direction.
    layers
        Stacked layers.
    dropout
        Probability of dropout between layers.
    """

    kind: ClassVar[type[nn.RNNBase]]
    """torch's module that holds the weights of the cells."""

    def __init__(
        self,
        bands: int,
        classes: int,
        dates: int | None = None,  # noqa: ARG002
        hidden: int = 32,
        layers: int = 4,
        dropout: float = 0.71,
    ) -> None:
        super().__init__()
        self.normalise_bands = nn.LayerNorm(bands)
        self.normalise_states = nn.LayerNorm(2 * layers * hidden)
        self.cells = self.kind(bands, hidden, layers, bias=False, bidirectional=True)  # type: ignore[arg-type]
        self.dropout = Dropout(dropout)
        self.classify = nn.Linear(2 * layers * hidden, classes)

    def weights(self, layer: int, direction: str) -> tuple[Tensor, Tensor]:
        """Weights of a layer for its input and for its last output; `direction` is "" or "_reverse"."""
        w, u = (getattr(self.cells, f"weight_{kind}_l{layer}{direction}") for kind in ("ih", "hh"))
        return w, u

    def sequence(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Normalised observed dates (dates, batch, bands), and (batch,) how many dates of zeros follow; None: none."""
        x, mask = blank(x, mask)
        if mask is None:
            return self.normalise_bands(x).transpose(0, 1), None
        x, lengths = compact(x, mask)
        beyond = torch.arange(x.shape[1], device=x.device) >= lengths.unsqueeze(1)
        x = self.normalise_bands(x).masked_fill(beyond.unsqueeze(-1), 0.0)
        return x.transpose(0, 1), x.shape[1] - lengths
