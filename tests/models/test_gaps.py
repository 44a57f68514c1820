"""Convolutions over observed dates are those over the shorter series."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cloudrobust.models.gaps import (
    Filters,
    ObservedNormalisation,
    highest_of_three,
    mean_over_dates,
    observed_image,
)


@pytest.mark.parametrize("kernel", [1, 2, 5, 8])
def test_filters_are_torchs_with_padding_same(kernel: int) -> None:
    """torch, too, puts the longer half of an even filter's padding behind the series."""
    ours = Filters(3, 4, kernel)
    theirs = nn.Conv1d(3, 4, kernel, padding="same")
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 11)
    torch.testing.assert_close(ours(x.unsqueeze(2)).squeeze(2), theirs(x))


def test_statistics_are_those_of_torch_over_the_observed_dates_alone() -> None:
    torch.manual_seed(0)
    ours, theirs = ObservedNormalisation(4), nn.BatchNorm1d(4)
    for norm in (ours, theirs):
        nn.init.uniform_(norm.weight)
        nn.init.uniform_(norm.bias)
        torch.manual_seed(1)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(6, 4, 1, 9, requires_grad=True)
    keep = (torch.arange(9) < torch.tensor([9, 3, 7, 1, 9, 5]).unsqueeze(1))[:, None, None, :]
    rows = keep.expand_as(x)[:, 0, 0]
    found = ours(x, keep)
    flat = x.squeeze(2).transpose(1, 2)[rows].detach().requires_grad_()
    wanted = theirs(flat)
    torch.testing.assert_close(found.squeeze(2).transpose(1, 2)[rows], wanted)
    assert (found.masked_select(~keep.expand_as(x)) == 0).all()
    for mine, peer in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(mine, peer)
    found.pow(3).sum().backward()
    wanted.pow(3).sum().backward()
    torch.testing.assert_close(x.grad.squeeze(2).transpose(1, 2)[rows], flat.grad, atol=1e-5, rtol=1e-4)


def test_what_lies_behind_a_series_is_neither_its_maximum_nor_its_mean() -> None:
    x = torch.full((2, 5, 1), -2.0)
    mask = torch.ones(2, 5, dtype=torch.bool)
    mask[0, [1, 3]] = False
    image, keep = observed_image(x, mask)
    assert keep is not None
    assert image[0, 0, 0].tolist() == [-2, -2, -2, 0, 0]
    assert highest_of_three(image, keep)[0, 0, 0].tolist() == [-2, -2, -2, 0, 0]
    assert mean_over_dates(image, keep).flatten().tolist() == [-2, -2]
