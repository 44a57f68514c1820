"""The section that answers the question."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from ...tables import caption, comparison_text, parameters_text
from ...verdict import verdict_caption, verdict_text
from ..tables import html_table


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
