"""What the decision changes, on parcels whose every number can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.outputs import Costs
from cloudrobust.evaluation.decision import changes, inspections, paired


def frame(predicted: list[str | None], probability: list[float], fold: list[float] | None = None) -> pd.DataFrame:
    count = len(predicted)
    return pd.DataFrame(
        {
            "parcel": [f"p{k}" for k in range(count)], "declared": (["a", "a", "b", "b"] * count)[:count],
            "predicted": predicted, "probability": probability, "area": 2e4,
            "fold": np.ones(count) if fold is None else fold,
        }
    )  # fmt: skip


RAW = frame(["a", "b", "b", "a"], [0.9, 0.9, 0.5, 0.6])
PREPROCESSED = frame(["a", "a", "a", "a"], [0.9, 0.9, 0.95, 0.95])
BLOCKS = {"p0": "x", "p1": "x", "p2": "y", "p3": "y"}


def test_changed_answers_are_counted_by_class_and_in_hectares() -> None:
    table = changes(paired(RAW, PREPROCESSED, BLOCKS), 200).set_index("class")
    names = ["parcels", "hectares", "changed", "changed_hectares", "gained", "lost", "net", "net_hectares"]
    assert table.loc["all classes", names].tolist() == [4, 8, 2, 4, 1, 1, 0, 0]
    assert table.loc["a", names].tolist() == [2, 4, 1, 2, 1, 0, 1, 2]
    assert table.loc["b", names].tolist() == [2, 4, 1, 2, 0, 1, -1, -2]
    # Where nothing changed, or all balances, another sample could differ.
    assert (table["net_low"] < table["net_hectares"]).all()
    assert (table["net_hectares"] <= table["net_high"]).all()


def test_parcels_that_only_an_ensemble_answers_are_left_out() -> None:
    unseen = RAW.assign(fold=[1, np.nan, 1, 1])
    assert paired(unseen, PREPROCESSED, BLOCKS)["parcel"].tolist() == ["p0", "p2", "p3"]


def test_inspections_and_missed_errors_follow_from_the_assumed_share_of_wrong_declarations() -> None:
    both = paired(RAW, PREPROCESSED, BLOCKS)
    costs = Costs(inspection=10, missed_error=100, misdeclared=0.25)
    table = inspections(both, 0.8, costs, 200).set_index("measure")
    assert table.loc["answered other than declared", ["raw", "preprocessed", "difference"]].tolist() == [2, 2, 0]
    # Raw: p1 alone is contradicted with confidence. Preprocessed: p2 and p3.
    assert table.loc["flagged", ["raw", "preprocessed"]].tolist() == [1, 2]
    assert table.loc["wasted", ["raw", "preprocessed"]].tolist() == [0.75, 1.5]
    # A wrong declaration is the other class: raw finds it for p0 (says a, declared b), not for p1 (says b, too).
    assert table.loc["found", ["raw", "preprocessed"]].tolist() == [0.25, 0.5]
    assert table.loc["missed", ["raw", "preprocessed"]].tolist() == [0.75, 0.5]
    assert table.loc["cost", "raw"] == pytest.approx(10 * (0.75 + 0.25) + 100 * 0.75)
    assert table.loc["cost", "difference"] == pytest.approx(10 * 2 + 100 * 0.5 - 85)


def test_expectations_are_those_of_declarations_that_are_made_wrong_at_random() -> None:
    random = np.random.default_rng(0)
    count, classes = 400, np.array(["a", "b", "c"])
    true = random.choice(classes, count, p=[0.5, 0.3, 0.2])
    said = np.where(random.random(count) < 0.8, true, random.choice(classes, count))
    answers = pd.DataFrame(
        {"parcel": np.arange(count).astype(str), "declared": true, "predicted": said,
         "probability": random.uniform(0.5, 1, count), "area": 1e4, "fold": 1}
    )  # fmt: skip
    costs = Costs(misdeclared=0.2)
    table = inspections(paired(answers, answers, {}), 0.7, costs, 100).set_index("measure")
    share = {t: float((true == t).mean()) for t in classes}
    sure = answers["probability"].to_numpy() >= 0.7
    totals = {"wasted": 0.0, "found": 0.0, "missed": 0.0}
    repeats = 400
    for _ in range(repeats):
        wrong = random.random(count) < 0.2
        declared = true.copy()
        for t in classes:
            rest = classes[classes != t]
            mine = wrong & (true == t)
            weights = np.array([share[c] for c in rest])
            declared[mine] = random.choice(rest, mine.sum(), p=weights / weights.sum())
        flagged = sure & (said != declared)
        totals["wasted"] += (flagged & ~wrong).sum() / repeats
        totals["found"] += (flagged & wrong).sum() / repeats
        totals["missed"] += (~flagged & wrong).sum() / repeats
    for name, value in totals.items():
        assert table.loc[name, "raw"] == pytest.approx(value, rel=0.05)
        assert table.loc[name, "difference"] == 0
