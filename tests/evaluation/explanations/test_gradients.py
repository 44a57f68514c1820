from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cloudrobust.evaluation.explanations.gradients import gradient, highest, integrated
from cloudrobust.evaluation.explanations.inputs import Inputs, average
from cloudrobust.models import available, create

from .made import TELLING, Telling, dataset, whole


def test_the_gradient_of_a_linear_score_is_its_coefficient_there_and_nothing_elsewhere() -> None:
    made = dataset()
    what = whole(made, np.flatnonzero(made.label == 1))
    values = gradient(Telling(), what)
    np.testing.assert_allclose(values[:, TELLING, 1], 4)
    values[:, TELLING, 1] = 0
    assert not values.any()


@pytest.mark.parametrize("name", available())
def test_integrated_gradients_add_up_or_say_that_they_do_not(name: str) -> None:
    network, what = explained(name)
    found = integrated(network, what, most=128)
    target = torch.from_numpy(highest(network, what))
    with torch.no_grad():
        change = network(what.x, what.mask, what.day) - network(what.start, what.mask, what.day)
    wanted = change.gather(1, target[:, None])[:, 0].numpy()
    np.testing.assert_allclose(found.change, wanted, rtol=1e-4, atol=1e-6)
    error = np.abs(found.values.sum(axis=(1, 2)) - wanted)
    closed = found.gap <= 0.05
    assert closed.any()
    assert (error[closed] <= 0.0501 * np.abs(wanted[closed]) + 1e-6).all()
    assert (found.points[~closed] == 128).all()  # none is given up early
    np.testing.assert_allclose(found.gap, error / np.abs(wanted), rtol=0.02, atol=1e-3)


def test_what_has_not_closed_at_the_most_points_keeps_its_gap() -> None:
    network, what = explained("transformer")
    coarse, fine = integrated(network, what, most=16), integrated(network, what, most=64)
    assert (coarse.points == 16).all()
    assert coarse.gap.max() > 0.05
    assert fine.gap.max() < coarse.gap.max()
    same = fine.points == 16
    np.testing.assert_allclose(fine.values[same], coarse.values[same], atol=1e-6)


def test_few_points_do_not_do_from_zero_where_a_network_normalises_over_the_bands() -> None:
    network, what = explained("lstm", scale=3.0)
    nothing = replace(what, start=torch.zeros_like(what.x))
    assert np.median(integrated(network, nothing, most=16).gap) > 0.3
    assert np.median(integrated(network, what, most=16).gap) < 0.05


def test_it_is_the_sum_along_the_path_that_anybody_can_compute() -> None:
    network, what = explained("lstm", scale=3.0)
    one = what.take(slice(0, 1))
    shares = (torch.arange(500)[:, None, None] + 0.5) / 500
    x = (one.start + shares * (one.x - one.start)).requires_grad_()
    scores = network(x, one.mask.expand(500, -1), one.day.expand(500, -1))[:, highest(network, one)[0]]
    slopes = torch.autograd.grad(scores.sum(), x)[0].mean(dim=0)
    wanted = (slopes * (one.x - one.start)[0]).masked_fill(~one.mask[0, :, None], 0).numpy()
    found = integrated(network, one, points=128).values[0]
    np.testing.assert_allclose(found, wanted, atol=0.01 * np.abs(wanted).max())


@pytest.mark.parametrize("of", ["logit", "probability"])
def test_the_score_explained_is_the_one_that_was_asked_for(of: str) -> None:
    network, what = explained("tempcnn")
    change = integrated(network, what, of=of).change
    with torch.no_grad():
        ends = [network(x, what.mask, what.day) for x in (what.x, what.start)]
    if of == "probability":
        ends = [torch.softmax(end, dim=1) for end in ends]
    target = torch.from_numpy(highest(network, what))[:, None]
    np.testing.assert_allclose(change, (ends[0] - ends[1]).gather(1, target)[:, 0].numpy(), atol=1e-6)
    slopes = [gradient(network, what, kind) for kind in ("logit", "probability")]
    assert not np.allclose(*slopes)


def test_a_path_starts_at_the_mean_of_the_training_part_on_each_date() -> None:
    made = dataset()
    x, train = made.normalised(), made.rows("train")
    there = np.isfinite(made.x[train, 2, 0])
    start = average(made)
    np.testing.assert_allclose(start[0], x[train, 0].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(start[2], x[train][there, 2].mean(axis=0), atol=1e-6)  # some lack this date
    made.x[:, 4] = np.nan
    unseen = replace(made, x=made.x)
    np.testing.assert_allclose(average(unseen)[4], average(unseen)[[3, 5]].mean(axis=0), atol=1e-6)


def explained(name: str, scale: float = 1.0) -> tuple[torch.nn.Module, Inputs]:
    """An untrained network, and series as wide apart as those of real bands."""
    torch.manual_seed(0)
    network = create(name, bands=3, classes=2, dates=10).eval()
    what = whole(dataset(), np.arange(1, 5))
    season = torch.sin(torch.arange(10)[:, None] + torch.arange(3))
    return network, replace(what, x=scale * (what.x + season), start=scale * (what.start + season))
