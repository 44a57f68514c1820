"""The summary: the question, the tables, an answer that says no more than the numbers do."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from .numbers import METRIC_NAMES, score
from .table_files import markdown, plain
from .tables import caption, comparison_text, parameters_text
from .verdict import bars, method_words, verdict_sentences, verdict_text

QUESTION = "Do deep models need preprocessed satellite time series, or are raw ones, clouds and all, enough?"

NEEDS = ("smallest difference seen", "fields needed", "repeats needed")
"""Columns of the table of verdicts that hold numbers."""


@dataclass(frozen=True)
class Facts:
    """Everything that the summary tells.

    Attributes
    ----------
    title
        Of the study.
    verdict
        Of `evaluation.verdict.verdicts`.
    comparisons
        Tables of `evaluation.compare.comparison_table`; the first is of accuracy.
    parcels
        Number of test parcels that were scored.
    majority
        Most frequent class of the test part and its share (`evaluation.metrics.majority`).
    chains
        Each branch as a path, such as `L2A/season/clear/biweekly`.
    totals
        Of `evaluation.ledger.totals`.
    outputs
        Where each output lies: words → path.
    versions
        Of `provenance.versions`.
    config_hash
        Hash of the configuration.
    question
        What the study asks.
    figure
        Path of the forest plot, relative to the summary; none is shown without it.
    confidence, absent
        Of `report.confidence`: how sure the difference is, and which classes a part of the split lacks.
    scenes
        Of `scenes.ledger.by_level`; None where series were brought.
    """

    title: str
    verdict: pd.DataFrame
    comparisons: tuple[pd.DataFrame, ...]
    parcels: int
    majority: tuple[str, float]
    chains: Mapping[str, str]
    totals: pd.DataFrame
    outputs: Mapping[str, str]
    versions: Mapping[str, str]
    config_hash: str
    question: str = field(default=QUESTION)
    confidence: str = ""
    figure: str = ""
    absent: str = ""
    scenes: pd.DataFrame | None = None


def caution(table: pd.DataFrame, parcels: int, majority: tuple[str, float]) -> str:
    """What the deviations leave out, and what no skill at all would score.

    The sampling error of an accuracy p on n parcels is sqrt(p (1 - p) / n), the binomial standard error.
    """
    means = table[[f"{branch}_mean" for branch in table.attrs["branches"]]].to_numpy(float)
    words = [
        f"Always answering {majority[0]!r}, the most frequent class, would reach an accuracy of {score(majority[1])}."
    ]
    words.append("The deviations are over seeds alone, for one split of one set of parcels")
    if table.attrs["metric"] == "accuracy" and not math.isnan(typical := float(pd.Series(means.ravel()).median())):
        error = math.sqrt(typical * (1 - typical) / parcels)
        words[-1] += (
            f"; other {parcels:,} parcels would move an accuracy of {score(typical, 2)} by about ±{score(error)} "
            "(binomial standard error)"
        )
    return f"{' '.join(words)}."


def summary_markdown(facts: Facts) -> str:
    """The whole summary as Markdown."""
    first = facts.comparisons[0]
    parts = [f"# {plain(facts.title)}", f"*{facts.question}*"]
    parts += ["## Answer", *(words for words in verdict_sentences(facts.verdict) if words)]
    if facts.figure:
        parts.append(f"![Difference of each model with its range, and the verdict]({facts.figure})")
    if len(facts.verdict):
        parts.append(_left(verdict_text(facts.verdict), right=("points", *NEEDS)))
        parts += ["## How sure is this?", method_words(facts.verdict)]
    cautions = (facts.confidence, caution(first, facts.parcels, facts.majority), facts.absent)
    parts += [words for words in cautions if words]
    parts.append("## Branches against each other")
    for table in facts.comparisons:
        parts += [caption(table, facts.parcels), markdown(comparison_text(table)).rstrip()]
    parts += ["Trainable parameters:", markdown(parameters_text(first)).rstrip()]
    chains = pd.DataFrame({"branch": list(facts.chains), "chain": [f"`{c}`" for c in facts.chains.values()]})
    parts += ["Branches:", _left(chains)]
    parts += [
        "## What became of every parcel",
        _left(facts.totals.fillna({"reason": ""}).rename(columns={"reason": ""}), right=("parcels",)),
    ]
    if facts.scenes is not None:
        table = facts.scenes.rename(columns=lambda name: name.replace("_", " "))
        parts += ["## What became of every scene", scenes_told(facts.scenes), _left(table, right=table.columns[1:])]
    outputs = pd.DataFrame({"output": list(facts.outputs), "where": [f"`{p}`" for p in facts.outputs.values()]})
    parts += ["## Where everything lies", _left(outputs)]
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    parts += ["## Made with", f"Configuration `{facts.config_hash}`. {versions}."]
    return "\n\n".join(parts) + "\n"


def scenes_told(scenes: pd.DataFrame) -> str:
    """How many scenes were used, and whether any are missing."""
    used = ", ".join(f"{row.scenes:,} of {row.level}" for row in scenes.itertuples())
    missing = int(scenes["missing"].sum())
    gaps = f"{missing:,} could not be had and are recorded gaps" if missing else "none is missing"
    return f"Scenes: {used}; {gaps}."


def _left(frame: pd.DataFrame, right: Collection[str] = ()) -> str:
    """Markdown with every column but `right` aligned left."""
    return markdown(frame, left=[column for column in frame.columns if column not in right]).rstrip()


def summary_text(facts: Facts, width: int = 88) -> str:
    """A short block for the terminal: title, tables, answer, and where to read on."""
    lines = [facts.title, "=" * min(len(facts.title), width), *_wrapped(facts.question, width), ""]
    for words in verdict_sentences(facts.verdict):
        lines += _wrapped(words, width)
    lines += ["", *bars(facts.verdict, width), ""]
    for table in facts.comparisons:
        text = comparison_text(table)
        lines += [METRIC_NAMES[table.attrs["metric"]], *(f"  {line}" for line in _columns(text)), ""]
    lines += _wrapped(facts.confidence, width)
    lines += _wrapped(caution(facts.comparisons[0], facts.parcels, facts.majority), width)
    lines += _wrapped(facts.absent, width)
    counts = facts.totals.groupby("what", sort=False)["parcels"].sum()
    said = ", ".join(
        f"{counts.get(what, 0):,} {what}"
        for what in ("read", "excluded", "set aside", "unlabelled", "usable")
        if what != "set aside" or counts.get(what, 0)
    )
    lines += ["", f"Parcels: {said}; {facts.parcels:,} scored."]
    lines += [scenes_told(facts.scenes)] if facts.scenes is not None else []
    lines += [f"{words}: {path}" for words, path in list(facts.outputs.items())[:3]]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _columns(text: pd.DataFrame) -> list[str]:
    rows = [list(text.columns), *text.to_numpy().tolist()]
    widths = [max(len(str(row[n])) for row in rows) for n in range(len(text.columns))]
    return [
        "  ".join(
            str(cell).ljust(width) if n == 0 else str(cell).rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
