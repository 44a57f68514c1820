"""L-TAE against torch's own attention, and its positions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from cloudrobust import models
from cloudrobust.models.ltae import sinusoids

BANDS, CLASSES, DATES = 5, 3, 12


def network(**changes: object) -> nn.Module:
    torch.manual_seed(0)
    return models.create("ltae", bands=BANDS, classes=CLASSES, dates=DATES, **changes).eval()


def series() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    mask = torch.rand(4, DATES, generator=generator) < 0.6
    mask[:, 0] = True
    day = torch.tensor([3, 9, 40, 44, 80, 121, 125, 180, 200, 250, 300, 366]).expand(4, -1)
    return torch.randn(4, DATES, BANDS, generator=generator), mask, day


def test_attention_equals_torchs_multi_head_attention() -> None:
    """With d_k = d_model / H, L-TAE's is torch's of a constant query, with the identity for values and output."""
    made = network(width=24, heads=4, keys=6)
    x, mask, _ = series()
    dates = torch.randn(4, DATES, 24)
    theirs = nn.MultiheadAttention(24, 4, batch_first=True).eval()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([torch.eye(24), made.attention.key.weight, torch.eye(24)]))
        theirs.in_proj_bias.copy_(torch.cat([torch.zeros(24), made.attention.key.bias, torch.zeros(24)]))
        theirs.out_proj.weight.copy_(torch.eye(24))
        theirs.out_proj.bias.zero_()
        query = made.attention.query.reshape(1, 1, 24).expand(4, -1, -1)
        wanted, weights = theirs(query, dates, dates, key_padding_mask=~mask, average_attn_weights=False)
        joined, mine = made.attention(dates, ~mask)
    torch.testing.assert_close(joined, wanted.squeeze(1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mine, weights.squeeze(2), atol=1e-6, rtol=1e-5)
    assert made(x, mask, torch.ones(4, DATES)).shape == (4, CLASSES)


def test_the_published_size() -> None:
    """Table 1 of the paper: d_model 256, H = 16, d_k = 8, MLP3 256-128, MLP4 128-64-32-K, each with normalisation."""
    made = models.create("ltae", bands=10, classes=20, dates=24)
    embedding = 10 * 256 + 256
    attention = 16 * 8 + 256 * 128 + 128
    mlp3 = 256 * 128 + 128 + 2 * 128
    mlp4 = 128 * 64 + 64 + 2 * 64 + 64 * 32 + 32 + 2 * 32 + 32 * 20 + 20
    norms = 2 * (10 + 256 + 128)
    assert sum(p.numel() for p in made.parameters()) == embedding + attention + mlp3 + mlp4 + norms


def test_positions_are_the_published_sinusoids_repeated_for_each_head() -> None:
    table = sinusoids(400, 32, 4, 1000.0)
    assert table[37, 0] == pytest.approx(math.sin(37), abs=1e-6)
    assert table[37, 5] == pytest.approx(math.cos(37 / 1000 ** (4 / 8)), abs=1e-6)
    assert torch.equal(table[:, :8], table[:, 24:])


def test_the_day_of_the_year_is_the_position_and_gaps_do_not_move_it() -> None:
    made = network()
    x, mask, day = series()
    with torch.no_grad():
        whole = made(x, mask, day)
        for row in range(4):
            alone = made(x[row : row + 1, mask[row]], None, day[row : row + 1, mask[row]])
            torch.testing.assert_close(alone[0], whole[row], atol=1e-5, rtol=1e-4)
        assert not torch.allclose(made(x, mask, day // 2), whole)
    with pytest.raises(ValueError, match="needs the argument day"):
        made(x)


def test_by_order_the_nth_observed_date_has_position_n() -> None:
    by_day, by_order = network(), network(positions="order")
    x, _, _ = series()
    with torch.no_grad():
        torch.testing.assert_close(by_order(x), by_day(x, None, torch.arange(1, DATES + 1).expand(4, -1)))
        assert by_order(torch.randn(1, 400, BANDS)).isfinite().all()


def test_attention_weights_sum_to_one_over_observed_dates() -> None:
    made = network()
    x, mask, day = series()
    with torch.no_grad():
        logits, weights = made.return_attention(x, mask, day)
        torch.testing.assert_close(logits, made(x, mask, day))
    assert weights.shape == (4, 16, DATES)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(4, 16))
    assert (weights.transpose(1, 2)[~mask] == 0).all()


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="must divide width"):
        network(width=30, heads=4)
