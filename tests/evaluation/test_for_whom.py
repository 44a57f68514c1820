"""Differences by groups of parcels, shrinkage held against statsmodels, honest questions, and nested training sets."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.tree import DecisionTreeRegressor
from statsmodels.stats.meta_analysis import combine_effects

from cloudrobust.evaluation.bootstrap import paired_interval
from cloudrobust.evaluation.for_whom import (
    ALL,
    CLOUDS,
    DATES,
    SIZE,
    Pairs,
    binned,
    by_groups,
    clear_dates,
    pairs,
    questions,
    shrunk,
    tau_squared,
)
from cloudrobust.evaluation.learning_curve import learning_curve, thinned
from cloudrobust.report.for_whom import advice, crossing_sentences, groups_text

RNG = np.random.default_rng(4)
COUNT = 400
BLOCKS = [f"b{n // 10:02d}" for n in range(COUNT)]
SIZES = np.random.default_rng(7).uniform(0.2, 6.0, COUNT)


def answers(gain: np.ndarray, seed: int = 0) -> Pairs:
    """Two seeds whose preprocessed branch is right more often by `gain` (parcel,)."""
    rng = np.random.default_rng(seed)
    draws = rng.random((2, COUNT))
    return Pairs((draws < 0.5).astype(float), (rng.random((2, COUNT)) < 0.5 + gain).astype(float))


def frame(classes: list[str], said: list[list[str]]) -> pd.DataFrame:
    rows = [
        {"parcel": f"P{n}", "class": name, "part": "test", "seed": seed, "predicted": guess}
        for seed, guesses in enumerate(said)
        for n, (name, guess) in enumerate(zip(classes, guesses, strict=True))
    ]
    return pd.DataFrame(rows)


def test_the_mean_over_models_comes_first() -> None:
    classes = ["a", "b", "a"]
    frames = {
        ("raw", "forest"): frame(classes, [["a", "a", "a"], ["b", "b", "a"]]),
        ("prep", "forest"): frame(classes, [["a", "b", "a"], ["a", "b", "a"]]),
        ("raw", "lstm"): frame(classes, [["b", "b", "b"], ["b", "b", "b"]]),
        ("prep", "lstm"): frame(classes, [["a", "a", "b"], ["b", "b", "b"]]),
        ("raw", "alone"): frame(classes, [["b", "b", "b"]]),
    }
    found = pairs(frames, ["P2", "P0", "P1"], "raw", "prep")
    assert list(found) == [ALL, "forest", "lstm"]
    np.testing.assert_array_equal(found["forest"].raw, [[1, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(found["lstm"].difference, [0.0, 0.5, -0.5])
    np.testing.assert_allclose(found[ALL].raw, [[0.5, 0.5, 0.5], [0.5, 0.0, 1.0]])


def test_a_group_has_the_paired_interval_of_its_own_parcels() -> None:
    pair = answers(np.where(SIZES > 3, 0.3, 0.0))
    groups = {"class": pd.Series(np.where(np.arange(COUNT) < 3, "rare", np.where(SIZES > 3, "large", "small")))}
    table = by_groups({"forest": pair}, groups, BLOCKS, resamples=300).set_index("group")
    assert table["parcels"].sum() == COUNT
    for name in ("large", "small"):
        inside = np.flatnonzero(groups["class"] == name)
        own = paired_interval(
            pair.preprocessed[:, inside], pair.raw[:, inside], [BLOCKS[n] for n in inside], resamples=300
        )
        assert table.loc[name, ["estimate", "low", "high"]].tolist() == pytest.approx([own.estimate, own.low, own.high])
        right = pair.preprocessed[:, inside].mean() - pair.raw[:, inside].mean()
        assert table.loc[name, "estimate"] == pytest.approx(right)
    assert table.loc["rare", "note"] == "no interval: fewer than 5 parcels"
    assert math.isnan(table.loc["rare", "low"])
    # A few parcels tell little: they are drawn to the others, and have an interval after that.
    mean = table.loc[["large", "small"], "estimate"].mean()
    assert abs(table.loc["rare", "shrunk"] - mean) <= abs(table.loc["rare", "estimate"] - mean)
    assert table.loc["rare", "shrunk_low"] < table.loc["rare", "shrunk"] < table.loc["rare", "shrunk_high"]
    text = groups_text(table.reset_index())
    assert "(no interval: fewer than 5 parcels)" in text.set_index("group").loc["rare", "difference"]


def test_shrinkage_is_that_of_a_random_effects_model() -> None:
    estimates, errors = RNG.normal(0.03, 0.06, 9), RNG.uniform(0.01, 0.08, 9)
    theirs = combine_effects(estimates, errors**2, method_re="dl")
    between = tau_squared(estimates, errors**2)
    assert between == pytest.approx(theirs.tau2)
    assert between > 0
    value, low, high = shrunk(estimates, errors)
    mean = theirs.mean_effect_re
    np.testing.assert_allclose(value, mean + between / (between + errors**2) * (estimates - mean))
    assert ((low < value) & (value < high)).all()
    # The worse a group is known, the nearer it comes to the mean.
    kept = (value - mean) / (estimates - mean)
    assert (np.diff(kept[np.argsort(errors)]) < 0).all()


def test_groups_that_differ_by_chance_become_one_and_well_known_ones_stay() -> None:
    value, _, _ = shrunk(np.array([0.02, 0.03, 0.025]), np.array([0.05, 0.05, 0.05]))
    np.testing.assert_allclose(value, 0.025)
    value, low, high = shrunk(np.array([-0.5, 0.5]), np.array([1e-4, 1e-4]))
    np.testing.assert_allclose(value, [-0.5, 0.5], atol=1e-4)
    np.testing.assert_allclose(high - low, 2 * 1.96 * 1e-4, rtol=0.01)


def test_shrunk_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        truth = rng.normal(0.02, 0.05, 12)
        errors = rng.uniform(0.02, 0.08, 12)
        _, low, high = shrunk(truth + rng.normal(0, errors), errors)
        held.append((low <= truth) & (truth <= high))
    assert 0.90 < np.mean(held) < 0.97


def test_bins_hold_equally_many_and_say_their_ends() -> None:
    values = pd.Series([1.0, 2, 3, 4, 5, 6, 7, 8], name=SIZE)
    named = binned(values)
    assert named.tolist() == ["1 to 2"] * 2 + ["3 to 4"] * 2 + ["5 to 6"] * 2 + ["7 to 8"] * 2
    assert binned(pd.Series([0.5, 0.5, 0.75, 0.8], name=CLOUDS), 2).tolist() == ["50%"] * 2 + ["75% to 80%"] * 2


def test_clear_dates_are_those_that_the_mask_leaves() -> None:
    def cube(flags: list[list[int]], days: list[str]) -> xr.Dataset:
        values = np.where(np.array(flags)[..., None] == 1, 0.3, np.nan)
        return xr.Dataset({"reflectance": (("parcel", "time", "band"), values)},
                          {"parcel": ["A", "B"], "time": pd.DatetimeIndex(days)})  # fmt: skip

    days = ["2022-05-01T10:20", "2022-05-11T10:20", "2022-05-21T10:20"]
    measured = cube([[1, 0, 0], [1, 1, 0]], days)
    # The raw series has a date outside the season, too, which does not count.
    raw = cube([[1, 1, 1, 1], [1, 1, 1, 0]], ["2022-01-01T10:20", *days])
    table = clear_dates(measured, raw, ["B", "A"])
    assert table[DATES].tolist() == [2.0, 1.0]
    assert table[CLOUDS].tolist() == pytest.approx([0.0, 2 / 3])
    assert CLOUDS not in clear_dates(measured, measured, ["A", "B"])


def test_questions_are_asked_of_one_half_and_answered_by_the_other() -> None:
    pair = answers(np.where(SIZES < 2, 0.45, -0.1), seed=3)
    features = pd.DataFrame({SIZE: SIZES, "constant": 1.0, "noise": RNG.random(COUNT)})
    leaves = questions(features, pair, BLOCKS, most=1, resamples=200)
    assert len(leaves) == 2
    assert [one.conditions[0][:2] for one in leaves] == [(SIZE, "below"), (SIZE, "from")]
    assert leaves[0].conditions[0][2] == pytest.approx(2, abs=0.4)
    # Scikit-learn's tree on the first half finds the question; the answers are means of the second half.
    first = np.isin(BLOCKS, np.random.default_rng(0).permutation(np.unique(BLOCKS))[:20])
    tree = DecisionTreeRegressor(max_leaf_nodes=2, min_samples_leaf=20, random_state=0)
    tree.fit(features[[SIZE, "noise"]][first], pair.difference[first])
    places = tree.apply(features[[SIZE, "noise"]])
    for number, leaf in zip(sorted(set(places)), leaves, strict=True):
        inside = (places == number) & ~first
        assert leaf.parcels == inside.sum()
        assert leaf.estimate == pytest.approx(pair.difference[inside].mean())
    words = advice(leaves, 40)
    assert words[0].startswith("Parcel size up to ")
    assert " ha: preprocess, +" in words[0]
    assert words[-1].startswith("1 question found on half of the blocks")


def test_a_question_that_only_fits_noise_shows_no_difference() -> None:
    held = []
    for seed in range(20):
        pair = answers(np.zeros(COUNT), seed=seed)
        features = pd.DataFrame({name: np.random.default_rng([seed, n]).random(COUNT) for n, name in enumerate("abc")})
        leaves = questions(features, pair, BLOCKS, resamples=200)
        assert 2 <= len(leaves) <= 4
        held += [leaf.low <= 0 <= leaf.high for leaf in leaves]
    assert np.mean(held) > 0.85


def test_too_few_blocks_ask_nothing() -> None:
    pair = answers(np.zeros(COUNT))
    assert questions(pd.DataFrame({SIZE: SIZES}), pair, ["a", "b", "c"] * 133 + ["a"]) == []
    assert advice([], 3) == ["With 3 blocks of test parcels no half is left to check questions on, so none is asked."]


def split() -> pd.DataFrame:
    classes = ["maize"] * 100 + ["wheat"] * 37 + ["hops"] * 3 + ["maize"] * 20
    parts = ["train"] * 140 + ["test"] * 20
    return pd.DataFrame({"parcel": [f"P{n}" for n in range(160)], "class": classes, "part": parts, "block": "b"})


def test_training_sets_are_nested_and_keep_the_classes() -> None:
    former: set[str] = set()
    for share in (0.05, 0.1, 0.2, 0.4, 0.7, 1.0):
        made = thinned(split(), share)
        train = made[made["part"] == "train"]
        assert (made["part"] == "test").sum() == 20
        assert former <= set(train["parcel"])
        former = set(train["parcel"])
        counts = train["class"].value_counts()
        assert counts["maize"] == round(100 * share)
        assert counts["wheat"] == math.ceil(round(37 * share, 9))
        assert counts["hops"] == math.ceil(round(3 * share, 9))
    pd.testing.assert_frame_equal(thinned(split(), 1.0), split())
    turned = thinned(split().iloc[::-1], 0.2)
    assert set(turned["parcel"]) == set(thinned(split(), 0.2)["parcel"])
    assert set(thinned(split(), 0.2, seed=1)["parcel"]) != set(turned["parcel"])


def test_branches_cross_where_their_difference_changes_sign() -> None:
    few, many = answers(np.full(COUNT, 0.3)), answers(np.full(COUNT, -0.3))
    table = learning_curve({(0.1, "forest"): few, (1.0, "forest"): many}, {0.1: 40, 1.0: 400}, BLOCKS, resamples=200)
    assert table["labels"].tolist() == [40, 400]
    gains = table["estimate"].to_numpy()
    assert gains == pytest.approx([few.difference.mean(), many.difference.mean()])
    at = np.interp(0, gains[::-1], [400, 40])
    assert crossing_sentences(table) == [
        f"Random forest: preprocessed is ahead with the fewest labels; the branches cross near {at:,.0f} labels."
    ]
    same = table.assign(estimate=[0.2, 0.1], low=[0.1, -0.1], high=[0.3, 0.2])
    assert crossing_sentences(same) == [
        "Random forest: the branches do not cross between 40 and 400 labels; preprocessed is ahead, beyond chance at 1 "
        "of 2 numbers of labels."
    ]
