"""The section on what makes the difference, and for whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...difference import bars_text, rates_text
from ...for_whom import groups_text
from ..tables import html_table


def for_whom_tables(groups: pd.DataFrame, words: str | Path) -> list[Markup]:
    """The difference by groups of parcels, and the questions that the decision tree asks.

    Parameters
    ----------
    groups
        Of `evaluation.for_whom.by_groups`.
    words
        JSON file with the `caption` and the sentences of `advice`.
    """
    said = json.loads(Path(words).read_text())
    return [html_table(groups_text(groups), said["caption"], left=["by", "group"]), sentences(said["advice"])]


def difference_tables(files: Sequence[str]) -> list[Markup]:
    """The bars of the waterfall and the masks' errors; none where the report has no explanation of the difference.

    `files` are those of the rule that reports it, among them `difference.csv`, `mask-errors.csv` and their texts.
    """
    known = {Path(file).name: Path(file) for file in files}
    if "difference.csv" not in known:
        return []
    caption, bars = _caption(known["difference.md"]), pd.read_csv(known["difference.csv"])
    shown = [html_table(bars_text(bars), caption, left=["what changes", "of", "against", "model"])]
    masks = pd.read_csv(known["mask-errors.csv"])
    if len(masks):
        shown += [
            html_table(rates_text(masks), _caption(known["mask-errors.md"])),
            Markup("<p>{}</p>").format(_caption(known["mask-curves.md"])),
        ]
    return shown


def difference_pictures(files: Sequence[str]) -> list[tuple[str, Path]]:
    """Its figures, as `page.pictures.collect` takes them."""
    return [(Path(file).stem, Path(file)) for file in files if file.endswith(".png")]


def sentences(words: Sequence[str]) -> Markup:
    """A list of sentences."""
    return Markup("<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in words) + "</ul>")


def _caption(file: Path) -> str:
    """What stands above a table of Markdown."""
    return file.read_text().partition("\n\n")[0]
