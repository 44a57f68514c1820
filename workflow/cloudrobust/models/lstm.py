"""Bidirectional LSTM.

Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9(8):1735-1780, with
the forget gate of Gers et al. 2000; bidirectional as in Schuster & Paliwal 1997. The study's
network: layer normalisation of the bands, four layers without bias with dropout between them,
layer normalisation of all layers' and directions' last cell states, a linear layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .bidirectional import Bidirectional
from .recurrence import recurrence
from .sequence import in_stack, to_end, to_start


class Lstm(Bidirectional):
    """Bidirectional LSTM; parameters as of `Bidirectional`."""

    kind = nn.LSTM

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        x, padding = self.sequence(x, mask)
        if x.device.type == "cpu" and x.dtype == torch.float32 and not in_stack():
            last = self._layers(x, padding)
        else:
            last = self._stacked_layers(x, padding)
        logits: Tensor = self.classify(self.normalise_states(last))
        return logits

    def _layers(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """All layers' and directions' last cell states (batch, ...) by compiled code; x (dates, batch, bands)."""
        from .cells import layer as run  # a GPU needs no compiler

        lengths = None if padding is None else len(x) - padding
        last: list[Tensor] = []
        for layer in range(self.cells.num_layers):
            both = [torch.cat(self.weights(layer, direction), dim=1) for direction in ("", "_reverse")]
            x, cells = run(x, torch.stack(both), lengths)
            last += cells.unbind(0)
            if layer + 1 < self.cells.num_layers:
                x = self.dropout(x)
        return torch.cat(last, dim=1)

    def _stacked_layers(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """The same in torch's operations, for the networks of a stack, GPUs and bfloat16."""
        x = x.transpose(1, 2).contiguous()  # (dates, channels, batch), as `recurrence` works
        last_cells = []
        for layer in range(self.cells.num_layers):
            # Any zeros stand in front in both directions: the network has no bias, so that a zero input leaves a
            # zero state at zero (c' = f·0 + i·tanh 0) and padding changes nothing.
            forward = x if padding is None else to_end(x.transpose(1, 2), padding).transpose(1, 2)
            outputs, cells = recurrence(torch.stack([forward, x.flip(0)], dim=1), self._gate_weights(layer))
            last_cells.append(cells.flatten(0, 1))
            if layer + 1 < self.cells.num_layers:
                forward, backward = outputs.unbind(1)
                if padding is not None:
                    forward = to_start(forward.transpose(1, 2), padding).transpose(1, 2)
                x = self.dropout(torch.cat([forward, backward.flip(0)], dim=1))
        return torch.cat(last_cells).T

    @torch.no_grad()
    def states(self, x: Tensor, mask: Tensor | None = None) -> list[dict[str, Tensor]]:
        """What happens inside, for each layer: gates i, f, g, o, cell state c and output h (without dropout).

        Each is (directions, batch, dates, hidden); direction 0 runs forward, 1 backward through time,
        and dates are in the order of time in both. With unobserved dates the observed ones come first
        and what follows is NaN.
        """
        x, padding = self.sequence(x, mask)
        states = []
        for layer in range(self.cells.num_layers):
            forward = {key: to_start(v, padding) for key, v in self._gates(to_end(x, padding), layer, "").items()}
            backward = {key: v.flip(0) for key, v in self._gates(x.flip(0), layer, "_reverse").items()}
            x = torch.cat([forward["h"], backward["h"]], dim=2)
            states.append({key: torch.stack([forward[key], backward[key]]).transpose(1, 2) for key in forward})
        if padding is not None:
            beyond = torch.arange(len(x), device=x.device) >= len(x) - padding.unsqueeze(1)
            states = [{k: v.masked_fill(beyond[None, :, :, None], torch.nan) for k, v in s.items()} for s in states]
        return states

    def _gate_weights(self, layer: int) -> Tensor:
        """Both directions' weights as `recurrence` takes them; torch's order of the gates is i, f, g, o."""
        both = []
        for direction in ("", "_reverse"):
            i, f, g, o = torch.cat(self.weights(layer, direction), dim=1).chunk(4)
            both.append(torch.cat([i, f, o, g]))
        return torch.stack(both)

    def _gates(self, x: Tensor, layer: int, direction: str) -> dict[str, Tensor]:
        """One layer in one direction, date by date by the papers' equations: all of it, (dates, batch, hidden) each."""
        w, u = self.weights(layer, direction)
        h = c = x.new_zeros(x.shape[1], self.cells.hidden_size)
        steps = []
        for step in x:
            i, f, g, o = (step @ w.T + h @ u.T).chunk(4, dim=1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * c + i * g
            h = o * c.tanh()
            steps.append({"i": i, "f": f, "g": g, "o": o, "c": c, "h": h})
        return {key: torch.stack([step[key] for step in steps]) for key in steps[0]}
