"""The section that answers the question."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from ....evaluation.verdict import WHOLE, rows_of
from ...tables import caption, comparison_text, parameters_text
from ...verdict import extent, shown_name, signed_points, verdict_caption, verdict_text, verdict_words, with_unit
from ..tables import html_table


def verdict_rows(table: pd.DataFrame) -> Markup:
    """The forest plot as rows of the page, which a phone and a reader of screens can show: name, range, verdict."""
    found = extent(table)
    if found is None:
        return Markup("")
    low, high = found
    margin = float(table["margin"].iloc[0])

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    band = f"left:{place(-margin)}%;width:{place(margin) - place(-margin):.2f}%"
    rows = []
    for line in rows_of(table):
        marks = f'<i class="margin" style="{band}"></i><i class="zero" style="left:{place(0.0)}%"></i>'
        if not np.isnan(line["low"]):
            ends = f"left:{place(line['low'])}%;width:{place(line['high']) - place(line['low']):.2f}%"
            marks += f'<i class="range" style="{ends}"></i>'
        if not np.isnan(line["estimate"]):
            marks += f'<i class="estimate" style="left:{place(line["estimate"])}%"></i>'
        kind = line["verdict"].replace(" ", "-") + (" whole" if line["model"] == WHOLE else "")
        rows.append(
            f'<li class="{kind}"><b>{escape(shown_name(line["model"]))}</b><span class="track" aria-hidden="true">'
            f"{marks}</span><span>{signed_points(line['estimate'])}</span>"
            f"<em>{escape(verdict_words(line, short=True))}</em></li>"
        )
    head = '<p class="sides" aria-hidden="true"><span>← raw is better</span><span>preprocessed is better →</span></p>'
    words = (
        "How many more of every 100 fields are classified right with preprocessing: a point for each model, with its "
        "likely range. One point is one field in a hundred. The shaded band is less than "
        f"{with_unit(margin)}, too small to matter."
    )
    return Markup(f'<figure class="verdicts">{head}<ul>{"".join(rows)}</ul><figcaption>{words}</figcaption></figure>')


def verdict_tables(verdict: pd.DataFrame, raw: str, preprocessed: str) -> list[Markup]:
    """The verdict on each model, with the numbers that it stands on."""
    if verdict.empty:
        return []
    words = verdict_caption(verdict, raw, preprocessed)
    return [html_table(verdict_text(verdict, tests=True), words, left=["model", "verdict"])]


def answer_tables(tables: Mapping[str, pd.DataFrame], parcels: int) -> list[Markup]:
    """One comparison table a metric, and the number of parameters."""
    first = next(iter(tables.values()))
    shown = [html_table(comparison_text(table), caption(table, parcels)) for table in tables.values()]
    return [*shown, html_table(parameters_text(first), "Trainable parameters")]
