"""The study's tables as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.compare import class_comparison, common_parcels, comparison_table, scores
from cloudrobust.report.table_files import escape, latex, markdown
from cloudrobust.report.tables import caption, comparison_text, write_tables

LINES = [
    ("raw", "lstm", 0, 0.80), ("raw", "lstm", 1, 0.82), ("preprocessed", "lstm", 0, 0.790),
    ("preprocessed", "lstm", 1, 0.792), ("early_days", "lstm", 0, 0.5), ("early_days", "lstm", 1, 0.5),
    ("raw", "tempcnn", 0, 0.7), ("raw", "tempcnn", 1, 0.7),
]  # fmt: skip


@pytest.fixture
def table() -> pd.DataFrame:
    frame = pd.DataFrame(LINES, columns=["branch", "model", "seed", "accuracy"])
    counts = {("raw", "lstm"): 94524, ("preprocessed", "lstm"): 94300, ("raw", "tempcnn"): None}
    return comparison_table(frame, "accuracy", "raw", "preprocessed", counts)


def test_markdown_is_exactly_this(table):
    assert markdown(comparison_text(table)).splitlines() == [
        "| model   | preprocessed |          raw |            Δ |   early_days |",
        "| ------- | -----------: | -----------: | -----------: | -----------: |",
        "| LSTM    | .791 ± .0014 |  .810 ± .014 | −.019 ± .014 | .500 ± .0000 |",
        "| TempCNN |            – | .700 ± .0000 |            – |            – |",
    ]


def test_networks_that_have_not_converged_are_marked_and_named(table):
    frame = pd.DataFrame(LINES, columns=["branch", "model", "seed", "accuracy"])
    short = {("raw", "lstm"): False, ("early_days", "lstm"): True, ("raw", "tempcnn"): False}
    marked = comparison_table(frame, "accuracy", "raw", "preprocessed", converged=short)
    text = comparison_text(marked).set_index("model")
    assert text.loc["LSTM"].tolist() == [".791 ± .0014", ".810 ± .014 †", "−.019 ± .014 †", ".500 ± .0000"]
    assert text.loc["TempCNN"].tolist() == ["–", ".700 ± .0000 †", "–", "–"]
    words = caption(marked, 10)
    assert "† Not converged: LSTM, TempCNN on raw. The best epoch lies in the last 5 % of the epochs" in words
    assert r"$\dagger$ Not converged" in latex(comparison_text(marked), words, "tab:x")
    assert "†" not in caption(table, 10)


def test_latex_is_exactly_this(table):
    assert latex(comparison_text(table), "Accuracy & more, Δ in %", "tab:accuracy") == "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            r"  \caption{Accuracy \& more, $\Delta$ in \%}",
            r"  \label{tab:accuracy}",
            r"  \begin{tabular}{lrrrr}",
            r"    \toprule",
            r"    model & preprocessed & raw & $\Delta$ & early\_days \\",
            r"    \midrule",
            r"    LSTM & .791 $\pm$ .0014 & .810 $\pm$ .014 & $-$.019 $\pm$ .014 & .500 $\pm$ .0000 \\",
            r"    TempCNN & -- & .700 $\pm$ .0000 & -- & -- \\",
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & 5 % #1", r"a\_b \& 5 \% \#1"),
        (r"{x}\y", r"\{x\}\textbackslash{}y"),
        ("~^$", r"\textasciitilde{}\textasciicircum{}\$"),
        ("√(σ₁² + σ₂²)", r"$\sqrt{\sigma_1^2 + \sigma_2^2}$"),
        ("Gräser", "Gräser"),
    ],
)
def test_latex_special_characters_are_escaped(text, escaped):
    assert escape(text) == escaped


def test_a_class_name_cannot_break_the_markdown():
    assert markdown(pd.DataFrame({"class": ["a|b\nc"], "n": ["1"]})).splitlines()[2] == "| a\\|b c |   1 |"


def test_caption_tells_seeds_and_parcels(table):
    assert caption(table, 1234) == (
        "Overall accuracy on 1,234 test parcels, mean ± standard deviation over 2 seeds; "
        "Δ = preprocessed − raw, its deviation √(σ₁² + σ₂²)."
    )


def test_caption_of_one_seed_promises_no_deviation():
    frame = pd.DataFrame([line for line in LINES if line[2] == 0], columns=["branch", "model", "seed", "accuracy"])
    assert "of one seed (no deviation is known)" in caption(
        comparison_table(frame, "accuracy", "raw", "preprocessed"), 3
    )


def test_all_tables_are_written_in_three_forms(frames, tmp_path):
    common = common_parcels(frames)
    lines = scores(frames, common.parcels)
    tables = [
        comparison_table(lines, m, "raw", "preprocessed", dict.fromkeys(frames, 94524)) for m in ("accuracy", "kappa")
    ]
    classes = class_comparison(frames, common.parcels, "raw", "preprocessed")
    written = write_tables(tables, classes, len(common.parcels), tmp_path)
    names = ["accuracy", "kappa", "classes", "parameters"]
    assert sorted(written) == sorted(f"{name}.{kind}" for name in names for kind in ("csv", "md", "tex"))
    numbers = pd.read_csv(tmp_path / "accuracy.csv")
    by_hand = lines[(lines["branch"] == "raw") & (lines["model"] == "lstm")]["accuracy"]
    row = numbers[numbers["model"] == "lstm"].iloc[0]
    assert row["raw_mean"] == pytest.approx(by_hand.mean())
    assert row["raw_std"] == pytest.approx(np.std(by_hand, ddof=1))
    assert "| LSTM        |       94,524 | 94,524 |" in (tmp_path / "parameters.md").read_text()
    assert (tmp_path / "classes.md").read_text().count("F1 of each class for") == 2
    assert (tmp_path / "classes.tex").read_text().count(r"\toprule") == 2
    assert len(pd.read_csv(tmp_path / "classes.csv")) == 2 * 4
