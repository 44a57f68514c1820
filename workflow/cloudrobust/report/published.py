"""Published figures beside a study's own: further columns of its comparison tables."""

from __future__ import annotations

import math

import pandas as pd

from ..config.published import Published
from .numbers import MISSING, deviation, score


def beside(table: pd.DataFrame, published: Published | None) -> pd.DataFrame:
    """A comparison table with the published figures of its metric, where there are any.

    Parameters
    ----------
    table
        Of `evaluation.compare.comparison_table`.
    published
        Of the configuration.

    Returns
    -------
    DataFrame
        `table`, and for each branch with a published figure `<branch>_published` and `<branch>_published_std` (NaN
        where none is published); `attrs` gets `published` (the branches), `citation` and `decimals`.
    """
    if published is None:
        return table
    found = {
        (model, branch): figure
        for metric, model, branch, figure in published.figures()
        if metric == table.attrs["metric"]
    }
    branches = [branch for branch in table.attrs["branches"] if any(key[1] == branch for key in found)]
    if not branches:
        return table
    result = table.copy()
    for branch in branches:
        figures = [found.get((model, branch), ()) for model in table["model"]]
        result[f"{branch}_published"] = [figure[0] if figure else math.nan for figure in figures]
        result[f"{branch}_published_std"] = [figure[1] if len(figure) > 1 else math.nan for figure in figures]
    result.attrs = table.attrs | {
        "published": branches,
        "citation": published.citation,
        "decimals": published.decimals,
    }
    return result


def published_text(table: pd.DataFrame) -> dict[str, list[str]]:
    """Column titles and cells of the published figures, as precise as they are published."""
    columns: dict[str, list[str]] = {}
    for branch in table.attrs.get("published", ()):
        pairs = zip(table[f"{branch}_published"], table[f"{branch}_published_std"], strict=True)
        columns[f"{branch}, published"] = [_cell(*pair, table.attrs["decimals"]) for pair in pairs]
    return columns


def _cell(mean: float, spread: float, decimals: int) -> str:
    if math.isnan(mean):
        return MISSING
    if math.isnan(spread):
        return score(mean, decimals)
    return f"{score(mean, decimals)} ± {score(spread, decimals) if decimals < 3 else deviation(spread)}"
