"""The summary says what the numbers say, and no more."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest

from cloudrobust.evaluation.compare import common_parcels, comparison_table, scores
from cloudrobust.evaluation.ledger import final_ledger, totals
from cloudrobust.evaluation.metrics import majority
from cloudrobust.parcels.ledger import ledger
from cloudrobust.report.summary import Facts, answer, caution, scenes_told, summary_markdown, summary_text


def table(*lines: tuple[str, tuple[float, ...], tuple[float, ...]]) -> pd.DataFrame:
    """A comparison of accuracy from (model, raw scores, preprocessed scores)."""
    rows = [
        {"branch": branch, "model": model, "seed": seed, "accuracy": value}
        for model, raw, preprocessed in lines
        for branch, values in (("raw", raw), ("clear", preprocessed))
        for seed, value in enumerate(values)
    ]
    rows.append({"branch": "clear", "model": "only", "seed": 0, "accuracy": 0.1})
    rows.append({"branch": "raw", "model": "other", "seed": 0, "accuracy": 0.1})
    return comparison_table(pd.DataFrame(rows), "accuracy", "raw", "clear")


def test_the_answer_names_who_gains_who_loses_and_who_neither():
    text = answer(
        table(
            ("lstm", (0.70, 0.71), (0.80, 0.81)),
            ("transformer", (0.80, 0.81), (0.70, 0.71)),
            ("tempcnn", (0.70, 0.80), (0.74, 0.78)),
        ),
        1234,
    )
    assert text == (
        "On the 1,234 test parcels that every branch classifies (mean ± standard deviation over 1 to 2 seeds), the "
        "overall accuracy on clear minus that on raw runs from −.100 (Transformer) to +.100 (LSTM). The difference "
        "exceeds its deviation in favour of clear for LSTM; it exceeds its deviation in favour of raw for "
        "Transformer; it does not exceed its deviation for TempCNN."
    )


def test_missing_scenes_are_told():
    scenes = pd.DataFrame({"level": ["L1C", "L2A"], "scenes": [1200, 7], "missing": [2, 0]})
    assert scenes_told(scenes) == "Scenes: 1,200 of L1C, 7 of L2A; 2 could not be had and are recorded gaps."


def test_one_seed_is_not_judged():
    text = answer(table(("lstm", (0.1,), (0.9,)), ("tempcnn", (0.1,), (0.8,))), 9)
    assert "exceed" not in text
    assert text.endswith(
        "One seed gives no deviation, so whether these differences are more than chance cannot be said."
    )


def test_one_model_is_one_sentence_about_it():
    text = answer(table(("lstm", (0.70, 0.72), (0.71, 0.73))), 9)
    assert "the overall accuracy of LSTM on clear minus that on raw is +.010 ± .020." in text
    assert text.endswith("The difference does not exceed its deviation for LSTM.")


def test_without_a_model_on_both_branches_the_question_stays_open():
    assert "stays open" in answer(table(), 9)


def test_the_caution_gives_the_sampling_error_by_hand():
    text = caution(table(("lstm", (0.8, 0.8), (0.8, 0.8))), 100, ("maize", 0.25))
    assert "Always answering 'maize', the most frequent class, would reach an accuracy of .250." in text
    # sqrt(.8 * .2 / 100) = .04
    assert "other 100 parcels would move an accuracy of .80 by about ±.040" in caution(
        table(("lstm", (0.8, 0.8), (0.8, 0.8)), ("tempcnn", (0.8, 0.8), (0.8, 0.8))), 100, ("maize", 0.25)
    )


@pytest.fixture
def facts(frames, parcels, split) -> Facts:
    common = common_parcels(frames)
    lines = scores(frames, common.parcels)
    final = final_ledger(ledger(gpd.GeoDataFrame(parcels), split), frames, common)
    return Facts(
        title="A farm landscape",
        comparisons=tuple(comparison_table(lines, m, "raw", "preprocessed") for m in ("accuracy", "kappa")),
        parcels=len(common.parcels),
        majority=majority(frames["raw", "lstm"], common.parcels),
        chains={"raw": "L1C", "preprocessed": "L2A/season/clear"},
        totals=totals(final),
        outputs={"tables": "results/report/tables", "figures": "results/report/figures"},
        versions={"python": "3.11", "numpy": "2.4"},
        config_hash="0123456789ab",
    )


def test_the_summary_holds_everything(facts):
    text = summary_markdown(facts)
    assert text.startswith("# A farm landscape\n\n*Do deep models need preprocessed")
    for words in (
        answer(facts.comparisons[0], facts.parcels),
        "Overall accuracy on ",
        "Cohen's kappa on ",
        "| `L2A/season/clear` |",
        "| excluded ",
        "smaller than 4 pixels after the buffer",
        "| branch preprocessed | scored ",
        "`results/report/tables`",
        "Configuration `0123456789ab`. python 3.11, numpy 2.4.",
    ):
        assert words in text
    assert text.endswith(".\n")


def test_the_terminal_block_is_short_and_fits(facts):
    text = summary_text(facts, width=80)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Parcels: 36 read, 2 excluded, 1 unlabelled, 33 usable" in text
    assert "tables: results/report/tables" in text
    assert "|" not in text
    assert len(text.splitlines()) < 35


def test_totals_read_back_from_a_file_look_the_same(facts, tmp_path):
    facts.totals.to_csv(tmp_path / "totals.csv", index=False)
    again = replace(facts, totals=pd.read_csv(tmp_path / "totals.csv"))
    assert summary_markdown(again) == summary_markdown(facts)
    assert summary_text(again) == summary_text(facts)
