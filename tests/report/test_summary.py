"""The summary says what the numbers say, and no more."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest

from cloudrobust.evaluation.compare import common_parcels, comparison_table, scores
from cloudrobust.evaluation.ledger import final_ledger, totals
from cloudrobust.evaluation.metrics import majority
from cloudrobust.evaluation.verdict import verdicts
from cloudrobust.parcels.ledger import ledger
from cloudrobust.report.summary import Facts, caution, scenes_told, summary_markdown, summary_text
from cloudrobust.report.verdict import verdict_sentences


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


def test_missing_scenes_are_told():
    scenes = pd.DataFrame({"level": ["L1C", "L2A"], "scenes": [1200, 7], "missing": [2, 0]})
    assert scenes_told(scenes) == "Scenes: 1,200 of L1C, 7 of L2A; 2 could not be had and are recorded gaps."


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
        verdict=verdicts(frames, common.parcels, {}, "raw", "preprocessed", 0.01),
        figure="figures/verdict.png",
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
        *verdict_sentences(facts.verdict),
        "![Difference of each model with its range, and the verdict](figures/verdict.png)",
        "How the verdicts are made",
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
    assert len(text.splitlines()) < 42


def test_the_answer_comes_first_and_without_jargon(facts):
    head, details = verdict_sentences(facts.verdict)
    plain = summary_markdown(facts).split("## How sure is this?")[0]
    assert plain.index(head) < plain.index(details) < plain.index("figures/verdict.png") < plain.index("| model")
    for text in (plain, summary_text(facts).split("Overall accuracy")[0]):
        for jargon in ("bootstrap", "McNemar", "Holm", "Student", "p <", "95 %", "kappa", "deviation"):
            assert jargon not in text


def test_totals_read_back_from_a_file_look_the_same(facts, tmp_path):
    facts.totals.to_csv(tmp_path / "totals.csv", index=False)
    again = replace(facts, totals=pd.read_csv(tmp_path / "totals.csv"))
    assert summary_markdown(again) == summary_markdown(facts)
    assert summary_text(again) == summary_text(facts)
