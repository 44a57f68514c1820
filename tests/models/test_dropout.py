"""Our dropout is dropout."""

from __future__ import annotations

import pytest
import torch

from cloudrobust.models.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.71])
@pytest.mark.parametrize("relu", [False, True])
def test_share_scale_and_gradient(p, relu):
    torch.manual_seed(0)
    x = torch.rand(300, 1001) + 0.5
    x[0] = -1.0
    x.requires_grad_()
    out = Dropout(p, relu).train()(x)
    kept = out != 0
    assert kept[1:].float().mean().item() == pytest.approx(1 - p, abs=0.005)
    torch.testing.assert_close(out[kept], (x / (1 - p))[kept], rtol=1e-4, atol=0)
    assert (kept[0].any().item()) is not relu
    out.sum().backward()
    torch.testing.assert_close(x.grad, kept / (1 - p), rtol=1e-4, atol=0)


def test_draws_are_independent_between_neighbours_and_calls_and_follow_the_seed():
    dropout, x = Dropout(0.5).train(), torch.ones(200, 999)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(x))
    both = torch.stack([first.flatten()[:-1], first.flatten()[1:], second.flatten()[1:]])
    assert (torch.corrcoef(both) - torch.eye(3)).abs().max() < 0.01


def test_evaluation_and_zero_probability_are_the_identity():
    x = torch.randn(4, 5)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)
    assert torch.equal(Dropout(0.5, relu=True).eval()(x), x.relu())


@pytest.mark.parametrize("shape", [(3, 5, 7), (2, 6, 1, 9)])
def test_any_memory_layout(shape):
    x = torch.rand(shape) + 1
    for layout in (x, x.transpose(1, -1)):
        out = Dropout(0.3).train()(layout)
        assert out.shape == layout.shape
        torch.testing.assert_close(out[out != 0], (layout / 0.7)[out != 0], rtol=1e-4, atol=0)


def test_impossible_probability_raises():
    with pytest.raises(ValueError, match="less than 1"):
        Dropout(1.0)
