"""GRU against torch's own, packed, and its equations."""

from __future__ import annotations

import torch
from torch import nn

from cloudrobust import models


def test_logits_equal_those_of_torchs_gru_over_packed_series() -> None:
    """torch's packing is an independent way to leave out what lies behind a series' end."""
    torch.manual_seed(0)
    ours = models.create("gru", bands=5, classes=3, dates=12, hidden=7, layers=3).eval()
    mask = torch.rand(6, 12) < 0.6
    mask[:, 0] = True
    x = torch.randn(6, 12, 5)
    series = [ours.normalise_bands(x[row, mask[row]]) for row in range(6)]
    theirs = nn.GRU(5, 7, 3, bias=False, bidirectional=True, batch_first=True)
    theirs.load_state_dict(ours.cells.state_dict())
    with torch.no_grad():
        _, last = theirs(nn.utils.rnn.pack_sequence(series, enforce_sorted=False))
        wanted = ours.classify(ours.normalise_states(last.transpose(0, 1).reshape(6, -1)))
        torch.testing.assert_close(ours(x, mask), wanted, atol=1e-5, rtol=1e-5)


def test_the_cell_follows_its_equations() -> None:
    torch.manual_seed(0)
    ours = models.create("gru", bands=2, classes=2, dates=4, hidden=3, layers=1).eval()
    x = torch.randn(4, 1, 2)
    (w_r, w_z, w), (u_r, u_z, u) = (getattr(ours.cells, f"weight_{kind}_l0").chunk(3) for kind in ("ih", "hh"))
    h = torch.zeros(3)
    with torch.no_grad():
        for step in x[:, 0]:
            r, z = torch.sigmoid(w_r @ step + u_r @ h), torch.sigmoid(w_z @ step + u_z @ h)
            h = z * h + (1 - z) * torch.tanh(w @ step + r * (u @ h))
        torch.testing.assert_close(ours._direction(x, 0, "")[-1, 0], h)
