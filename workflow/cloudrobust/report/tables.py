"""The study's tables: numbers as CSV, text as Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..learning.convergence import LAST
from ..spreadsheets import harmless
from .numbers import METRIC_NAMES, MISSING, model_name, signed_with_deviation, with_deviation
from .published import published_text
from .table_files import forms, latex, markdown, write_files

MARK = "†"
"""Stands behind scores of networks that have not converged."""


def comparison_text(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of a comparison table as text.

    Parameters
    ----------
    table
        Of `evaluation.compare.comparison_table`.

    Returns
    -------
    DataFrame
        `model`, then preprocessed, raw, `Δ`, every other branch, as `.842 ± .0043`, and published figures. Scores of
        networks that have not converged, and differences of them, carry the mark †.
    """
    raw, preprocessed, branches = (table.attrs[key] for key in ("raw", "preprocessed", "branches"))
    text = pd.DataFrame({"model": [model_name(name) for name in table["model"]]})
    short = {branch: ~_converged(table, branch) for branch in branches}
    for branch in (preprocessed, raw):
        text[branch] = _marked(_cells(table, f"{branch}_mean", f"{branch}_std"), short[branch])
    delta = [signed_with_deviation(*pair) for pair in zip(table["delta"], table["delta_deviation"], strict=True)]
    text["Δ"] = _marked(delta, short[raw] | short[preprocessed])
    for branch in branches:
        if branch not in (raw, preprocessed):
            text[branch] = _marked(_cells(table, f"{branch}_mean", f"{branch}_std"), short[branch])
    return text.assign(**published_text(table))


def class_text(table: pd.DataFrame, raw: str, preprocessed: str) -> pd.DataFrame:
    """The cells of a table of classes as text: class, number of test parcels, F1 of both branches and Δ.

    `table` holds the lines of one model of `evaluation.compare.class_comparison`.
    """
    text = pd.DataFrame({"class": table["class"].tolist(), "parcels": [str(int(n)) for n in table["parcels"]]})
    for branch in (preprocessed, raw):
        text[branch] = _cells(table, f"{branch}_mean", f"{branch}_std")
    text["Δ"] = [signed_with_deviation(*pair) for pair in zip(table["delta"], table["delta_deviation"], strict=True)]
    return text


def parameters_text(table: pd.DataFrame) -> pd.DataFrame:
    """Trainable parameters of each model and branch; `–` for a model that has none."""
    text = pd.DataFrame({"model": [model_name(name) for name in table["model"]]})
    for branch in table.attrs["branches"]:
        text[branch] = [MISSING if pd.isna(n) else f"{int(n):,}" for n in table[f"{branch}_parameters"]]
    return text


def _cells(table: pd.DataFrame, mean: str, spread: str) -> list[str]:
    return [with_deviation(*pair) for pair in zip(table[mean], table[spread], strict=True)]


def _converged(table: pd.DataFrame, branch: str) -> pd.Series[bool]:
    return table[f"{branch}_converged"].astype(bool)


def _marked(cells: list[str], short: pd.Series[bool]) -> list[str]:
    return [f"{cell} {MARK}" if mark and cell != MISSING else cell for cell, mark in zip(cells, short, strict=True)]


def not_converged(table: pd.DataFrame) -> dict[str, list[str]]:
    """By branch, the models of a comparison table that have not converged there; only branches that have such."""
    models = {branch: table.loc[~_converged(table, branch), "model"].tolist() for branch in table.attrs["branches"]}
    return {branch: names for branch, names in models.items() if names}


def footnote(table: pd.DataFrame) -> str:
    """One sentence on the networks of a comparison table that have not converged; empty if all have."""
    named = [
        f"{', '.join(model_name(name) for name in names)} on {branch}" for branch, names in not_converged(table).items()
    ]
    if not named:
        return ""
    return (
        f"{MARK} Not converged: {'; '.join(named)}. The best epoch lies in the last {round(100 * LAST)} % of the "
        "epochs allowed, so longer training may well score higher; neither the bootstrap nor McNemar's test sees this."
    )


def caption(table: pd.DataFrame, parcels: int) -> str:
    """What the numbers of a comparison table are, in one sentence."""
    attrs = table.attrs
    return (
        f"{METRIC_NAMES[attrs['metric']]} on {parcels:,} test parcels, {spread_of(table)}; "
        f"Δ = {attrs['preprocessed']} − {attrs['raw']}, its deviation √(σ₁² + σ₂²)."
        + (f" Published: {attrs['citation']}." if "citation" in attrs else "")
        + (f" {footnote(table)}" if footnote(table) else "")
    )


def spread_of(table: pd.DataFrame) -> str:
    """How many seeds stand behind a comparison table, in words."""
    seeds = sorted({int(n) for branch in table.attrs["branches"] for n in table[f"{branch}_seeds"] if n > 0})
    if seeds == [1]:
        return "of one seed (no deviation is known)"
    return f"mean ± standard deviation over {seeds[0] if len(seeds) == 1 else f'{seeds[0]} to {seeds[-1]}'} seeds"


def write_tables(
    comparisons: Sequence[pd.DataFrame], classes: pd.DataFrame, parcels: int, folder: str | Path
) -> dict[str, Path]:
    """Write every table in three forms: `.csv` (numbers), `.md` and `.tex` (text).

    Parameters
    ----------
    comparisons
        Tables of `evaluation.compare.comparison_table`, one a metric; at least one.
    classes
        Of `evaluation.compare.class_comparison`: F1 of each class and model.
    parcels
        Number of test parcels that were scored.
    folder
        Where the files go: one name a metric, `classes` and `parameters`.

    Returns
    -------
    dict
        Path by file name.
    """
    folder = Path(folder)
    raw, preprocessed = comparisons[0].attrs["raw"], comparisons[0].attrs["preprocessed"]
    files: dict[str, str] = {}
    for table in comparisons:
        files |= forms(table.attrs["metric"], table, comparison_text(table), caption(table, parcels))
    files |= _class_files(classes, comparisons[0], parcels, raw, preprocessed)
    files |= _parameter_files(comparisons[0])
    write_files(files, folder)
    return {name: folder / name for name in files}


def _class_files(
    classes: pd.DataFrame, comparison: pd.DataFrame, parcels: int, raw: str, preprocessed: str
) -> dict[str, str]:
    in_markdown, in_latex = [], []
    for model, lines in classes.groupby("model", sort=False):
        words = (
            f"F1 of each class for {model_name(str(model))} on {parcels:,} test parcels, {spread_of(comparison)}; "
            f"Δ = {preprocessed} − {raw}."
        )
        text = class_text(lines, raw, preprocessed)
        in_markdown.append(f"{words}\n\n{markdown(text)}")
        in_latex.append(latex(text, words, f"tab:classes-{model}"))
    return {
        "classes.csv": harmless(classes).to_csv(index=False),
        "classes.md": "\n".join(in_markdown),
        "classes.tex": "\n".join(in_latex),
    }


def _parameter_files(comparison: pd.DataFrame) -> dict[str, str]:
    columns = [f"{branch}_parameters" for branch in comparison.attrs["branches"]]
    words = "Trainable parameters of each network; they depend on the branch where its bands or dates do."
    return forms("parameters", comparison[["model", *columns]], parameters_text(comparison), words)
