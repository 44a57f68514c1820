"""Branches set against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.evaluation.compare import (
    class_comparison,
    common_parcels,
    compared,
    comparison_table,
    difference,
    scores,
)

# Mean and deviation over ten seeds: preprocessed, raw; the study's two tables.
STUDY = {
    "accuracy": {
        "lstm": ((0.804, 0.0031), (0.801, 0.0026), (0.003, 0.0040)),
        "transformer": ((0.804, 0.0011), (0.842, 0.0043), (-0.038, 0.0044)),
        "msresnet": ((0.849, 0.0041), (0.836, 0.0033), (0.013, 0.0053)),
        "tempcnn": ((0.836, 0.0012), (0.799, 0.0027), (0.037, 0.0030)),
    }
}


def ten_seeds(mean: float, deviation: float) -> np.ndarray:
    """Ten numbers with exactly this mean and sample standard deviation."""
    values = np.arange(10.0)
    return mean + deviation * (values - values.mean()) / values.std(ddof=1)


def study_scores() -> pd.DataFrame:
    lines = []
    for model, (preprocessed, raw, _) in STUDY["accuracy"].items():
        for branch, (mean, deviation) in (("raw", raw), ("preprocessed", preprocessed)):
            lines += [
                {"branch": branch, "model": model, "seed": seed, "accuracy": value}
                for seed, value in enumerate(ten_seeds(mean, deviation))
            ]
    return pd.DataFrame(lines)


def test_the_studys_differences_and_deviations_come_out():
    table = comparison_table(study_scores(), "accuracy", "raw", "preprocessed").set_index("model")
    for model, (preprocessed, raw, expected) in STUDY["accuracy"].items():
        row = table.loc[model]
        assert (row["preprocessed_mean"], row["preprocessed_std"]) == pytest.approx(preprocessed)
        assert (row["raw_mean"], row["raw_std"]) == pytest.approx(raw)
        assert row["delta"] == pytest.approx(expected[0], abs=5e-7)
        assert row["delta_deviation"] == pytest.approx(expected[1], abs=5e-5)
        assert row["raw_seeds"] == row["preprocessed_seeds"] == 10


def test_difference_by_hand():
    assert difference(0.9, 0.03, 0.5, 0.04) == (pytest.approx(0.4), pytest.approx(0.05))


def test_deviation_is_that_of_a_sample():
    frame = pd.DataFrame({"branch": ["a", "a", "b"], "model": "m", "seed": [0, 1, 0], "accuracy": [0.5, 0.7, 0.9]})
    table = comparison_table(frame, "accuracy", raw="a", preprocessed="b")
    assert table["a_std"].item() == pytest.approx(np.sqrt(0.02))
    assert table["delta"].item() == pytest.approx(0.3)


def test_one_seed_has_no_deviation():
    frame = pd.DataFrame({"branch": ["a", "b"], "model": "m", "seed": 0, "kappa": [0.5, 0.7]})
    table = comparison_table(frame, "kappa", raw="a", preprocessed="b")
    assert table["delta"].item() == pytest.approx(0.2)
    assert table[["a_std", "b_std", "delta_deviation"]].isna().all(axis=None)


def test_more_branches_follow_and_a_missing_run_is_unknown():
    frame = pd.DataFrame(
        {
            "branch": ["early", "raw", "preprocessed", "raw"],
            "model": ["m", "m", "m", "n"],
            "seed": 0,
            "accuracy": [0.1, 0.2, 0.3, 0.4],
        }
    )
    table = comparison_table(frame, "accuracy", "raw", "preprocessed", {("raw", "m"): 94524, ("raw", "n"): None})
    assert table.attrs["branches"] == ["preprocessed", "raw", "early"]
    assert table["model"].tolist() == ["m", "n"]
    assert table["early_mean"].tolist()[0] == 0.1
    assert np.isnan(table["delta"][1])
    assert table["preprocessed_seeds"].tolist() == [1, 0]
    assert table["raw_parameters"][0] == 94524
    assert table["raw_parameters"].isna()[1]


def test_a_branch_without_scores_is_an_error():
    with pytest.raises(InputError, match="branch 'prep' has no scores; name one of raw, preprocessed"):
        comparison_table(study_scores(), "accuracy", "raw", "prep")


def test_only_parcels_that_every_branch_classifies_are_common(predictions):
    frames = {
        ("raw", "m"): predictions({0: "abca", 1: "abca"}, true="abca", names=["p3", "p1", "p2", "p0"]),
        ("raw", "n"): predictions({0: "abc"}, true="abc", names=["p3", "p1", "p2"]),
        ("clear", "m"): predictions({0: "aca", 1: "aca"}, true="aca", names=["p3", "p2", "p0"]),
    }
    common = common_parcels(frames)
    assert common.parcels == ("p2", "p3")
    assert common.missing.to_numpy().tolist() == [["p0", "raw", "n"], ["p1", "clear", "m"]]


def test_a_parcel_that_one_seed_misses_is_not_common(predictions):
    frame = predictions({0: "ab", 1: "ab"}, true="ab").drop(index=3)
    assert common_parcels({("raw", "m"): frame}).parcels == ("p0",)


def test_training_parcels_are_not_common(predictions):
    frame = predictions({0: "abc"}, true="abc", parts="tvr")
    assert common_parcels({("raw", "m"): frame}).parcels == ("p0",)


def test_all_branches_are_scored_on_the_same_parcels(predictions):
    frames = {
        ("raw", "m"): predictions({0: "aab", 1: "abb"}, true="aab"),
        ("clear", "m"): predictions({0: "ab", 1: "aa"}, true="ab", names=["p0", "p2"]),
    }
    table = scores(frames, common_parcels(frames).parcels)
    assert table["parcels"].tolist() == [2, 2, 2, 2]
    assert table["accuracy"].tolist() == [1.0, 1.0, 1.0, 0.5]
    assert table[["branch", "model", "seed"]].to_numpy().tolist()[2] == ["clear", "m", 0]


def test_runs_of_different_splits_are_refused(predictions):
    frames = {
        ("raw", "m"): predictions({0: "ab"}, true="ab"),
        ("clear", "m"): predictions({0: "ab"}, true="ab", parts="tr"),
    }
    with pytest.raises(InputError, match=r"part of parcel 'p1' is 'test' for raw x m but 'train' for clear x m"):
        common_parcels(frames)


def test_runs_of_different_labels_are_refused(predictions):
    frames = {("raw", "m"): predictions({0: "ab"}, true="ab"), ("clear", "m"): predictions({0: "ab"}, true="ac")}
    with pytest.raises(InputError, match=r"class of parcel 'p1'"):
        common_parcels(frames)


def test_branches_without_common_parcel_are_refused(predictions):
    frames = {
        ("raw", "m"): predictions({0: "a"}, true="a", names=["x"]),
        ("clear", "m"): predictions({0: "a"}, true="a", names=["y"]),
    }
    with pytest.raises(InputError, match="no test parcel is classified by every branch"):
        common_parcels(frames)


def test_a_parcel_that_is_there_twice_is_refused(predictions):
    frame = predictions({0: "aa"}, true="aa", names=["x", "x"])
    with pytest.raises(InputError, match="has parcel 'x' twice for seed 0"):
        common_parcels({("raw", "m"): frame})


def test_classes_are_compared_with_the_largest_first(predictions):
    frames = {
        ("raw", "m"): predictions({0: "babb", 1: "bbbb"}, true="abbb"),
        ("clear", "m"): predictions({0: "abbb", 1: "abbb"}, true="abbb"),
    }
    table = class_comparison(frames, ["p0", "p1", "p2", "p3"], raw="raw", preprocessed="clear")
    assert table["class"].tolist() == ["b", "a", "c"]
    assert table["parcels"].tolist() == [3, 1, 0]
    b = table.iloc[0]
    # Seed 0: b is found in 2 of 3 and called 3 times, right twice; seed 1: found in all 3, called 4 times.
    raw = [2 / 3, 2 * 3 / 7]
    assert b["raw_mean"] == pytest.approx(np.mean(raw))
    assert b["raw_std"] == pytest.approx(np.std(raw, ddof=1))
    assert b["delta"] == pytest.approx(1 - np.mean(raw))
    assert b["delta_deviation"] == pytest.approx(np.std(raw, ddof=1))
    assert np.isnan(table.iloc[2]["delta"])
    assert compared(table) == ("clear", "raw")
