"""Compiled LSTM layers are those of torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cloudrobust import models
from cloudrobust.models import cells, lstm
from cloudrobust.models.dropout import Dropout


def both_directions(torchs: nn.LSTM) -> torch.Tensor:
    pairs = (
        [torchs.weight_ih_l0, torchs.weight_hh_l0],
        [torchs.weight_ih_l0_reverse, torchs.weight_hh_l0_reverse],
    )
    return torch.stack([torch.cat(pair, dim=1) for pair in pairs]).detach().requires_grad_()


@pytest.mark.parametrize("lengths", [None, [9, 1, 7, 9, 3]])
@pytest.mark.parametrize(("hidden", "copies"), [(5, 1), (32, 1), (7, 27)])
def test_outputs_states_and_gradients_are_those_of_torch(hidden, copies, lengths):
    """135 series are worked on in three parts, of which the last is smaller."""
    torch.manual_seed(hidden)
    oracle = nn.LSTM(6, hidden, bias=False, bidirectional=True)
    batch, dates = 5 * copies, 9
    count = None if lengths is None else torch.tensor(lengths * copies)
    x = torch.randn(dates, batch, 6)
    if count is not None:
        x[torch.arange(dates).unsqueeze(1) >= count] = 0.0
    theirs, mine = x.clone().requires_grad_(), x.clone().requires_grad_()
    weights = both_directions(oracle)

    packed = theirs if count is None else pack_padded_sequence(theirs, count, enforce_sorted=False)
    expected, (_, expected_cells) = oracle(packed)
    if count is not None:
        expected, _ = pad_packed_sequence(expected, total_length=dates)
    outputs, last = cells.layer(mine, weights, count)
    torch.testing.assert_close(outputs, expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(last, expected_cells, atol=1e-6, rtol=1e-6)

    of_outputs, of_cells = torch.randn_like(outputs), torch.randn_like(last)
    for said, states in ((outputs, last), (expected, expected_cells)):
        ((said * of_outputs).sum() + (states * of_cells).sum()).backward()
    within = torch.ones(dates, batch, dtype=torch.bool)
    if count is not None:
        within = torch.arange(dates).unsqueeze(1) < count
    torch.testing.assert_close(mine.grad[within], theirs.grad[within], atol=1e-5, rtol=1e-4)
    again = both_directions(oracle)
    slow = [oracle.weight_ih_l0.grad, oracle.weight_hh_l0.grad]
    torch.testing.assert_close(weights.grad[0], torch.cat(slow, dim=1), atol=3e-5, rtol=1e-4)
    slow = [oracle.weight_ih_l0_reverse.grad, oracle.weight_hh_l0_reverse.grad]
    torch.testing.assert_close(weights.grad[1], torch.cat(slow, dim=1), atol=3e-5, rtol=1e-4)
    assert torch.equal(weights, again)


def test_without_gradients_of_outputs_or_of_states():
    torch.manual_seed(0)
    x, weights = torch.randn(4, 3, 2), torch.randn(2, 12, 5, requires_grad=True)
    outputs, last = cells.layer(x, weights, None)
    (both,) = torch.autograd.grad(outputs.sum() + last.sum(), weights, retain_graph=True)
    (one,) = torch.autograd.grad(outputs.sum(), weights, retain_graph=True)
    (other,) = torch.autograd.grad(last.sum(), weights)
    torch.testing.assert_close(one + other, both)


def test_large_inputs_saturate():
    weights = torch.cat([torch.full((2, 16, 3), 50.0), torch.zeros(2, 16, 4)], dim=2)
    outputs, last = cells.layer(torch.ones(3, 2, 3), weights, None)
    torch.testing.assert_close(last, torch.full((2, 2, 4), 3.0), atol=1e-5, rtol=0)
    torch.testing.assert_close(outputs[-1, :, :4], torch.full((2, 4), 3.0).tanh(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("gaps", [False, True])
def test_the_network_is_that_of_torchs_operations(gaps, monkeypatch):
    """What a GPU and the networks of a stack compute."""
    torch.manual_seed(1)
    network = models.create("lstm", bands=5, classes=3, dates=12, hidden=8, layers=3)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.p = 0.0
    x, mask = torch.randn(6, 12, 5), torch.rand(6, 12) < 0.6 if gaps else None
    found = []
    for slow in (False, True):
        monkeypatch.setattr(lstm, "in_stack", lambda slow=slow: slow)
        network.zero_grad()
        logits = network(x, mask)
        logits.square().sum().backward()
        found.append([logits.detach(), *(parameter.grad.clone() for parameter in network.parameters())])
    for fast, slow in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-4)
