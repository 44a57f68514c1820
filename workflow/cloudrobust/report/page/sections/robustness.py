"""The section on clouds: what fewer clear dates, clouds that no mask sees and an earlier end cost."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from ...numbers import MISSING, model_name, score
from ...robustness import as_it_is, at, enough_from
from ..tables import html_table

HALF = 0.5


def robustness_tables(curves: pd.DataFrame, share: float = HALF) -> list[Markup]:
    """Accuracy as the series are, with a share of the clear dates lost or clouded, and when the season suffices.

    Parameters
    ----------
    curves
        Of `evaluation.robustness.robustness`, with `branch` and `model`.
    share
        The share that is shown; the nearest that was tried is taken.
    """
    tried = curves.loc[(curves["kind"] == "lost") & (curves["x"] > 0), "x"]
    if tried.empty:
        return []
    share = float(tried.iloc[(tried - share).abs().argmin()])
    rows = []
    for (branch, model), lines in curves.groupby(["branch", "model"], sort=False):
        whole = as_it_is(lines)
        row = {"model": model_name(str(model)), "branch": str(branch), "as it is": _cell(whole)}
        for kind, words in (("lost", f"{share:.0%} lost"), ("clouded", f"{share:.0%} clouded")):
            row[words] = _cell(at(lines, kind, share))
        row["enough from"] = enough_from(lines, float(whole["accuracy"]))
        rows.append(row)
    words = (
        "Accuracy (95 % interval over test parcels and seeds) of the trained models, none trained again: on the series "
        "as they are; with clear dates lost at random; with clouds over them that no mask sees; and the first end of "
        "season from which on the accuracy stays within .02 of that of the whole season"
    )
    return [html_table(pd.DataFrame(rows), words, left=["model", "branch", "enough from"])]


def _cell(row: pd.Series | None) -> str:
    if row is None:
        return MISSING
    return f"{score(row['accuracy'])} ({score(row['low'], 2)} to {score(row['high'], 2)})"
