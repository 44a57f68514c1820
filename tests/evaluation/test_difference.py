"""Bars that add up, curves of mask errors and their break-even, and masks judged by another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix

from cloudrobust.errors import InputError
from cloudrobust.evaluation.difference import Answers, bars, break_even, curves, mask_errors, of_seeds, scores

PARCELS = [f"P{n:03d}" for n in range(160)]
BLOCKS = [f"b{n // 8}" for n in range(160)]
CLASSES = np.array(["maize", "wheat", "grass"])


def predictions(right: float, seed: int) -> pd.DataFrame:
    """Two seeds that answer right with a probability."""
    true = CLASSES[np.random.default_rng(0).integers(0, 3, len(PARCELS))]
    parts = []
    for number in range(2):
        rng = np.random.default_rng([seed, number])
        said = np.where(rng.random(len(PARCELS)) < right, true, CLASSES[rng.integers(0, 3, len(PARCELS))])
        parts.append(pd.DataFrame({"parcel": PARCELS, "class": true, "part": "test", "seed": number,
                                   "predicted": said}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


FRAMES = {
    (branch, model): predictions(right, 10 * number + len(model))
    for model in ("forest", "tempcnn")
    for number, (branch, right) in enumerate(
        {"raw": 0.35, "masked": 0.6, "preprocessed": 0.7, "omission-25": 0.6, "omission-50": 0.0, "sky": 0.8}.items()
    )
}
BARS = [
    {"name": "clouds gone", "of": "masked", "against": "raw", "group": "path"},
    {"name": "equal dates", "of": "preprocessed", "against": "masked", "group": "path"},
    {"name": "true sky", "of": "sky", "against": "preprocessed", "group": "beside"},
]


def mean_score(branch: str, model: str, score: object) -> float:
    frame = FRAMES[branch, model]
    return float(np.mean([score(rows["class"], rows["predicted"]) for _, rows in frame.groupby("seed")]))  # type: ignore[operator]


def test_bars_are_differences_of_scores_and_add_up() -> None:
    table = bars(Answers(FRAMES, PARCELS), BARS, BLOCKS, resamples=200)
    assert list(table["model"].unique()) == ["forest", "tempcnn"]
    for row in table.itertuples():
        for metric, score in (("accuracy", accuracy_score), ("kappa", cohen_kappa_score)):
            of, against = (mean_score(branch, row.model, score) for branch in (row.of, row.against))
            assert getattr(row, metric) == pytest.approx(of - against)
            assert getattr(row, f"{metric}_of") == pytest.approx(of)
            assert getattr(row, f"{metric}_low") <= getattr(row, metric) <= getattr(row, f"{metric}_high")
    path = table[table["group"] == "path"]
    whole = path.groupby("model")["accuracy"].sum()
    for model in whole.index:
        expected = mean_score("preprocessed", model, accuracy_score) - mean_score("raw", model, accuracy_score)
        assert whole[model] == pytest.approx(expected)


def test_scores_of_every_branch_are_scikit_learns() -> None:
    table = scores(Answers(FRAMES, PARCELS), {"raw": "L1C", "sky": "L2A/true-sky"}, BLOCKS, resamples=200)
    assert table["chain"].tolist() == ["L1C", "L2A/true-sky"] * 2
    for row in table.itertuples():
        assert row.accuracy == pytest.approx(mean_score(row.branch, row.model, accuracy_score))
        assert row.kappa == pytest.approx(mean_score(row.branch, row.model, cohen_kappa_score))
        assert row.low < row.accuracy < row.high


def test_a_mask_breaks_even_where_its_curve_meets_raw() -> None:
    points = [("omission", 0.0, "sky"), ("omission", 0.25, "omission-25"), ("omission", 0.5, "omission-50")]
    lines, even = curves(Answers(FRAMES, PARCELS), points, ["raw"], BLOCKS, resamples=300)
    for model in ("forest", "tempcnn"):
        own = lines[lines["model"] == model].set_index("rate")
        gains = {
            rate: mean_score(branch, model, accuracy_score) - mean_score("raw", model, accuracy_score)
            for _, rate, branch in points
        }
        for rate, gain in gains.items():
            assert own.loc[rate, "over_raw"] == pytest.approx(gain)
            assert own.loc[rate, "over_raw_low"] < gain < own.loc[rate, "over_raw_high"]
        row = even[(even["model"] == model) & (even["against"] == "raw")].iloc[0]
        expected = np.interp(0, [gains[0.5], gains[0.25]], [0.5, 0.25])
        assert row["rate"] == pytest.approx(expected)
        assert 0.25 < row["low"] <= row["rate"] <= row["high"] < 0.5
        assert row["highest"] == 0.5


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([0.2, 0.1, -0.1], 0.2),
        ([0.2, 0.1, 0.05], np.inf),
        ([0.0, 0.1, 0.1], 0.0),
        ([-0.1, 0.1, 0.1], 0.0),
        ([0.2, 0.0, 0.1], 0.1),
    ],
)
def test_the_first_rate_without_gain_is_the_break_even(gains: list[float], expected: float) -> None:
    assert break_even(np.array([0.0, 0.1, 0.3]), np.array(gains)) == pytest.approx(expected)


def observed(flags: np.ndarray, parcels: list[str]) -> xr.Dataset:
    times = pd.date_range("2022-05-01", periods=flags.shape[1], freq="5D")
    return xr.Dataset({"observed": (("parcel", "time"), flags.astype(np.int8))}, {"parcel": parcels, "time": times})


def test_masks_are_judged_as_by_a_confusion_matrix() -> None:
    rng = np.random.default_rng(2)
    names = [f"P{n}" for n in range(20)]
    seen = rng.random((20, 30)) < 0.9
    clear, kept = (rng.random((20, 30)) < share for share in (0.6, 0.5))
    masks = {
        "mine": observed((seen & kept)[::-1], names[::-1]),  # another order of parcels
        "truth": observed(seen & clear, names),
    }
    table = mask_errors(masks, observed(seen, names), "truth").set_index("mask")
    (right, false_alarm), (missed, hit) = confusion_matrix(~clear[seen], ~kept[seen])
    assert table.loc["mine", "omission"] == pytest.approx(missed / (missed + hit))
    assert table.loc["mine", "commission"] == pytest.approx(false_alarm / (right + false_alarm))
    assert table.loc["mine", "removed"] == pytest.approx((~kept[seen]).mean())
    assert table.loc["truth", ["omission", "commission"]].tolist() == [0.0, 0.0]
    with pytest.raises(InputError, match="the series after other has other parcels"):
        mask_errors(masks | {"other": observed(seen[:3], names[:3])}, observed(seen, names), "truth")


def test_a_run_without_a_seed_is_named() -> None:
    with pytest.raises(InputError, match="predictions of raw x forest: have no seed 7"):
        of_seeds({("raw", "forest"): FRAMES["raw", "forest"]}, [0, 7])
    assert set(of_seeds(FRAMES, [1])["raw", "forest"]["seed"]) == {1}
