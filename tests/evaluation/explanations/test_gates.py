from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.evaluation.explanations.gates import gates, gates_on_clouds, openness
from cloudrobust.evaluation.explanations.names import GATES
from cloudrobust.models import create

from .made import dataset, whole


def test_gates_stand_at_their_dates_and_obey_the_equations() -> None:
    torch.manual_seed(0)
    network = create("lstm", bands=3, classes=2, dates=10, hidden=4, layers=2).eval()
    what = whole(dataset(), np.array([0, 1]))  # parcel 0 lacks date 2
    found = gates(network, what)
    assert found.shape == (2, 2, 2, len(GATES), 10, 4)
    assert np.isnan(found[0, :, :, :, 2]).all()
    assert np.isfinite(found[1]).all()
    i, f, g, _, c = (found[0, 0, 0, n] for n in range(5))
    np.testing.assert_allclose(c[3], f[3] * c[1] + i[3] * g[3], atol=1e-5)  # forward, over the gap
    c_back = found[0, 0, 1, 4]
    i, f, g = (found[0, 0, 1, n] for n in range(3))
    np.testing.assert_allclose(c_back[1], f[1] * c_back[3] + i[1] * g[1], atol=1e-5)


def test_a_gate_that_closes_on_clouds_has_a_negative_difference() -> None:
    opened = np.full((3, 1, 1, 5, 4), 0.9)
    opened[..., 0, :2] = 0.1
    marked = np.tile([1.0, 1.0, 0.0, np.nan], (3, 1))
    table = gates_on_clouds(opened, marked, np.array(["a"] * 3), resamples=100).set_index(["what", "class"])
    assert table.loc[("input gate", "all"), "difference"] == pytest.approx(-0.8)
    assert table.loc[("forget gate", "all"), "difference"] == pytest.approx(0)


def test_openness_ignores_the_sign() -> None:
    values = np.array([[-1.0, 1.0], [0.0, 0.5]]).reshape(1, 1, 1, 1, 2, 2)
    assert openness(values).ravel().tolist() == [1.0, 0.25]
