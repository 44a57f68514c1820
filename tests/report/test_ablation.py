"""The ablation's table, its notes and its figure say what the numbers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloudrobust.report.ablation import caption, effects_text, notes, table_files
from cloudrobust.report.figures.ablation import ablation_figure
from cloudrobust.report.page.sections.ablation import ablation_tables


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        ("tempcnn", "mask", "scl", "none", 2, 0.021, 0.004, 0.037),
        ("tempcnn", "level", "L2A", "L1C", 4, -0.003, -0.012, 0.0004),
        ("forest", "mask", "scl", "none", 2, 0.0, -0.01, 0.01),
        ("forest", "level", "L2A", "L1C", 4, np.nan, np.nan, np.nan),
    ]
    names = ["model", "factor", "level", "reference", "pairs", "accuracy", "accuracy_low", "accuracy_high"]
    made = pd.DataFrame(rows, columns=names)
    for end in ("", "_low", "_high"):
        made[f"kappa{end}"] = 1.1 * made[f"accuracy{end}"]
    return made.assign(accuracy_note="", kappa_note="")


def test_a_missing_interval_says_why(table: pd.DataFrame) -> None:
    table.loc[0, ["kappa_low", "kappa_high", "kappa_note"]] = [np.nan, np.nan, "One class alone."]
    assert effects_text(table)["Cohen's kappa"].iloc[0] == "+.023"
    assert "Cohen's kappa, TempCNN: One class alone." in notes(table, "full", [], {}, {"a": 9}, 3)


def test_cells_are_effects_with_their_intervals_and_models_stand_together(table: pd.DataFrame) -> None:
    text = effects_text(table)
    assert text[["factor", "step", "model", "pairs"]].to_numpy().tolist() == [
        ["mask", "scl − none", "TempCNN", "2"],
        ["mask", "scl − none", "Random forest", "2"],
        ["level", "L2A − L1C", "TempCNN", "4"],
        ["level", "L2A − L1C", "Random forest", "4"],
    ]
    assert text["Overall accuracy"].tolist() == [
        "+.021 (+.004 to +.037)", ".000 (−.010 to +.010)", "−.003 (−.012 to .000)", "–",
    ]  # fmt: skip
    assert text["Cohen's kappa"].tolist()[0] == "+.023 (+.004 to +.041)"


def test_what_limits_the_numbers_stands_below_them(table: pd.DataFrame) -> None:
    said = notes(table, "full", ["Left out: L1C × scl. The reason: none."], {"l2a-scl": 3, "l1c-none": 0},
                 {"l2a-scl": 410, "l1c-none": 412}, 2)  # fmt: skip
    words = " ".join(said)
    assert "all pairs of branches that differ in nothing else" in words
    assert "Left out: L1C × scl." in words
    assert "No pair of branches tells the effect of level L2A." in words
    assert "scored in no branch therefore: 3 in l2a-scl." in words
    assert "410 to 412 parcels" in words
    assert "2 seeds say little" in words
    many = " ".join(notes(table, "fraction", [], {}, {"a": 410, "b": 410}, 10))
    assert "least-squares fit" in many
    assert "trained on the same 410 parcels" in many
    assert "say little" not in many
    assert "over the 38 blocks that they lie in and over seeds" in caption(166, 2, 20, 0.95, 38)
    assert "over parcels and over seeds" in caption(166, 2, 20, 0.95, 1)


def test_three_forms_hold_the_same_table(table: pd.DataFrame) -> None:
    csv, markdown, latex = table_files(table, "Effects.", ["Note."])
    assert csv == table.to_csv(index=False)
    assert markdown.startswith("Effects.\n\n| factor")
    assert markdown.endswith("Note.\n")
    assert latex.count(r"\\") == 5
    assert "Note.}" in latex


def test_the_figure_marks_every_effect_and_its_interval(table: pd.DataFrame) -> None:
    figure = ablation_figure(table, 0.9)
    for axes, metric in zip(figure.axes, ("accuracy", "kappa"), strict=True):
        for model in ("tempcnn", "forest"):
            rows = table[table["model"] == model]
            (marks,) = [line for line in axes.lines if line.get_gid() == f"effect-{model}"]
            np.testing.assert_allclose(marks.get_xdata(), rows[metric])
            (spans,) = [one for one in axes.collections if one.get_gid() == f"interval-{model}"]
            ends = [segment[:, 0] for segment in spans.get_segments() if np.isfinite(segment).all() and len(segment)]
            known = rows[np.isfinite(rows[metric])]
            np.testing.assert_allclose(ends, known[[f"{metric}_low", f"{metric}_high"]])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["scl − none", "L2A − L1C"]
    (legend,) = figure.legends
    assert "90 % interval" in legend.get_title().get_text()


def test_the_page_shows_it_where_there_is_one(table: pd.DataFrame, tmp_path: Path) -> None:
    assert ablation_tables([]) == []
    files = []
    for name, content in zip(("csv", "md", "tex"), table_files(table, "Effects.", ["A < B."]), strict=True):
        (tmp_path / f"ablation.{name}").write_text(content)
        files.append(str(tmp_path / f"ablation.{name}"))
    (shown,) = ablation_tables(files)
    assert "+.021 (+.004 to +.037)" in shown
    assert "Effects. A &lt; B." in shown
