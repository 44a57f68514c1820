"""Effects of steps, held against scikit-learn, scipy's own bootstrap and the textbook's marginal means."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.stats import bootstrap
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, cohen_kappa_score

from cloudrobust.errors import InputError
from cloudrobust.evaluation.ablation import Answers, ablation_table, answers, contrasts, effects, scores_of

FACTORS = {"level": ["L1C", "L2A"], "mask": ["none", "scl", "s2cloudless"], "interpolation": ["none", "linear"]}
CELLS = [dict(zip(FACTORS, levels, strict=True)) for levels in itertools.product(*FACTORS.values())]


def said(branches: int, seeds: int, parcels: int, classes: int = 4, seed: int = 0) -> Answers:
    """Answers that are right more often in later branches, and share their mistakes between branches."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, parcels)
    wrong = (true + generator.integers(1, classes, parcels)) % classes
    hard = generator.random(parcels)
    skill = np.linspace(0.6, 0.8, branches)[:, None, None] + generator.normal(0, 0.02, (branches, seeds, 1))
    noise = generator.normal(0, 0.1, (branches, seeds, parcels))
    return Answers(true, np.where(hard + noise < skill, true, wrong), classes)


def frame(said: Answers, branch: int, names: Sequence[str] = "abcd") -> pd.DataFrame:
    """A branch's predictions as training writes them, in an order of their own."""
    seeds, parcels = said.predicted.shape[1:]
    table = pd.DataFrame(
        {
            "parcel": [f"p{n}" for n in range(parcels)] * seeds,
            "class": [names[n] for n in said.true] * seeds,
            "part": "test",
            "seed": np.repeat(np.arange(seeds), parcels),
            "predicted": [names[n] for n in said.predicted[branch].ravel()],
        }
    )
    return table.sample(frac=1, random_state=branch)


def test_main_effects_of_a_whole_factorial_are_differences_of_marginal_means() -> None:
    scores = np.random.default_rng(1).random(len(CELLS))
    table = pd.DataFrame(CELLS).assign(score=scores)
    for one in contrasts(CELLS, FACTORS):
        means = table.groupby(one.factor)["score"].mean()
        assert one.weights @ scores == pytest.approx(means[one.level] - means[one.reference])
        assert one.pairs == len(CELLS) // len(FACTORS[one.factor])


def test_least_squares_gives_the_same_on_a_whole_factorial_and_scikit_learns_on_a_part_of_it() -> None:
    scores = np.random.default_rng(2).random(len(CELLS))
    for full, fitted in zip(contrasts(CELLS, FACTORS), contrasts(CELLS, FACTORS, "fraction"), strict=True):
        assert fitted.weights @ scores == pytest.approx(full.weights @ scores)
    part = [number for number in range(len(CELLS)) if number not in (1, 4, 7, 10, 11)]
    cells = [CELLS[number] for number in part]
    columns = pd.get_dummies(pd.DataFrame(cells)).astype(float)
    dummies = columns[[f"{f}_{level}" for f, levels in FACTORS.items() for level in levels[1:]]]
    model = LinearRegression().fit(dummies, scores[part])
    found = [one.weights @ scores[part] for one in contrasts(cells, FACTORS, "fraction")]
    np.testing.assert_allclose(found, model.coef_, atol=1e-12)


def test_where_combinations_are_missing_only_branches_that_differ_in_nothing_else_are_compared() -> None:
    cells = [cell for cell in CELLS if not (cell["level"] == "L1C" and cell["mask"] == "scl")]
    # L2A is better by 1, and the mask by .1; without pairing the one would leak into the other.
    scores = np.array([(cell["level"] == "L2A") + 0.1 * (cell["mask"] == "scl") for cell in cells])
    found = {(one.factor, one.level): one for one in contrasts(cells, FACTORS)}
    assert found["mask", "scl"].weights @ scores == pytest.approx(0.1)
    assert found["mask", "scl"].pairs == 2
    assert found["level", "L2A"].weights @ scores == pytest.approx(1.0)
    assert found["level", "L2A"].pairs == 4
    assert found["mask", "s2cloudless"].weights @ scores == pytest.approx(0.0)


@pytest.mark.parametrize("design", ["full", "fraction"])
def test_an_effect_that_no_branches_tell_is_missing(design: str) -> None:
    cells = [cell for cell in CELLS if cell["mask"] != "scl"]
    found = {one.level: one for one in contrasts(cells, FACTORS, design)}
    assert np.isnan(found["scl"].weights).all()
    assert np.isfinite(found["s2cloudless"].weights).all()


def test_scores_of_weighted_parcels_are_scikit_learns() -> None:
    made = said(branches=2, seeds=2, parcels=60)
    weights = np.vstack([np.ones(60), np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60))]).astype(float)
    found = scores_of(made, weights)
    for row, weight in enumerate(weights):
        for branch in range(2):
            for seed in range(2):
                told = made.predicted[branch, seed]
                accuracy = accuracy_score(made.true, told, sample_weight=weight)
                kappa = cohen_kappa_score(made.true, told, sample_weight=weight)
                assert found["accuracy"][row, branch, seed] == pytest.approx(accuracy)
                assert found["kappa"][row, branch, seed] == pytest.approx(kappa)


def test_kappa_is_missing_where_there_is_one_class_alone() -> None:
    alone = Answers(np.zeros(5, np.int64), np.zeros((2, 1, 5), np.int64), 1)
    assert np.isnan(scores_of(alone, np.ones((1, 5)))["kappa"]).all()


@pytest.mark.parametrize("metric", ["accuracy", "kappa"])
def test_intervals_over_parcels_are_those_of_scipys_paired_bootstrap(metric: str) -> None:
    made = said(branches=2, seeds=1, parcels=150)
    wanted = contrasts([{"mask": "none"}, {"mask": "scl"}], {"mask": ["none", "scl"]})
    found = effects(made, wanted, resamples=4000, seed=1).iloc[0]

    def statistic(true: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        score = accuracy_score if metric == "accuracy" else cohen_kappa_score
        return float(score(true, second) - score(true, first))

    data = (made.true, *made.predicted[:, 0])
    peer = bootstrap(data, statistic, paired=True, vectorized=False, n_resamples=500, method="percentile", rng=2)
    assert found[metric] == pytest.approx(statistic(*data))
    width = peer.confidence_interval.high - peer.confidence_interval.low
    # Both ends of both bootstraps move by chance, each by a few hundredths of the interval.
    assert found[f"{metric}_low"] == pytest.approx(peer.confidence_interval.low, abs=0.15 * width)
    assert found[f"{metric}_high"] == pytest.approx(peer.confidence_interval.high, abs=0.15 * width)


def test_what_branches_have_in_common_cancels() -> None:
    one = said(branches=1, seeds=3, parcels=80)
    same = Answers(one.true, np.repeat(one.predicted, 2, axis=0), one.classes)
    found = effects(same, contrasts([{"mask": "none"}, {"mask": "scl"}], {"mask": ["none", "scl"]})).iloc[0]
    for metric in ("accuracy", "kappa"):
        assert found[metric] == 0
        # As if two of the 80 parcels were answered differently.
        half = scipy.stats.t.ppf(0.975, 79) * np.sqrt(2) / 80
        assert found[f"{metric}_high"] == -found[f"{metric}_low"] == pytest.approx(half)


def test_blocks_of_parcels_that_are_alike_widen_the_interval() -> None:
    alone = said(branches=2, seeds=1, parcels=60)
    wanted = contrasts([{"mask": "none"}, {"mask": "scl"}], {"mask": ["none", "scl"]})
    # Five copies of every parcel hold no more than one of each.
    copies = Answers(np.repeat(alone.true, 5), np.repeat(alone.predicted, 5, axis=2), alone.classes)
    blocks = [f"b{number // 5:02d}" for number in range(300)]
    once, together = effects(alone, wanted), effects(copies, wanted, blocks)
    pd.testing.assert_frame_equal(once, together)
    single = effects(copies, wanted)
    assert (single["accuracy_high"] - single["accuracy_low"]).item() < 0.6 * (
        once["accuracy_high"] - once["accuracy_low"]
    ).item()


def test_seeds_that_differ_widen_the_interval() -> None:
    made = said(branches=2, seeds=4, parcels=200, seed=3)
    wanted = contrasts([{"mask": "none"}, {"mask": "scl"}], {"mask": ["none", "scl"]})
    same = Answers(made.true, np.repeat(made.predicted[:, :1], 4, axis=1), made.classes)
    # In one of four seeds the step breaks everything.
    broken = same.predicted.copy()
    broken[1, 0] = (same.true + 1) % same.classes
    widths = []
    for answered in (same, Answers(made.true, broken, made.classes)):
        found = effects(answered, wanted).iloc[0]
        widths.append(found["accuracy_high"] - found["accuracy_low"])
    assert widths[1] > 3 * widths[0]


def test_the_order_of_parcels_and_rows_does_not_matter_and_resamples_are_the_same_every_time() -> None:
    made = said(branches=len(CELLS), seeds=2, parcels=50)
    cells = {f"b{number}": cell for number, cell in enumerate(CELLS)}
    frames = {(name, "forest"): frame(made, number) for number, name in enumerate(cells)}
    parcels = [f"p{n}" for n in range(50)]
    table = ablation_table(frames, cells, FACTORS, parcels, [0, 1], resamples=300)
    again = {key: rows.sort_values(["parcel", "seed"]) for key, rows in frames.items()}
    pd.testing.assert_frame_equal(table, ablation_table(again, cells, FACTORS, parcels, [0, 1], resamples=300))
    direct = effects(made, contrasts(CELLS, FACTORS), resamples=300)
    pd.testing.assert_frame_equal(table.drop(columns="model"), direct)


def test_a_branch_that_lacks_a_seed_is_named() -> None:
    made = said(branches=1, seeds=2, parcels=20)
    with pytest.raises(InputError, match="predictions of b x forest: have no seed 7; train again"):
        answers({("b", "forest"): frame(made, 0)}, ["b"], "forest", ["p1"], [0, 7])
