"""Other splits: variance components against statsmodels, and folds that never overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as models
from statsmodels.stats.anova import anova_lm

from cloudrobust.evaluation.splits import claims, cross_validated, fold_ledger, fold_scores, pooled, split_variance


def answers(skill: float, seed: int, parcels: range, seeds: int = 2) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, 3, 1000)[list(parcels)]
    frames = []
    for number in range(seeds):
        p = np.exp(generator.normal(0, 1, (len(parcels), 3)) + skill * np.eye(3)[truth])
        p /= p.sum(axis=1, keepdims=True)
        head = {"parcel": [f"p{n}" for n in parcels], "class": np.array(list("abc"))[truth], "seed": number,
                "part": np.where(np.arange(len(parcels)) % 2 == 0, "test", "validation"),
                "predicted": np.array(list("abc"))[p.argmax(axis=1)]}  # fmt: skip
        frames.append(pd.DataFrame(head | {f"p:{c}": p[:, n] for n, c in enumerate("abc")}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def folds() -> dict[int, dict[tuple[str, str], pd.DataFrame]]:
    return {
        fold: {
            (branch, "m"): answers(skill, 10 * fold + n, range(200 * fold, 200 * fold + 200))
            for n, (branch, skill) in enumerate((("raw", 1.0), ("preprocessed", 2.0)))
        }
        for fold in range(4)
    }


def test_components_are_those_of_statsmodels_analysis_of_variance() -> None:
    generator = np.random.default_rng(3)
    lines = [
        {
            "fold": fold,
            "seed": seed,
            "branch": "raw",
            "model": "m",
            "accuracy": 0.8 + effect + generator.normal(0, 0.01),
        }
        for fold, effect in enumerate(generator.normal(0, 0.04, 6))
        for seed in range(4)
    ]
    frame = pd.DataFrame(lines)
    theirs = anova_lm(models.ols("accuracy ~ C(fold)", frame).fit())
    squares = theirs["sum_sq"] / theirs["df"]
    found = split_variance(frame).iloc[0]
    assert found["seed"] ** 2 == pytest.approx(squares["Residual"])
    assert found["split"] ** 2 == pytest.approx((squares["C(fold)"] - squares["Residual"]) / 4)
    assert found["over_folds"] == pytest.approx(frame.groupby("fold")["accuracy"].mean().std())


def test_folds_that_do_not_differ_have_no_variance_of_the_split() -> None:
    frame = pd.DataFrame(
        [(f, s, "raw", "m", 0.8 + 0.01 * s) for f in range(3) for s in range(3)],
        columns=["fold", "seed", "branch", "model", "accuracy"],
    )
    assert split_variance(frame)["split"].item() == 0.0
    assert np.isnan(split_variance(frame[frame["seed"] == 0])[["split", "seed"]].to_numpy()).all()


def test_every_parcel_is_pooled_once(folds) -> None:
    frames = pooled(folds)
    assert {len(frame) for frame in frames.values()} == {4 * 100 * 2}
    assert (frames["raw", "m"]["part"] == "test").all()
    with pytest.raises(RuntimeError, match="'p0' is in the test part of two folds"):
        pooled(folds | {9: folds[0]})


def test_a_class_that_a_fold_could_not_learn_has_no_probability_there(folds) -> None:
    lacking = {key: frame.drop(columns="p:c") for key, frame in folds[1].items()}
    frames = pooled(folds | {1: lacking})
    assert (frames["raw", "m"].loc[lambda f: f["parcel"] == "p200", "p:c"] == 0).all()


def test_all_folds_together_are_surer_than_one(folds) -> None:
    blocks = {f"p{n}": f"{n // 20}_0" for n in range(1000)}
    variance, sure, tested = cross_validated(folds, blocks, "raw", "preprocessed", 400)
    _, alone, _ = cross_validated({0: folds[0]}, blocks, "raw", "preprocessed", 400)
    assert set(variance["folds"]) == {4}
    assert sure["drawn"].tolist() == [400, 40] * 3
    width, single = ((table["high"] - table["low"]).iloc[0] for table in (sure, alone))
    assert width < 0.7 * single
    assert tested[["both", "only_preprocessed", "only_raw", "neither"]].sum(axis=1).item() == 400
    by_fold = fold_scores(folds)
    assert by_fold.groupby("fold").size().tolist() == [4] * 4
    assert sure["estimate"].iloc[0] == pytest.approx(
        by_fold[by_fold["branch"] == "preprocessed"]["accuracy"].mean()
        - by_fold[by_fold["branch"] == "raw"]["accuracy"].mean()
    )


def test_a_claim_is_the_difference_of_two_splits_with_the_errors_of_both() -> None:
    study = {("raw", "m"): answers(1.0, 1, range(400)), ("raw", "n"): answers(1.0, 2, range(400))}
    random = {("raw", "m"): answers(2.5, 3, range(400, 800))}
    blocks = {f"p{n}": f"{n // 20}_0" for n in range(400)}
    line = claims(study, blocks, random, 500).iloc[0]
    rows = random["raw", "m"][random["raw", "m"]["part"] == "test"]
    assert line["random"] == pytest.approx((rows["class"] == rows["predicted"]).mean())
    assert line["claimed"] == pytest.approx(line["random"] - line["study"])
    assert line["claimed_error"] == pytest.approx(np.hypot(line["random_error"], line["study_error"]))
    assert line["claimed"] > 2 * line["claimed_error"]
    assert len(claims(study, blocks, random, 100)) == 1


def test_the_ledger_of_the_folds_accounts_for_every_parcel() -> None:
    parcels = pd.DataFrame(
        {"parcel": list("abcd"), "status": ["usable"] * 3 + ["excluded"], "reason": ["", "", "", "no"]}
    )
    splits = [
        pd.DataFrame({"parcel": list("abc"), "part": ["test", "train", "validation"]}),
        pd.DataFrame({"parcel": list("bc"), "part": ["test", "test"]}),
    ]
    asides = [pd.DataFrame({"parcel": []}, dtype=object), pd.DataFrame({"parcel": ["a"]})]
    ledger = fold_ledger(parcels, splits, asides).set_index("parcel")
    assert ledger["fold"].tolist() == ["0", "1", "1", ""]
    assert ledger.loc["a", ["trained", "validated", "aside"]].tolist() == [0, 0, 1]
    assert ledger.loc["c", ["trained", "validated", "aside"]].tolist() == [0, 1, 0]
    with pytest.raises(RuntimeError, match="'a' is not tested in exactly one"):
        fold_ledger(parcels, splits[1:], asides[1:])
