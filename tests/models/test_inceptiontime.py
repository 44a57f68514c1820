"""InceptionTime against the `breizhcrops` package."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from cloudrobust import models

from .peers import breizhcrops

BANDS, CLASSES = 13, 9


def all_modules(peer: Any) -> list[nn.Module]:
    """The peer's parts in order; it keeps them in plain lists, which `state_dict` and `eval` do not see."""
    inception = [
        part
        for module in peer.inception_modules_list
        for part in (module.bottleneck, *module.convolutions, module.pool_conv[1], module.bn_relu[0])
    ]
    return [*inception, *(part for shortcut in peer.shortcut_layer_list for part in shortcut.sc), peer.outlinear]


@pytest.mark.parametrize(("depth", "dates"), [(3, 45), (6, 23)])
def test_logits_equal_those_of_breizhcrops(depth: int, dates: int) -> None:
    """Its filters have 41, 21 and 11 dates; with a first weight of zero they are ours of 40, 20 and 10."""
    torch.manual_seed(0)
    peer = breizhcrops().InceptionTime(CLASSES, BANDS, num_layers=depth, hidden_dims=32)
    del peer.shortcut_layer_list[depth // 3 :]  # one more than it uses
    for module in peer.inception_modules_list:
        for convolution in module.convolutions:
            convolution.weight.data[..., 0] = 0
    with torch.no_grad():
        peer(torch.randn(40, dates, BANDS))  # moves batch normalisation's statistics away from 0 and 1
    theirs = []
    for part in all_modules(peer):
        part.eval()
        odd = isinstance(part, nn.Conv1d) and part.kernel_size[0] > 1
        theirs += [value[..., 1:] if odd else value for value in part.state_dict().values()]
    for module in [*peer.inception_modules_list, *peer.shortcut_layer_list]:
        module.eval()
    ours = models.create("inceptiontime", bands=BANDS, classes=CLASSES, dates=dates, filters=8, depth=depth)
    mine = ours.state_dict()
    assert [value.shape for value in mine.values()] == [value.shape for value in theirs]
    ours.load_state_dict(dict(zip(mine, theirs, strict=True)))
    x = torch.randn(5, dates, BANDS)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(x).log_softmax(-1), peer(x), atol=1e-5, rtol=1e-5)


def test_the_published_size() -> None:
    """m = 32 filters in each convolution, lengths 40, 20 and 10, six modules, one of every three with a shortcut."""
    made = models.create("inceptiontime", bands=13, classes=9, dates=70)
    module = 32 * 32 * (40 + 20 + 10)
    bottlenecks = 13 * 32 + 5 * 128 * 32
    after_maximum = 13 * 32 + 5 * 128 * 32
    shortcuts = 13 * 128 + 128 * 128
    norms = (6 + 2) * 2 * 128
    counted = sum(p.numel() for p in made.parameters())
    assert counted == 6 * module + bottlenecks + after_maximum + shortcuts + norms + 128 * 9 + 9


def test_a_single_band_has_no_bottleneck() -> None:
    made = models.create("inceptiontime", bands=1, classes=2, dates=20, filters=4)
    assert isinstance(made.modules_of_inception[0].bottleneck, nn.Identity)
    assert made(torch.randn(3, 20, 1)).shape == (3, 2)
    with pytest.raises(ValueError, match="at least 4"):
        models.create("inceptiontime", bands=1, classes=2, dates=20, kernel=3)
