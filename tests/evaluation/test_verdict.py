"""The verdict: its tests against other people's, its error rates on made-up studies, its gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from cloudrobust.evaluation.bootstrap import combined, mean_of, resampled, with_ones
from cloudrobust.evaluation.made_studies import Setting, made_study, rates, right, wrong
from cloudrobust.evaluation.verdict import (
    DEPENDS,
    HARMS,
    OPEN,
    PAYS,
    UNFINISHED,
    WHOLE,
    WITHIN,
    Plan,
    judge,
    verdict_of,
    verdicts,
)  # fmt: skip

LEVEL = 0.05


def answers(share: float, parcels: int = 400, seeds: int = 3, at: int = 0) -> np.ndarray:
    return np.random.default_rng(at).random((seeds, parcels)) < share


def pairs(**shares: tuple[float, float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By model, answers on the preprocessed and on the raw branch with these expected shares of right ones."""
    return {
        name: (answers(first, at=2 * n), answers(second, at=2 * n + 1))
        for n, (name, (first, second)) in enumerate(shares.items())
    }


def by_model(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("model")


def test_each_verdict_is_given_where_it_is_true() -> None:
    right = np.repeat(answers(0.8, seeds=1), 3, axis=0)
    study = pairs(better=(0.95, 0.6), worse=(0.6, 0.95)) | {
        "equal": (right, right),
        "unsure": (right, answers(0.79, at=9)),
    }
    table = by_model(judge(study, np.arange(400) // 10, 0.03))
    assert table["verdict"].to_dict() == {
        "better": PAYS, "worse": HARMS, "equal": WITHIN, "unsure": OPEN, WHOLE: DEPENDS,
    }  # fmt: skip
    assert table["needed"].notna().to_dict() == {
        "better": False, "worse": False, "equal": False, "unsure": True, WHOLE: False,
    }  # fmt: skip
    assert table.loc["unsure", "needed"] > 400


def test_a_sure_difference_below_the_margin_does_not_pay() -> None:
    first, second = np.ones((2, 4000)), np.ones((2, 4000))
    second[:, ::100] = 0  # 1 point in every block
    (verdict,) = judge({"m": (first, second)}, np.arange(4000) // 100, 0.02)["verdict"]
    assert verdict == WITHIN
    assert judge({"m": (first, second)}, np.arange(4000) // 100, 0.002)["verdict"].tolist() == [PAYS]


def test_the_tests_are_students_and_two_one_sided_ones_by_statsmodels() -> None:
    generator, groups = np.random.default_rng(3), np.repeat(np.arange(30), 8)
    first, second = (generator.random((1, 240)) < share for share in (0.82, 0.8))
    line = judge({"m": (first, second)}, groups, 0.05, resamples=20000).iloc[0]
    blocks = [values[0].reshape(30, 8).mean(axis=1) for values in (first, second)]
    p, *_ = ttost_paired(*blocks, -0.05, 0.05)
    assert line["p_equivalence"] == pytest.approx(p, rel=0.03)
    assert (line["equivalence_low"] > -0.05 and line["equivalence_high"] < 0.05) == (line["p_equivalence"] < LEVEL)
    assert (line["low"] > 0 or line["high"] < 0) == (line["p_difference"] < LEVEL)


def test_p_values_are_adjusted_as_statsmodels_does() -> None:
    table = judge(pairs(a=(0.85, 0.8), b=(0.9, 0.8), c=(0.8, 0.8), d=(0.83, 0.8)), None, 0.02)
    table = table[table["model"] != WHOLE]
    for test in ("p_difference", "p_equivalence"):
        theirs = multipletests(table[test], method="holm")[1]
        np.testing.assert_allclose(table[f"{test}_holm"], theirs)


def test_the_whole_is_the_mean_of_the_models_on_the_same_blocks() -> None:
    study = made_study(Setting(), 0.03, np.random.default_rng(1))
    table = by_model(judge(study, Setting().groups, 0.01))
    models = [name for name in table.index if name != WHOLE]
    assert table.loc[WHOLE, "estimate"] == pytest.approx(table.loc[models, "estimate"].mean())
    both = [resampled([with_ones(v) for v in pair], mean_of, Setting().groups) for pair in study.values()]
    parts = [(sign / 3, part) for one in both for sign, part in zip((1, -1), one, strict=True)]
    assert table.loc[WHOLE, "error"] == pytest.approx(combined(parts).error)
    # Models share what makes parcels hard, so their mean is less sure than three independent ones would be.
    assert table.loc[WHOLE, "units_error"] > table.loc[models, "units_error"].mean() / np.sqrt(3)


def test_a_model_that_did_not_converge_gets_no_verdict_and_is_not_in_the_mean(predictions) -> None:
    frames = {
        (branch, model): predictions({0: said, 1: said}, "abc" * 20)
        for model in ("lstm", "forest")
        for branch, said in (("raw", "aaa" * 20), ("clear", "abc" * 20))
    }
    parcels = [f"p{n}" for n in range(60)]
    table = by_model(
        verdicts(frames, parcels, {}, "raw", "clear", 0.01, {("raw", "lstm"): (1,), ("clear", "forest"): ()})
    )
    assert table["verdict"].to_dict() == {"lstm": UNFINISHED, "forest": PAYS}
    assert table.loc["lstm", "note"].startswith("Training had not converged on raw (seed 1)")
    assert table.loc["lstm", ["p_difference", "p_equivalence_holm", "needed"]].isna().all()
    assert table.loc["forest", "models"] == 1
    assert table.loc["forest", "unit"] == "parcels"


def test_no_number_is_missing_without_a_note() -> None:
    ones = np.ones((3, 12))
    for first in (ones, ones * 0, np.eye(3, 12)):
        for second in (ones, ones * 0, np.eye(3, 12)[::-1]):
            for groups in (None, np.arange(12) // 3, np.zeros(12, int)):
                line = judge({"m": (first, second)}, groups, 0.01, resamples=50).iloc[0]
                numbers = line.drop(["model", "verdict", "unit", "note", "needed", "needed_seeds"]).astype(float)
                assert line["note"] or np.isfinite(numbers).all()
                assert line["note"] or line["verdict"] != OPEN or np.isfinite(line["needed"])


def test_plans_agree_with_statsmodels_power() -> None:
    plan = Plan(units=40, of_units=0.02**2, seed_freedom=4, of_seeds=0.0)
    least = plan.least_effect(LEVEL / 2, 0.2)
    spread = 0.02 * np.sqrt(40)
    theirs = TTestPower().solve_power(nobs=40, alpha=LEVEL, power=0.8, alternative="two-sided")
    assert least / spread == pytest.approx(theirs, rel=0.02)
    times, seeds = plan.until(0.03, LEVEL / 2, 0.2)
    units = TTestPower().solve_power(effect_size=0.03 / spread, alpha=LEVEL, power=0.8)
    assert (40 * times, seeds) == (pytest.approx(units, rel=0.02), 1)


def test_where_seeds_hide_the_difference_more_of_them_are_asked_for() -> None:
    plan = Plan(units=40, of_units=0.01**2, seed_freedom=4, of_seeds=0.02**2)
    times, seeds = plan.until(0.02, LEVEL / 2, 0.2)
    assert seeds > 10
    assert plan.least_effect(LEVEL / 2, 0.2, times, seeds) == pytest.approx(0.02, rel=1e-3)


def test_verdicts_are_known_by_model() -> None:
    table = judge(pairs(a=(0.95, 0.6), b=(0.8, 0.8)), np.arange(400) // 10, 0.01)
    assert verdict_of(table) == dict(zip(["a", "b", WHOLE], table["verdict"], strict=True))


@pytest.mark.parametrize("blocks", [6, 20])
def test_errors_are_as_rare_as_promised_on_made_up_studies(blocks: int) -> None:
    """At most 5 % of 100 studies, up to chance (99.9 % of the binomial); `benchmarks/verdict.py` makes 1000."""
    setting, margin, studies = Setting(blocks=blocks, models=2), 0.05, 100
    most = binom.ppf(0.999, studies, LEVEL) / studies
    found = rates(setting, [0.0, margin, -margin], margin, studies, resamples=100)
    assert found[["any_wrong", "whole_wrong"]].to_numpy().max() <= most
    assert (found["covered"] >= 0.91).all()


def test_large_differences_and_none_are_found() -> None:
    found = rates(Setting(blocks=40, seed=0.02), [0.0, 0.1, -0.15], 0.08, 30, resamples=100)
    assert (found[["each_right", "whole_right"]] > 0.8).all(axis=None)


def test_what_is_wrong_and_right_depends_on_the_truth() -> None:
    assert (right(0.0, 0.01), right(0.01, 0.01), right(-0.5, 0.01)) == (WITHIN, PAYS, HARMS)
    assert set(wrong(0.01, 0.01)) == {HARMS, DEPENDS, WITHIN}
    assert set(wrong(-0.001, 0.01)) == {PAYS, DEPENDS}


def test_the_expected_accuracy_of_a_made_study_is_the_one_asked_for() -> None:
    generator = np.random.default_rng(0)
    study = [made_study(Setting(blocks=50, models=1), 0.05, generator)["model 0"] for _ in range(60)]
    first, second = np.mean([[branch.mean() for branch in pair] for pair in study], axis=0)
    assert (first, second) == (pytest.approx(0.9, abs=0.01), pytest.approx(0.85, abs=0.01))
