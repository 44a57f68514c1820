from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.evaluation.explanations.gradients import gradient, highest, integrated
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
def test_integrated_gradients_add_up_to_the_difference_of_the_scores(name: str) -> None:
    torch.manual_seed(0)
    network = create(name, bands=3, classes=2, dates=10).eval()
    what = whole(dataset(), np.arange(1, 5))
    values = integrated(network, what, steps=200)
    target = torch.from_numpy(highest(network, what))
    with torch.no_grad():
        scores, base = network(what.x, what.mask, what.day), network(0 * what.x, what.mask, what.day)
    wanted = (scores - base).gather(1, target[:, None])[:, 0].numpy()
    np.testing.assert_allclose(values.sum(axis=(1, 2)), wanted, rtol=0.1, atol=0.03)
