"""Bidirectional GRU.

Cho, K. et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
EMNLP, pages 1724-1734 (arXiv:1406.1078), equations 5 to 8:

    r_t = σ(W_r x_t + U_r h_{t-1})
    z_t = σ(W_z x_t + U_z h_{t-1})
    n_t = tanh(W x_t + r_t ∘ (U h_{t-1}))
    h_t = z_t ∘ h_{t-1} + (1 - z_t) ∘ n_t

without biases, as the paper writes them. In n_t the reset gate stands behind the product with U, as in cuDNN and torch
(the paper's equation 8 has U (r ∘ h)), because only that form has a fast kernel. Around the cells the network is
that of our LSTM: layer normalisation of the bands, dropout between layers, layer normalisation of all layers' and
directions' last states, a linear layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .bidirectional import Bidirectional
from .sequence import in_stack, to_end, to_start


class Gru(Bidirectional):
    """Bidirectional GRU; parameters as of `Bidirectional`."""

    kind = nn.GRU

    def forward(self, x: Tensor, mask: Tensor | None = None, day: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Series (batch, dates, bands) to logits (batch, classes); see `cloudrobust.models`."""
        x, padding = self.sequence(x, mask)
        last = []
        for layer in range(self.cells.num_layers):
            forward = self._direction(to_end(x, padding), layer, "")
            backward = self._direction(x.flip(0), layer, "_reverse")
            last += [forward[-1], backward[-1]]
            x = torch.cat([to_start(forward, padding), backward.flip(0)], dim=2)
            if layer + 1 < self.cells.num_layers:
                x = self.dropout(x)
        logits: Tensor = self.classify(self.normalise_states(torch.cat(last, dim=1)))
        return logits

    def _direction(self, x: Tensor, layer: int, direction: str) -> Tensor:
        """One layer in one direction, over x (dates, batch, inputs) in that order: all states.

        Zeros stand in front: without biases a zero input leaves a zero state at zero (n = tanh 0), so padding changes
        nothing. One call of torch's kernel a layer, because dropout inside a call would use torch's slow one; the
        networks of a stack, which that kernel does not know, go date by date.
        """
        weights = self.weights(layer, direction)
        if in_stack():
            return _date_by_date(x, *weights)
        zeros = x.new_zeros(1, x.shape[1], self.cells.hidden_size)
        train = torch.is_grad_enabled()  # also evaluation may ask for gradients (explanations)
        states, _ = torch.gru(x, zeros, weights, False, 1, 0.0, train, False, False)
        return states


def _date_by_date(x: Tensor, w: Tensor, u: Tensor) -> Tensor:
    """The equations above; torch's order of the weights is r, z, n."""
    h = x.new_zeros(x.shape[1], u.shape[1])
    states = []
    for r_x, z_x, n_x in zip(*(x @ w.T).chunk(3, dim=2), strict=True):
        r_h, z_h, n_h = (h @ u.T).chunk(3, dim=1)
        r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
        h = z * h + (1 - z) * torch.tanh(n_x + r * n_h)
        states.append(h)
    return torch.stack(states)
