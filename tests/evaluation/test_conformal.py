"""Sets of likely classes: how often they hold the class, and what they must not know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.answers import Calibrated
from cloudrobust.evaluation.conformal import (
    coverage,
    label_scores,
    likely_words,
    members,
    threshold,
    thresholds,
    thresholds_by_fold,
)


def made(count: int, sharpness: float = 1.0, seed: int = 0) -> Calibrated:
    """Parcels of three classes; their probabilities are right as often as they say where `sharpness` is 1."""
    random = np.random.default_rng(seed)
    true = random.dirichlet([0.2, 0.7, 1.0], count)
    label = np.array([random.choice(3, p=p) for p in true])
    said = true**sharpness
    classes = np.array(["barley", "maize", "wheat"], object)
    parcels = pd.DataFrame({"parcel": np.arange(count).astype(str), "class": classes[label], "part": "test"})
    return Calibrated(parcels, classes, said / said.sum(1, keepdims=True), said.argmax(1)[:, None])


def test_the_threshold_is_the_quantile_of_split_conformal_prediction() -> None:
    scores = np.arange(1, 100) / 100
    assert threshold(scores, 0.9) == 0.9
    assert threshold(scores[:5], 0.9) == 1.0


@pytest.mark.parametrize("sharpness", [1.0, 3.0, 0.3], ids=["calibrated", "overconfident", "shy"])
def test_sets_hold_the_class_as_often_as_is_asked_for(sharpness: float) -> None:
    held = []
    for seed in range(20):
        found = made(300, sharpness, seed)
        folds = np.arange(300) % 5
        inside = members(found.probability, thresholds_by_fold(found, folds, 0.9))
        held.append(coverage(found, inside, [""] * 300, 0.9, 100)["coverage"].to_numpy())
    whole, *by_class = np.mean(held, axis=0)
    assert 0.89 <= whole <= 0.94
    # So they do within each class, the rare one included.
    assert min(by_class) >= 0.88


def test_the_threshold_of_a_parcel_does_not_depend_on_the_labels_of_its_fold() -> None:
    found, folds = made(100), np.arange(100) % 5
    before = thresholds_by_fold(found, folds, 0.9)
    found.parcels.loc[folds == 2, "class"] = "maize"
    after = thresholds_by_fold(found, folds, 0.9)
    assert (before[folds == 2] == after[folds == 2]).all()
    assert (before[folds != 2] != after[folds != 2]).any()


def test_a_set_begins_with_the_most_probable_class_and_is_never_empty() -> None:
    p = np.array([[0.5, 0.1, 0.4], [0.34, 0.33, 0.33], [0.0, 1.0, 0.0]])
    classes = np.array(["barley", "maize", "wheat"], object)
    inside = members(p, [0.62] * 3)
    assert likely_words(p, classes, inside) == ["barley or wheat", "barley", "maize"]
    assert members(p, np.zeros(3)).sum(axis=1).tolist() == [1, 1, 1]


def test_coverage_is_told_by_class_and_by_block() -> None:
    found = made(120)
    inside = members(found.probability, thresholds(found, 0.8))
    blocks = np.repeat([f"{k}_0" for k in range(6)], 20)
    table = coverage(found, inside, blocks, 0.8, 200)
    assert table["of"].value_counts().to_dict() == {"block": 6, "class": 3, "all": 1}
    whole = table.iloc[0]
    assert whole["low"] <= whole["coverage"] <= whole["high"]
    lines = table[table["of"] == "block"]
    assert np.average(lines["coverage"], weights=lines["parcels"]) == pytest.approx(whole["coverage"])


def test_a_class_with_too_few_parcels_to_tell_is_in_every_set() -> None:
    found = made(60)
    found.parcels["class"] = ["barley"] * 3 + ["maize"] * 30 + ["wheat"] * 27
    assert thresholds(found, 0.9)[0] == 1
    assert members(found.probability, thresholds(found, 0.9))[:, 0].all()


def test_a_class_that_the_model_does_not_know_is_never_held() -> None:
    found = made(10)
    found.parcels.loc[0, "class"] = "hops"
    assert label_scores(found)[0] == 1
