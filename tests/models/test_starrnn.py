"""STAR against the `breizhcrops` package."""

from __future__ import annotations

import pytest
import torch

from cloudrobust import models

from .peers import breizhcrops

BANDS, CLASSES = 13, 9


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_logits_equal_those_of_breizhcrops(layers: int) -> None:
    """Its gate is 1 - K and has two biases; its second layer stands for all further ones."""
    torch.manual_seed(0)
    peer = breizhcrops().StarRNN(BANDS, CLASSES, hidden_dims=16, num_layers=layers)
    with torch.no_grad():
        peer(torch.randn(40, 30, BANDS))  # moves batch normalisation's statistics away from 0 and 1
    assert len(peer.block) == layers
    assert layers < 3 or peer.block[1] is peer.block[-1]
    ours = models.create("starrnn", bands=BANDS, classes=CLASSES, dates=30, hidden=16, layers=layers)
    with torch.no_grad():
        for mine, theirs in zip(ours.layers, peer.block, strict=True):
            cell = theirs.cell
            mine.gate_of_input.weight.copy_(-cell.x_K.weight)
            mine.gate_of_input.bias.copy_(-(cell.x_K.bias + cell.h_K.bias))
            mine.gate_of_state.weight.copy_(-cell.h_K.weight)
            mine.candidate.load_state_dict(cell.x_z.state_dict())
            mine.norm.load_state_dict(theirs.bn_layer.state_dict())
        ours.normalise_bands.load_state_dict(peer.inlayernorm.state_dict())
        ours.normalise_output.load_state_dict(peer.clayernorm.state_dict())
        ours.classify.load_state_dict(peer.linear_class.state_dict())
        x = torch.randn(5, 30, BANDS)
        torch.testing.assert_close(ours.eval()(x).log_softmax(-1), peer.eval()(x), atol=1e-5, rtol=1e-5)


def test_it_begins_as_its_authors_code_begins() -> None:
    """Orthogonal weights and a gate that is σ(-1) for new input, which is 1 - σ(1) of the peer's."""
    torch.manual_seed(0)
    layer = models.create("starrnn", bands=4, classes=2, dates=9, hidden=6).layers[1]
    peer = breizhcrops().StarRNN(4, 2, hidden_dims=6).block[1].cell
    assert (layer.gate_of_input.bias == -peer.x_K.bias).all()
    assert (layer.candidate.bias == peer.x_z.bias).all()
    for linear in (layer.gate_of_input, layer.gate_of_state, layer.candidate, peer.x_K, peer.h_K, peer.x_z):
        torch.testing.assert_close(linear.weight @ linear.weight.T, torch.eye(6), atol=1e-5, rtol=0)
