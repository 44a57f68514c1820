"""Calibration: against scikit-learn's bins and its log loss, and on probabilities whose error is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.calibration import calibration_curve

from cloudrobust.evaluation.calibration import (
    calibration_by_seed,
    expected_calibration_error,
    reliability,
    temper,
    temperatures,
)
from cloudrobust.evaluation.compare import scores

CLASSES = list("abcd")


@pytest.fixture(scope="module")
def overconfident() -> pd.DataFrame:
    """Two seeds whose logits are twice as large as they should be."""
    generator = np.random.default_rng(0)
    frames = []
    for seed in (3, 7):
        true = generator.dirichlet(np.ones(4), 3000)
        label = np.array([generator.choice(4, p=p) for p in true])
        p = temper(true, 0.5)
        head = {
            "parcel": np.arange(3000).astype(str), "class": np.array(CLASSES)[label], "seed": seed,
            "part": np.where(np.arange(3000) < 1500, "validation", "test"), "predicted": np.array(CLASSES)[p.argmax(1)],
        }  # fmt: skip
        frames.append(pd.DataFrame(head | {f"p:{c}": p[:, n] for n, c in enumerate(CLASSES)}))
    return pd.concat(frames, ignore_index=True)


def test_the_error_is_counted_by_hand() -> None:
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.55, 0.45]])
    assert expected_calibration_error(p, np.array([0, 0, 0, 1])) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05, abs=1e-6)
    assert np.isnan(expected_calibration_error(p[:, :1], np.zeros(4, int)))
    assert np.isnan(expected_calibration_error(p[:0], np.zeros(0, int)))


def test_scaling_mends_overconfidence(overconfident) -> None:
    table = calibration_by_seed(overconfident)
    assert table["seed"].tolist() == [3, 7]
    assert table["temperature"].tolist() == pytest.approx([2.0, 2.0], rel=0.15)
    assert (table["ece"] > 0.1).all()
    assert (table["ece_scaled"] < 0.05).all()
    assert (table["log_loss_scaled"] < table["log_loss"]).all()


def test_the_log_loss_is_scikit_learns(overconfident) -> None:
    rows = overconfident[(overconfident["seed"] == 3) & (overconfident["part"] == "test")]
    p = rows[[f"p:{c}" for c in CLASSES]].to_numpy()
    theirs = sklearn.metrics.log_loss(rows["class"], np.clip(p, 1e-6, 1))
    assert calibration_by_seed(overconfident)["log_loss"][0] == pytest.approx(theirs, rel=1e-3)


def test_the_diagram_has_scikit_learns_bins(overconfident) -> None:
    table = reliability(overconfident)
    rows = overconfident[overconfident["part"] == "test"]
    p = rows[[f"p:{c}" for c in CLASSES]].to_numpy()
    right = (rows["class"] == rows["predicted"]).to_numpy()
    accuracy, confidence = calibration_curve(right, p.max(axis=1), n_bins=10)
    plain = table[~table["scaled"]]
    np.testing.assert_allclose(plain["accuracy"], accuracy)
    np.testing.assert_allclose(plain["confidence"], confidence)
    assert plain["answers"].sum() == len(rows)
    # The error that torchmetrics gives is the mean over those bins.
    single = reliability(overconfident[overconfident["seed"] == 3])
    single = single[~single["scaled"]]
    by_hand = np.average((single["accuracy"] - single["confidence"]).abs(), weights=single["answers"])
    assert calibration_by_seed(overconfident)["ece"][0] == pytest.approx(by_hand, abs=1e-4)


def test_after_scaling_the_diagram_uses_the_validation_parts_temperature(overconfident) -> None:
    table = reliability(overconfident)
    scaled = table[table["scaled"]]
    assert np.average((scaled["accuracy"] - scaled["confidence"]).abs(), weights=scaled["answers"]) < 0.03
    assert set(temperatures(overconfident)) == {3, 7}


def test_scores_hold_calibration_seed_by_seed(overconfident) -> None:
    tested = overconfident.loc[overconfident["part"] == "test", "parcel"].unique()
    table = scores({("raw", "m"): overconfident}, tested)
    assert table["ece"].tolist() == calibration_by_seed(overconfident)["ece"].tolist()
    without = overconfident.drop(columns=[f"p:{c}" for c in CLASSES])
    assert "ece" not in scores({("raw", "m"): without}, tested)
