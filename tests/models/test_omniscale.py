"""OS-CNN against the `breizhcrops` package."""

from __future__ import annotations

import pytest
import torch

from cloudrobust import models
from cloudrobust.models.omniscale import lengths

from .peers import breizhcrops

CLASSES = 9


@pytest.mark.parametrize("dates", [23, 45, 70])
def test_logits_of_one_band_equal_those_of_breizhcrops(dates: int) -> None:
    torch.manual_seed(0)
    peer = breizhcrops().OmniScaleCNN(1, CLASSES, dates)
    with torch.no_grad():
        peer(torch.randn(40, dates, 1))  # moves batch normalisation's statistics away from 0 and 1
    peer.eval()
    ours = models.create("omniscale", bands=1, classes=CLASSES, dates=dates)
    mine = ours.state_dict()
    theirs = [
        value
        for layer in peer.net
        for kind in ("conv1d", "bn")
        for convolution in layer.conv_list
        for value in getattr(convolution, kind).state_dict().values()
    ] + list(peer.hidden.state_dict().values())
    assert [value.shape for value in mine.values()] == [value.shape for value in theirs]
    ours.load_state_dict(dict(zip(mine, theirs, strict=True)))
    x = torch.randn(5, dates, 1)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(x).log_softmax(-1), peer(x), atol=1e-5, rtol=1e-5)


def test_layers_of_many_bands_have_the_sizes_that_the_rule_gives() -> None:
    """The peer, given 8 · 128 weights for each band as newer code of the authors has, has our first two layers."""
    peer = breizhcrops().OmniScaleCNN(13, CLASSES, 70, [8 * 128 * 13, 5 * 128 * 256 + 2 * 256 * 128])
    ours = models.create("omniscale", bands=13, classes=CLASSES, dates=70)
    for layer, theirs in zip(ours.layers[:2], peer.layer_parameter_list[:2], strict=True):
        mine = [(c.in_channels, c.out_channels, c.kernel_size[0]) for c in layer.convolutions]
        assert mine == theirs
    assert {c.out_channels for c in ours.layers[2].convolutions} == {ours.layers[1].convolutions[0].in_channels}


def test_lengths_are_one_and_the_primes_up_to_a_quarter() -> None:
    assert lengths(70) == [1, 2, 3, 5, 7, 11, 13, 17]
    assert lengths(3) == lengths(7) == [1]
    assert lengths(1000)[-1] == 89


@pytest.mark.parametrize("dates", [2, 400])
def test_every_length_has_a_filter_however_short_or_long_the_series(dates: int) -> None:
    made = models.create("omniscale", bands=13, classes=2, dates=dates, first=8)
    assert all(c.out_channels >= 1 for layer in made.layers for c in layer.convolutions)
    assert made(torch.randn(2, dates, 13)).shape == (2, 2)
