"""Sentences on prices say what the numbers say, whichever way they point."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.price import QUANTITIES
from cloudrobust.report.figures.price import price_figure, steps_figure
from cloudrobust.report.price import (
    amount,
    best_model,
    data_size,
    dropped,
    latency_sentence,
    notes,
    price_sentence,
    price_text,
    steps_text,
)

CHAINS = {"raw": "L1C", "made": "L2A/season/clear/even"}
KINDS = {"season": "select", "clear": "mask", "even": "interpolate", "mine": "custom"}


def sums(raw: dict[str, float], made: dict[str, float], model: str = "tempcnn") -> pd.DataFrame:
    empty = dict.fromkeys(QUANTITIES, 0.0) | {"kilowatt_hours": math.nan, "money": math.nan}
    return pd.DataFrame(
        [{"branch": b, "model": model, **empty, **given} for b, given in (("raw", raw), ("made", made))]
    )


def interval(estimate: float, low: float, high: float, model: str = "tempcnn") -> pd.DataFrame:
    row = {"model": model, "metric": "accuracy", "estimate": estimate, "low": low, "high": high}
    narrow = row | {"low": estimate - 1e-3, "high": estimate + 1e-3}
    return pd.DataFrame([narrow | {"unit": "parcels"}, row | {"unit": "blocks"}])


def sentence(totals: pd.DataFrame, sure: pd.DataFrame) -> str:
    return price_sentence(dropped(CHAINS, KINDS, "raw", "made"), totals, sure, "tempcnn", "raw", "made", "EUR")


def test_dropping_steps_that_help() -> None:
    totals = sums({"core_hours": 0.39, "gigabytes": 1.0}, {"core_hours": 1.0, "gigabytes": 4.1})
    assert sentence(totals, interval(0.05, 0.02, 0.08)) == (
        "Dropping atmospheric correction, the selection of dates, masking and interpolation saves 61 % of the "
        "computing (36 min 36 s of a core; 1 h 00 min before) and 3.10 GB of downloads, and costs 5.0 points of "
        "accuracy (95 % interval over blocks: 2.0 to 8.0) with TempCNN."
    )


def test_dropping_steps_that_harm_and_take_more() -> None:
    totals = sums({"core_hours": 1.5, "scene_gigabytes": 2.0}, {"core_hours": 1.0, "scene_gigabytes": 5.0})
    said = sentence(totals, interval(-0.03, -0.05, -0.01))
    assert "saves 3.00 GB of scenes but takes 50 % more computing (30 min 00 s of a core; 1 h 00 min before)" in said
    assert "gains 3.0 points of accuracy (95 % interval over blocks: 1.0 to 5.0)" in said


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (0.01, "costs 1.0 points of accuracy (95 % interval over blocks: −4.0 to 4.0, so it may be nothing)"),
        (-0.01, "gains 1.0 points of accuracy (95 % interval over blocks: −4.0 to 4.0, so it may be nothing)"),
    ],
)
def test_an_interval_that_holds_zero_is_no_difference(estimate: float, words: str) -> None:
    totals = sums({"core_hours": 1.0}, {"core_hours": 2.0})
    assert words in sentence(totals, interval(estimate, -0.04, 0.04))


def test_without_an_interval_over_blocks_that_over_parcels_counts() -> None:
    totals = sums({"core_hours": 1.0}, {"core_hours": 2.0})
    sure = interval(0.05, 0.02, 0.08)
    sure.loc[sure["unit"] == "blocks", ["low", "high"]] = math.nan
    assert "(95 % interval over parcels: 4.9 to 5.1)" in sentence(totals, sure)
    sure[["low", "high"]] = math.nan
    assert "costs 5.0 points of accuracy (there is no interval)" in sentence(totals, sure)


def test_money_is_said_where_it_is_known() -> None:
    totals = sums({"core_hours": 1.0, "money": 0.5}, {"core_hours": 2.0, "money": 3.0})
    assert "(2.50 EUR less in all)" in sentence(totals, interval(0.1, 0.05, 0.2))


def test_other_branches_are_not_called_dropping() -> None:
    chains = {"raw": "L1C/mine", "made": "L2A/season"}
    assert dropped(chains, KINDS, "raw", "made") == "Taking raw instead of made"
    assert dropped({"raw": "L2A", "made": "L2A/mine"}, KINDS, "raw", "made") == "Dropping the step mine"


def test_a_model_of_one_branch_has_no_price_of_dropping() -> None:
    totals = sums({"core_hours": 1.0}, {"core_hours": 2.0}).iloc[:1]
    assert sentence(totals, interval(0.1, 0.0, 0.2)).startswith("No model was trained on both branches")


def test_the_sentence_speaks_of_the_best_model() -> None:
    scores = pd.DataFrame(
        {"branch": ["raw", "made"] * 2, "model": ["a", "a", "b", "b"], "accuracy": [0.6, 0.7, 0.75, 0.5]}
    )
    both = pd.concat([interval(0, 0, 0, "a"), interval(0, 0, 0, "b")])
    assert best_model(scores, both) == "b"
    assert best_model(scores, both[both["model"] == "a"]) == "a"
    assert best_model(scores, both.iloc[:0]) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(1234.5, "1,234"), (0.0123456, "0.0123"), (0, "0"), (1e-5, "< .001"), (math.nan, "–"), (-2.5, "−2.50")],
)
def test_amounts_have_three_digits_and_no_exponent(value: float, words: str) -> None:
    assert amount(value) == words


@pytest.mark.parametrize(
    ("gigabytes", "words"),
    [(12.3456, "12.3 GB"), (0.5, "500 MB"), (0.0000427, "42.7 kB"), (0, "0"), (-0.25, "−250 MB")],
)
def test_sizes_have_a_unit_that_fits(gigabytes: float, words: str) -> None:
    assert data_size(gigabytes) == words


def test_an_unknown_delay_of_the_archive_is_said() -> None:
    both = latency_sentence({"raw": 30.0, "made": 90.0}, {"raw": 3.0, "made": 12.0})
    assert "30 s in raw after the 3 hours that the archive takes and 1 min 30 s in made" in both
    assert "prices.publication_hours" in latency_sentence({"raw": 30.0}, {"raw": None})
    assert latency_sentence({"raw": math.nan}, {"raw": None}) == ""


def table() -> pd.DataFrame:
    parts = [
        ("raw", "scenes", "L1C"),
        ("raw", "training", "tempcnn"),
        ("made", "step", "clear"),
        ("made", "training", "tempcnn"),
    ]
    frame = pd.DataFrame(parts, columns=["branch", "part", "name"])
    frame[["core_hours", "gigabytes", "scene_gigabytes", "processing_units", "only_core_hours"]] = [
        1.0,
        2.0,
        3.0,
        0.0,
        0.5,
    ]
    return frame.assign(kilowatt_hours=np.nan, money=np.nan, without=[0, 2, 0, 0])


def test_columns_without_a_number_are_left_out() -> None:
    text = price_text(table(), sums({"core_hours": 2.0, "gigabytes": 4.0}, {"core_hours": 2.0}), "EUR")
    assert list(text.columns) == [
        "branch", "what", "core time", "downloads", "scenes", "core time for this branch alone",
    ]  # fmt: skip
    assert text["what"].tolist() == [
        "scenes, L1C", "training TempCNN", "all, with TempCNN", "clear", "training TempCNN", "all, with TempCNN",
    ]  # fmt: skip


def test_notes_tell_what_is_missing() -> None:
    said = " ".join(notes(table(), [], True, "EUR"))
    for words in ("simulated", "2 jobs have left no benchmark", "Energy was not measured", "gives no prices"):
        assert words in said
    assert "core hour 0.02" in " ".join(notes(table(), ["core hour 0.02"], False, "EUR"))


def test_figures_show_every_branch_and_step() -> None:
    totals = sums({"core_hours": 1.0}, {"core_hours": 2.0})
    scores = pd.DataFrame({"branch": ["raw", "made"], "model": "tempcnn", "accuracy": [0.6, 0.7]})
    figure = price_figure(totals, scores, interval(0.1, 0.05, 0.2), "raw", "made", "EUR")
    marks = {line.get_gid(): line for line in figure.axes[0].lines}
    assert marks["price-raw-tempcnn"].get_xydata().tolist() == [[1.0, 0.6]]
    assert marks["front"].get_xydata().tolist() == [[1.0, 0.6], [2.0, 0.7]]
    effects = pd.DataFrame(
        {"model": "tempcnn", "factor": ["mask"], "level": ["scl"], "reference": ["none"], "accuracy": [0.1],
         "accuracy_low": [0.0], "accuracy_high": [0.2], "core_hours": [1.0], "gigabytes": 0.0, "scene_gigabytes": 0.0,
         "processing_units": 0.0, "kilowatt_hours": np.nan, "money": np.nan}
    )  # fmt: skip
    assert steps_text(effects, "EUR").iloc[0].tolist() == [
        "mask",
        "scl − none",
        "TempCNN",
        "+.100 (.000 to +.200)",
        "+1 h 00 min",
    ]
    drawn = steps_figure(effects, totals.assign(accuracy=[0.6, 0.7]), "EUR")
    assert drawn.axes[0].lines[0].get_gid() == "step-mask-scl-tempcnn"
