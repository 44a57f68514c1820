from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.answers import answers
from cloudrobust.evaluation.calibration import fit_temperature, temper, temperatures
from cloudrobust.evaluation.disagreement import disagreements


def predictions() -> pd.DataFrame:
    rows = []
    for seed, p in ((0, [0.7, 0.2, 0.1]), (1, [0.3, 0.6, 0.1])):
        rows.append(
            {"parcel": "x", "class": "b", "part": "test", "seed": seed}
            | dict(zip(("p:a", "p:b", "p:c"), p, strict=True))
        )
    return pd.DataFrame(rows)


def test_seeds_are_averaged_and_their_disagreement_is_told() -> None:
    row = answers(predictions(), {0: 1.0, 1: 1.0}).iloc[0]
    assert row[["predicted", "second", "third"]].tolist() == ["a", "b", "c"]
    assert row[["probability", "probability_2", "probability_3"]].tolist() == pytest.approx([0.5, 0.4, 0.1])
    assert row["disagreement"] == 0.5
    mean = np.array([0.5, 0.4, 0.1])
    assert row["entropy"] == pytest.approx(-(mean * np.log(mean)).sum() / np.log(3))


def test_the_temperature_of_overconfident_answers_is_found_again() -> None:
    random = np.random.default_rng(0)
    true = temper(random.dirichlet(np.ones(4), 6000), 1.0)
    label = np.array([random.choice(4, p=p) for p in true])
    assert fit_temperature(temper(true, 0.5), label) == pytest.approx(2.0, rel=0.1)
    assert fit_temperature(true, label) == pytest.approx(1.0, rel=0.1)


def test_only_the_validation_part_decides_the_temperature() -> None:
    frame = predictions()
    assert temperatures(frame) == {0: 1.0, 1: 1.0}


def test_confident_contradictions_are_listed_largest_first() -> None:
    frame = pd.DataFrame(
        {
            "parcel": list("abcde"),
            "declared": ["x", "x", "x", None, "y"],
            "predicted": ["y", "y", "y", "y", "y"],
            "probability": [0.9, 0.85, 0.5, 0.99, 0.99],
            "area": [1.0, 2.0, 9.0, 9.0, 9.0],
        }
    )
    assert disagreements(frame, 0.8)[["rank", "parcel"]].to_numpy().tolist() == [[1, "b"], [2, "a"]]
