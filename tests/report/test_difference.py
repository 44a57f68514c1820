"""What explains the difference and for whom it holds, as tables, sentences, figures and the page's section."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.for_whom import COLUMNS, DATES, LABELS, SIZE, Leaf
from cloudrobust.report.difference import (
    bars_caption,
    bars_text,
    break_even_sentences,
    curves_text,
    notes,
    rates_caption,
    rates_text,
)
from cloudrobust.report.figures.for_whom import for_whom_figure, learning_curve_figure
from cloudrobust.report.figures.waterfall import mask_errors_figure, waterfall_figure
from cloudrobust.report.for_whom import advice, groups_text
from cloudrobust.report.page.sections.why import difference_pictures, difference_tables, for_whom_tables
from cloudrobust.report.table_files import forms, write_files

A_MASK = "Random forest: a mask that"
PATH = [("season selected", "selected", "raw", 0.02), ("clouds gone", "masked", "selected", 0.10),
        ("equal dates", "preprocessed", "masked", -0.03)]  # fmt: skip


def bars() -> pd.DataFrame:
    rows = []
    for model, begin in (("forest", 0.5), ("tempcnn", 0.6)):
        level = begin
        for name, of, against, gain in PATH:
            rows.append((model, name, "path", of, against, gain, level))
            level += gain
        rows.append((model, "true sky", "beside", "true-sky", "preprocessed", 0.04, level))
    table = pd.DataFrame(rows, columns=["model", "name", "group", "of", "against", "accuracy", "accuracy_against"])
    table["accuracy_low"], table["accuracy_high"] = table["accuracy"] - 0.02, table["accuracy"] + 0.02
    table["accuracy_of"] = table["accuracy_against"] + table["accuracy"]
    for end in ("", "_low", "_high", "_of", "_against"):
        table[f"kappa{end}"] = table[f"accuracy{end}"]
    return table


def curves() -> pd.DataFrame:
    table = pd.DataFrame(
        [(m, k, r, 0.7 - r * 0.5) for m in ("forest",) for k in ("omission", "commission") for r in (0.0, 0.25, 0.5)],
        columns=["model", "kind", "rate", "accuracy"],
    )
    for name, level in (("raw", 0.55), ("unmasked", 0.5)):
        for end, shift in (("", 0), ("_low", -0.02), ("_high", 0.02)):
            table[f"over_{name}{end}"] = table["accuracy"] - level + shift
    return table.assign(low=table["accuracy"] - 0.05, high=table["accuracy"] + 0.05, branch="x")


MASKS = pd.DataFrame(
    [("clear", 0.12, 0.031, 0.5, 100, 90), ("truth", 0.0, 0.0, 0.53, 100, 90)],
    columns=["mask", "omission", "commission", "removed", "cloudy", "clear"],
)


def test_bars_of_the_path_come_first_and_model_by_model() -> None:
    text = bars_text(bars())
    assert text["what changes"].tolist() == [name for name, *_ in PATH for _ in range(2)] + ["true sky"] * 2
    assert text["model"].tolist() == ["Random forest", "TempCNN"] * 4
    assert text.loc[2, "Overall accuracy"] == "+.100 (+.080 to +.120)"
    assert text.loc[4, "Overall accuracy"] == "−.030 (−.050 to −.010)"


def test_the_figure_goes_from_raw_to_preprocessed_without_a_gap() -> None:
    figure = waterfall_figure(bars())
    axes = figure.axes[0]
    tops = [patch.get_y() + patch.get_height() for patch in axes.patches]
    assert tops[0] == pytest.approx(0.5)
    assert tops[1] == pytest.approx(0.59)  # raw, preprocessed, then the bars
    starts = [patch.get_y() for patch in axes.patches[2:]]
    ends = [patch.get_y() + patch.get_height() for patch in axes.patches[2:]]
    assert starts == pytest.approx([0.5, 0.52, 0.62])
    assert ends == pytest.approx([0.52, 0.62, 0.59])
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["raw", "season selected", "clouds gone", "equal dates", "preprocessed"]
    below = figure.axes[2]
    assert [label.get_text() for label in below.get_yticklabels()] == ["true sky"]
    only = bars()
    assert len(waterfall_figure(only[only["group"] == "path"]).axes) == 2


def test_masks_stand_on_the_curves_where_their_errors_are() -> None:
    figure = mask_errors_figure(curves(), MASKS)
    for axes, column in zip(figure.axes, ("omission", "commission"), strict=True):
        marks = [line.get_xdata()[0] for line in axes.lines if np.ptp(np.asarray(line.get_xdata(), float)) == 0]
        assert marks == [MASKS.loc[0, column]]
    levels = {line.get_ydata()[0] for line in figure.axes[0].lines if line.get_linestyle() in ("--", ":")}
    assert sorted(levels) == pytest.approx([0.5, 0.55])
    assert "no mask" in mask_errors_figure(curves().iloc[:0], MASKS).texts[0].get_text()


@pytest.mark.parametrize(
    ("kind", "rate", "low", "high", "sentence"),
    [
        ("omission", 0.3, 0.2, 0.4, f"{A_MASK} misses more than 30 % of the cloudy dates no longer pays "
         "against raw series (interval 20 % to 40 %)."),
        ("commission", 0.3, 0.2, math.inf, f"{A_MASK} removes more than 30 % of the clear dates no longer "
         "pays against raw series (interval 20 % to beyond 50 %)."),
        ("omission", math.inf, 0.4, math.inf, f"{A_MASK} misses 50 % of the cloudy dates still pays "
         "against raw series (interval 40 % to beyond 50 %)."),
        ("omission", 0.0, 0.0, 0.1, "Random forest: even without errors the mask does not pay against raw series."),
        ("omission", 0.2, 0.0, math.inf, f"{A_MASK} misses more than 20 % of the cloudy dates no longer "
         "pays against raw series (which the test parcels leave open: from 0 % to beyond 50 %)."),
        ("omission", math.inf, math.inf, math.inf, f"{A_MASK} misses 50 % of the cloudy dates still pays "
         "against raw series, and so in nearly all draws of the test parcels."),
    ],
)  # fmt: skip
def test_break_even_in_words(kind: str, rate: float, low: float, high: float, sentence: str) -> None:
    row = {"model": "forest", "kind": kind, "against": "raw", "rate": rate, "low": low, "high": high, "highest": 0.5}
    assert break_even_sentences(pd.DataFrame([row])) == [sentence]


def test_rates_and_curves_in_words() -> None:
    assert rates_text(MASKS).iloc[0].tolist() == ["clear", "12.0 %", "3.1 %", "50.0 %"]
    text = curves_text(curves())
    assert text["error"].tolist() == ["omission"] * 3 + ["commission"] * 3
    assert text.loc[1, "over raw"] == "+.025 (+.005 to +.045)"
    assert text.loc[1, "over no mask"] == "+.075 (+.055 to +.095)"
    assert "disagreements, not errors" in rates_caption("s2cloudless", "the study's own mask")
    words = notes([{"name": "true sky", "says": "What it says."}], ["Left out: x."], {"raw": 2, "masked": 0}, 2)
    assert words[:3] == [
        "True sky: What it says.",
        "Left out: x.",
        "Test parcels without an answer, which are scored in no branch therefore: 2 in raw.",
    ]
    assert "mean over 1 seed," in bars_caption(100, 1, 0.95, 1)


def test_advice_joins_questions_on_one_thing() -> None:
    leaves = [
        Leaf(((DATES, "below", 9.5), (DATES, "below", 7.5)), 41, 0.05, 0.01, 0.09),
        Leaf(((DATES, "below", 9.5), (DATES, "from", 7.5)), 30, -0.04, -0.08, -0.01),
        Leaf(((DATES, "from", 9.5), (SIZE, "from", 1.234)), 1200, 0.01, -0.02, 0.04),
        Leaf(((LABELS, "below", 499.6),), 3, 0.01, math.nan, math.nan),
    ]
    assert advice(leaves, 20) == [
        "Clear dates up to 7.5: preprocess, +.050 (+.010 to +.090) on 41 parcels.",
        "Clear dates above 7.5 and up to 9.5: take raw series, −.040 (−.080 to −.010) on 30 parcels.",
        "Clear dates above 9.5 and parcel size above 1.23 ha: no clear difference, +.010 (−.020 to +.040) on 1,200 "
        "parcels.",
        "Labelled parcels up to 500 (3 parcels, too few or in one block): +.010, without an interval.",
        "3 questions found on half of the blocks; every difference is of the other half. Where an interval holds 0, "
        "either branch will do as far as these parcels tell.",
    ]


def groups() -> pd.DataFrame:
    rows = [
        (kind, group, model, 20, 5, 0.5, 0.6, 0.1, 0.05, 0.15, 0.03, 0.08, 0.03, 0.13, "")
        for kind, names in (("class", ("maize", "wheat <b>")), (SIZE, ("0.2 to 1", "1 to 3")))
        for model in ("all models", "forest")
        for group in names
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_groups_stand_in_panels_by_kind() -> None:
    figure = for_whom_figure(groups())
    assert len(figure.axes) == 2
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["maize (20)", "wheat <b> (20)"]
    assert groups_text(groups())["difference"].tolist() == ["+.100 (+.050 to +.150)"] * 4
    curve = pd.DataFrame(
        {"model": "forest", "share": [0.1, 1.0], "labels": [40, 400], "estimate": [0.1, 0.0], "low": [0.0, -0.1],
         "high": [0.2, 0.1], **{f"{b}{e}": [0.5, 0.7] for b in ("raw", "preprocessed") for e in ("", "_low", "_high")}}
    )  # fmt: skip
    axes = learning_curve_figure(curve).axes
    assert axes[1].lines[1].get_xdata().tolist() == [40, 400]


def test_the_page_shows_what_was_made_and_escapes_it(tmp_path: Path) -> None:
    words = tmp_path / "for_whom.json"
    words.write_text(json.dumps({"caption": "By group.", "advice": ["Fewer than 5 < 7: preprocess."]}))
    tables = for_whom_tables(groups(), words)
    assert "wheat &lt;b&gt;" in tables[0]
    assert tables[1] == "<ul><li>Fewer than 5 &lt; 7: preprocess.</li></ul>"
    assert difference_tables([]) == []
    left = ["what changes", "of", "against", "model"]
    write_files(
        {
            **forms("difference", bars(), bars_text(bars()), "From raw.", left),
            **forms("mask-errors", MASKS, rates_text(MASKS), "Errors."),
            **forms("mask-curves", curves(), curves_text(curves()), "A mask pays."),
        },
        tmp_path,
    )
    files = [str(file) for file in sorted(tmp_path.glob("*"))]
    shown = difference_tables(files)
    assert "<caption>From raw.</caption>" in shown[0]
    assert "clouds gone" in shown[0]
    assert "3.1 %" in shown[1]
    assert shown[2] == "<p>A mask pays.</p>"
    assert difference_pictures([*files, str(tmp_path / "waterfall.png")]) == [("waterfall", tmp_path / "waterfall.png")]
