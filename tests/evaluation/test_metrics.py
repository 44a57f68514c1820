"""Scores of the test part."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from cloudrobust.errors import InputError
from cloudrobust.evaluation.metrics import (
    class_scores,
    classes_of,
    confusion,
    majority,
    scored_rows,
    scores_by_seed,
)


def test_scores_equal_those_counted_by_hand(predictions):
    # 10 parcels: a a a a b b b c c c; wrong are one a (b), one b (c), one c (a).
    frame = predictions({0: "aaabbbccca"}, true="aaaabbbccc")
    assert frame["predicted"].tolist() == list("aaabbbccca")
    row = scores_by_seed(frame).iloc[0]
    # a: 3 of 4 found, 3 of 4 calls right; b: 2 of 3 and 2 of 3; c: 2 of 3 and 2 of 3.
    chance = (4 * 4 + 3 * 3 + 3 * 3) / 100
    assert row["accuracy"] == pytest.approx(0.7)
    assert row["kappa"] == pytest.approx((0.7 - chance) / (1 - chance))
    assert row["macro_f1"] == pytest.approx((3 / 4 + 2 / 3 + 2 / 3) / 3)
    assert row["balanced_accuracy"] == pytest.approx((3 / 4 + 2 / 3 + 2 / 3) / 3)
    assert row["parcels"] == 10


def test_scores_equal_scikit_learns_for_every_seed(predictions):
    generator = np.random.default_rng(0)
    true = "".join(generator.choice(list("abc"), 200))
    answers = {seed: "".join(generator.choice(list("abc"), 200)) for seed in (3, 1)}
    scores = scores_by_seed(predictions(answers, true))
    assert scores["seed"].tolist() == [1, 3]
    for row in scores.itertuples():
        answer = list(answers[row.seed])
        assert row.accuracy == pytest.approx(sklearn_metrics.accuracy_score(list(true), answer))
        assert row.kappa == pytest.approx(sklearn_metrics.cohen_kappa_score(list(true), answer))
        assert row.macro_precision == pytest.approx(
            sklearn_metrics.precision_score(list(true), answer, average="macro", zero_division=0)
        )
        assert row.macro_f1 == pytest.approx(sklearn_metrics.f1_score(list(true), answer, average="macro"))
        assert row.balanced_accuracy == pytest.approx(sklearn_metrics.balanced_accuracy_score(list(true), answer))


def test_only_the_test_part_is_scored(predictions):
    frame = predictions({0: "abbb"}, true="aaab", parts="trvt")
    row = scores_by_seed(frame).iloc[0]
    assert row["accuracy"] == 1.0
    assert row["parcels"] == 2
    assert set(scored_rows(frame)["parcel"]) == {"p0", "p3"}


def test_scores_can_be_restricted_to_parcels(predictions):
    frame = predictions({0: "abba"}, true="aabb")
    assert scores_by_seed(frame)["accuracy"].item() == 0.5
    assert scores_by_seed(frame, ["p0", "p2"])["accuracy"].item() == 1.0


def test_macro_f1_runs_over_the_classes_that_occur(predictions):
    # c is called once but never true: it costs a its recall, and is no class of its own.
    scores = scores_by_seed(predictions({0: "acbb"}, true="aabb"))
    assert scores["macro_f1"].item() == pytest.approx((2 / 3 + 1) / 2)


def test_kappa_of_one_class_is_unknown(predictions):
    scores = scores_by_seed(predictions({0: "aaa"}, true="aaa"))
    assert np.isnan(scores["kappa"].item())
    assert scores["accuracy"].item() == 1.0


def test_no_test_parcel_is_an_error(predictions):
    with pytest.raises(InputError, match="no parcel of the test part"):
        scores_by_seed(predictions({0: "ab"}, true="ab", parts="rv"))


def test_a_test_parcel_without_prediction_is_an_error(predictions):
    frame = predictions({0: "ab"}, true="ab")
    frame.loc[1, "predicted"] = None
    with pytest.raises(InputError, match="'p1' has no value in 'predicted'"):
        scores_by_seed(frame)


def test_class_scores_are_those_counted_by_hand(predictions):
    table = class_scores(predictions({0: "aab", 1: "abb"}, true="abb")).set_index(["seed", "class"])
    assert table.loc[(0, "a")].tolist() == pytest.approx([1 / 2, 1, 2 / 3, 1])
    assert table.loc[(0, "b")].tolist() == pytest.approx([1, 1 / 2, 2 / 3, 2])
    assert table.loc[(1, "b"), "f1"] == 1
    # c is in no test parcel and never called.
    assert table.loc[(0, "c"), "support"] == 0
    assert np.isnan(table.loc[(0, "c"), "recall"])
    assert np.isnan(table.loc[(0, "c"), "f1"])


def test_confusion_matrices_count_parcels_and_can_be_summed(predictions):
    matrices = confusion(predictions({0: "aab", 1: "abb"}, true="abb", parts="ttt"))
    assert matrices.dims == ("seed", "true", "predicted")
    np.testing.assert_array_equal(matrices.sel(seed=0), [[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(matrices.sum("seed"), [[2, 0, 0], [1, 3, 0], [0, 0, 0]])
    assert int(matrices.sum()) == 6


def test_classes_keep_the_models_order(predictions):
    assert classes_of(predictions({0: "ab"}, true="ab", classes="cba")) == ["c", "b", "a"]
    assert classes_of(predictions({0: "zb"}, true="ab", classes="b")) == ["b", "a", "z"]


def test_majority_is_the_score_of_the_commonest_class(predictions):
    frame = predictions({0: "ccccc", 1: "ccccc"}, true="aabbb", parts="ttttr")
    assert majority(frame) == ("a", 0.5)  # a tie goes to the first name
