"""How sure the comparison is: against scikit-learn, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests

from cloudrobust.evaluation.confidence import (
    STATISTICS,
    contributions,
    holm,
    intervals,
    mcnemar,
    pooled_right,
    units_of,
    variance,
)

CLASSES = list("abc")


def made(skill: float, seed: int, seeds: int = 3, parcels: int = 240, level: float = 0.0) -> pd.DataFrame:
    """Predictions with probabilities whose best class is the true one more often the greater the skill."""
    truth = np.random.default_rng(0).choice(3, parcels, p=[0.5, 0.3, 0.2])
    generator = np.random.default_rng(seed)
    frames = []
    for number in range(seeds):
        shift = generator.normal(0, level)
        logits = generator.normal(0, 1, (parcels, 3)) + (skill + shift) * np.eye(3)[truth]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        head = {
            "parcel": [f"p{n:03d}" for n in range(parcels)],
            "class": np.array(CLASSES)[truth],
            "part": np.where(np.arange(parcels) < 200, "test", "validation"),
            "seed": number,
            "predicted": np.array(CLASSES)[p.argmax(axis=1)],
        }
        frames.append(pd.DataFrame(head | {f"p:{c}": p[:, n] for n, c in enumerate(CLASSES)}))
    return pd.concat(frames, ignore_index=True)


TESTED = [f"p{n:03d}" for n in range(200)]
BLOCKS = {f"p{n:03d}": f"{n // 10}_0" for n in range(240)}


@pytest.fixture(scope="module")
def frames() -> dict[tuple[str, str], pd.DataFrame]:
    return {
        ("raw", "good"): made(1.0, 1),
        ("raw", "same"): made(1.5, 2),
        ("preprocessed", "good"): made(2.2, 3),
        ("preprocessed", "same"): made(1.5, 4),
        ("other", "good"): made(0.5, 5),
        ("raw", "alone"): made(0.5, 6),
    }


def test_scores_of_drawn_parcels_are_scikit_learns_with_weights(frames) -> None:
    frame = frames["raw", "good"]
    values = contributions(frame, TESTED)
    counts = np.random.default_rng(0).integers(0, 4, 200).astype(float)
    for seed in range(3):
        rows = frame[(frame["seed"] == seed) & (frame["part"] == "test")]
        sums = (counts @ values[seed])[None]
        true, predicted = rows["class"], rows["predicted"]
        weighted = {
            "accuracy": sklearn.metrics.accuracy_score(true, predicted, sample_weight=counts),
            "kappa": sklearn.metrics.cohen_kappa_score(true, predicted, sample_weight=counts),
            "macro_f1": sklearn.metrics.f1_score(true, predicted, average="macro", sample_weight=counts),
        }
        for name, expected in weighted.items():
            assert STATISTICS[name](sums)[0] == pytest.approx(expected)


def test_every_model_of_both_branches_has_its_intervals(frames) -> None:
    table = intervals(frames, TESTED, BLOCKS, "raw", "preprocessed", resamples=500)
    assert set(table["model"]) == {"good", "same"}
    assert len(table) == 2 * 3 * 2
    assert table.groupby("unit")["drawn"].first().to_dict() == {"parcels": 200, "blocks": 20}
    table = table.set_index(["model", "metric", "unit"])
    for metric in STATISTICS:
        for unit in ("parcels", "blocks"):
            good, same = table.loc[("good", metric, unit)], table.loc[("same", metric, unit)]
            assert good["low"] > 0
            assert good["above"] > 0.99
            assert same["low"] < 0 < same["high"]
    rows = {b: frames[b, "good"][frames[b, "good"]["part"] == "test"] for b in ("raw", "preprocessed")}
    mean = {b: (r["class"] == r["predicted"]).mean() for b, r in rows.items()}
    assert table.loc[("good", "accuracy", "blocks"), "estimate"] == pytest.approx(mean["preprocessed"] - mean["raw"])


def test_blocks_are_drawn_only_where_there_are_some() -> None:
    assert units_of(["a", "b"], {"a": "", "b": ""}) == {"parcels": None}
    assert units_of(["a", "b"], {"a": "1_1", "b": "1_1"}) == {"parcels": None}
    assert units_of(["b", "a"], {"a": "1_1", "b": "1_2"}) == {"parcels": None, "blocks": ["1_2", "1_1"]}


def test_mcnemar_is_statsmodels(frames) -> None:
    table = mcnemar(frames, TESTED, "raw", "preprocessed").set_index("model")
    for model in ("good", "same"):
        first, second = (pooled_right(frames[b, model], TESTED) for b in ("preprocessed", "raw"))
        counts = pd.crosstab(first, second).reindex(index=[True, False], columns=[True, False], fill_value=0)
        theirs = their_mcnemar(counts.to_numpy(), exact=True)
        assert table.loc[model, "p"] == pytest.approx(theirs.pvalue)
        assert (
            table.loc[model, ["both", "only_preprocessed", "only_raw", "neither"]].tolist()
            == counts.to_numpy().ravel().tolist()
        )
    assert table.loc["good", "p_holm"] < 0.01 < table.loc["same", "p_holm"]


def test_branches_that_never_disagree_have_p_1(frames) -> None:
    same = {("raw", "m"): frames["raw", "good"], ("preprocessed", "m"): frames["raw", "good"]}
    assert mcnemar(same, TESTED, "raw", "preprocessed")["p"].item() == 1.0


@pytest.mark.parametrize("p", [[0.03], [0.01, 0.04, 0.03, 0.2], [0.5, 0.5, 0.001], [1.0, 1.0]])
def test_holms_adjustment_is_statsmodels(p: list[float]) -> None:
    np.testing.assert_allclose(holm(np.array(p)), multipletests(p, method="holm")[1])


def test_the_pooled_answer_is_that_of_the_mean_probability(predictions) -> None:
    frame = predictions({0: "ab", 1: "ab", 2: "bb"}, true="aa", classes="ab")
    frame.loc[frame["seed"] == 2, ["p:a", "p:b"]] = [[0.0, 1.0], [0.0, 1.0]]
    frame.loc[frame["seed"] < 2, ["p:a", "p:b"]] = [[0.6, 0.4], [0.4, 0.6]] * 2
    # Two seeds of three say a, but the third is so sure of b that the mean is.
    assert pooled_right(frame, ["p0", "p1"]).tolist() == [False, False]
    votes = frame.drop(columns=["p:a", "p:b"])
    assert pooled_right(votes, ["p1", "p0"]).tolist() == [False, True]


def test_variance_is_found_where_it_was_put() -> None:
    calm, restless = made(1.5, 7, seeds=8), made(1.5, 8, seeds=8, level=0.8)
    table = variance(
        {("calm", "m"): calm, ("restless", "m"): restless, ("single", "m"): made(1, 1, seeds=1)}, TESTED, BLOCKS, 400
    )
    table = table.set_index("branch")
    assert table.loc["calm", "seeds_alone"] < 0.025
    assert table.loc["restless", "seeds_alone"] > 0.05
    assert table.loc["restless", "seeds_alone"] < table.loc["restless", "over_seeds"]
    assert np.isnan(table.loc["single", "over_seeds"])
    # One seed: the binomial standard error of its accuracy.
    rows = made(1, 1, seeds=1)
    right = (rows["class"] == rows["predicted"])[:200].mean()
    assert table.loc["single", "over_parcels"] == pytest.approx(np.sqrt(right * (1 - right) / 200), rel=0.12)
