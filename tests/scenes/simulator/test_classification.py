"""The scene classification errs, about as often as a real one, and in patches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from cloudrobust.scenes.simulator.acquisitions import Acquisition
from cloudrobust.scenes.simulator.classification import CLOUDS
from cloudrobust.scenes.simulator.rendering import Renderer
from cloudrobust.scenes.simulator.truth import CLEAR, SHADOW, SNOW, THICK, THIN


@pytest.fixture(scope="module")
def pairs(renderer: Renderer, year: list[Acquisition]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Truth, classification and cloud probability of every acquisition, at 20 m."""
    return [(renderer.truth(a).classes[::2, ::2], *renderer.scene_classification(a)) for a in year]


def test_clouds_agree_with_the_truth_on_85_to_97_percent(pairs: list) -> None:
    agreement = [(np.isin(classes, CLOUDS) == np.isin(truth, (THIN, THICK))).mean() for truth, classes, _ in pairs]
    assert 0.85 < np.mean(agreement) < 0.97


def test_it_is_never_quite_right_where_there_is_anything_to_decide(pairs: list) -> None:
    for truth, classes, _ in pairs:
        cloudy = np.isin(truth, (THIN, THICK))
        if 0.1 < cloudy.mean() < 0.9:
            assert (np.isin(classes, CLOUDS) != cloudy).mean() > 0.005


def test_errors_are_of_the_known_kinds(pairs: list) -> None:
    truth, classes = (np.concatenate([p[i].ravel() for p in pairs]) for i in (0, 1))
    called = np.isin(classes, CLOUDS)
    assert 0.1 < 1 - called[truth == THIN].mean() < 0.5  # thin clouds are missed
    assert 1 - called[truth == THICK].mean() < 0.05
    assert 0.005 < called[truth == CLEAR].mean() < 0.12  # and clear ground is called cloud
    assert 0.35 < (classes[truth == SHADOW] == 3).mean() < 0.9  # shadows are missed, too
    assert (classes[truth == SNOW] == 11).mean() > 0.6


def test_errors_come_in_patches(pairs: list) -> None:
    clustered = []
    for truth, classes, _ in pairs:
        wrong = np.isin(classes, CLOUDS) != np.isin(truth, (THIN, THICK))
        if 0.02 < wrong.mean() < 0.5:
            around = (uniform_filter(wrong.astype(float), 3) * 9 - wrong) / 8
            clustered.append(around[wrong].mean() / wrong.mean())
    assert len(clustered) > 5
    assert np.median(clustered) > 3


def test_classes_and_probabilities_are_proper(pairs: list) -> None:
    seen = set()
    for _, classes, probability in pairs:
        assert classes.dtype == probability.dtype == np.uint8
        assert probability.max() <= 100
        assert (probability[classes == 9] >= 80).all()
        seen |= set(np.unique(classes).tolist())
    assert seen == set(range(2, 12))


def test_ground_is_told_apart_in_clear_scenes(renderer: Renderer, year: list[Acquisition], pairs: list) -> None:
    crop = np.array([*renderer.landscape.crop, *renderer.landscape.cover])[renderer.landscape.dominant[::2, ::2]]
    seen = 0
    for a, (truth, classes, _) in zip(year, pairs, strict=True):
        if (truth == CLEAR).mean() < 0.9 or a.time.month not in (5, 6, 7):
            continue
        clear = truth == CLEAR
        assert (classes[clear & (crop == "conifer")] == 4).mean() > 0.6
        assert (classes[clear & (crop == "grassland")] == 4).mean() > 0.8
        seen += 1
    assert seen >= 1
