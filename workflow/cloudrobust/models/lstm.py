"""Bidirectional LSTM.

Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9(8):1735-1780, with
the forget gate of Gers et al. 2000; bidirectional as in Schuster & Paliwal 1997. The study's
network: layer normalisation of the bands, four layers without bias with dropout between them,
layer normalisation of all layers' and directions' last cell states, a linear layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .dropout import Dropout
from .recurrence import recurrence
from .sequence import blank, compact, to_end, to_start


class Lstm(nn.Module):
    """Bidirectional LSTM for series of any length.

    Unobserved dates are removed, so the last cell state is that of the last observed date.

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
        self.lstm = nn.LSTM(bands, hidden, layers, bias=False, bidirectional=True)  # holds the weights
        self.dropout = Dropout(dropout)
        self.classify = nn.Linear(2 * layers * hidden, classes)

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        x, padding = self._sequence(x, mask)
        x = x.transpose(1, 2).contiguous()  # (dates, channels, batch), as `recurrence` works
        last_cells = []
        for layer in range(self.lstm.num_layers):
            # Any zeros stand in front in both directions: the network has no bias, so that a zero input leaves a
            # zero state at zero (c' = f·0 + i·tanh 0) and padding changes nothing.
            forward = x if padding is None else to_end(x.transpose(1, 2), padding).transpose(1, 2)
            outputs, cells = recurrence(torch.stack([forward, x.flip(0)], dim=1), self._gate_weights(layer))
            last_cells.append(cells.flatten(0, 1))
            if layer + 1 < self.lstm.num_layers:
                forward, backward = outputs.unbind(1)
                if padding is not None:
                    forward = to_start(forward.transpose(1, 2), padding).transpose(1, 2)
                x = self.dropout(torch.cat([forward, backward.flip(0)], dim=1))
        logits: Tensor = self.classify(self.normalise_states(torch.cat(last_cells).T))
        return logits

    @torch.no_grad()
    def states(self, x: Tensor, mask: Tensor | None = None) -> list[dict[str, Tensor]]:
        """What happens inside, for each layer: gates i, f, g, o, cell state c and output h (without dropout).

        Each is (directions, batch, dates, hidden); direction 0 runs forward, 1 backward through time,
        and dates are in the order of time in both. With unobserved dates the observed ones come first
        and what follows is NaN.
        """
        x, padding = self._sequence(x, mask)
        states = []
        for layer in range(self.lstm.num_layers):
            forward = {key: to_start(v, padding) for key, v in self._gates(to_end(x, padding), layer, "").items()}
            backward = {key: v.flip(0) for key, v in self._gates(x.flip(0), layer, "_reverse").items()}
            x = torch.cat([forward["h"], backward["h"]], dim=2)
            states.append({key: torch.stack([forward[key], backward[key]]).transpose(1, 2) for key in forward})
        if padding is not None:
            beyond = torch.arange(len(x), device=x.device) >= len(x) - padding.unsqueeze(1)
            states = [{k: v.masked_fill(beyond[None, :, :, None], torch.nan) for k, v in s.items()} for s in states]
        return states

    def _sequence(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Normalised observed dates (dates, batch, bands), and (batch,) how many dates of zeros follow; None: none."""
        x, mask = blank(x, mask)
        if mask is None:
            return self.normalise_bands(x).transpose(0, 1), None
        x, lengths = compact(x, mask)
        beyond = torch.arange(x.shape[1], device=x.device) >= lengths.unsqueeze(1)
        x = self.normalise_bands(x).masked_fill(beyond.unsqueeze(-1), 0.0)
        return x.transpose(0, 1), x.shape[1] - lengths

    def _weights(self, layer: int, direction: str) -> tuple[Tensor, Tensor]:
        w, u = (getattr(self.lstm, f"weight_{kind}_l{layer}{direction}") for kind in ("ih", "hh"))
        return w, u

    def _gate_weights(self, layer: int) -> Tensor:
        """Both directions' weights as `recurrence` takes them; torch's order of the gates is i, f, g, o."""
        both = []
        for direction in ("", "_reverse"):
            i, f, g, o = torch.cat(self._weights(layer, direction), dim=1).chunk(4)
            both.append(torch.cat([i, f, o, g]))
        return torch.stack(both)

    def _gates(self, x: Tensor, layer: int, direction: str) -> dict[str, Tensor]:
        """One layer in one direction, date by date by the papers' equations: all of it, (dates, batch, hidden) each."""
        w, u = self._weights(layer, direction)
        h = c = x.new_zeros(x.shape[1], self.lstm.hidden_size)
        steps = []
        for step in x:
            i, f, g, o = (step @ w.T + h @ u.T).chunk(4, dim=1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * c + i * g
            h = o * c.tanh()
            steps.append({"i": i, "f": f, "g": g, "o": o, "c": c, "h": h})
        return {key: torch.stack([step[key] for step in steps]) for key in steps[0]}
