"""The section on clouds: what fewer clear dates, clouds that no mask sees and an earlier end cost."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from ...numbers import model_name, score
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
        whole = lines[(lines["kind"] == "lost") & (lines["x"] == 0)].iloc[0]
        row = {"model": model_name(str(model)), "branch": str(branch), "as it is": _cell(whole)}
        for kind, words in (("lost", f"{share:.0%} lost"), ("clouded", f"{share:.0%} clouded")):
            found = lines[(lines["kind"] == kind) & ((lines["x"] - share).abs() < 1e-9)]
            row[words] = _cell(found.iloc[0]) if len(found) else "–"
        row["enough until"] = _enough(lines[lines["kind"] == "end"], float(whole["accuracy"]))
        rows.append(row)
    words = (
        "Accuracy (95 % interval over test parcels and seeds) of the trained models, none trained again: on the series "
        "as they are; with clear dates lost at random; with clouds over them that no mask sees; and the first end of "
        "season after which the accuracy stays within .02 of that of the whole season"
    )
    return [html_table(pd.DataFrame(rows), words, left=["model", "branch", "enough until"])]


def _cell(row: pd.Series) -> str:
    return f"{score(row['accuracy'])} ({score(row['low'], 2)} to {score(row['high'], 2)})"


def _enough(ends: pd.DataFrame, whole: float, within: float = 0.02) -> str:
    ends = ends.sort_values("x")
    good = (ends["accuracy"] >= whole - within).to_numpy()
    if not len(good) or not good[-1]:
        return "–"
    first = len(good) - int(good[::-1].argmin()) if not good.all() else 0
    return f"{pd.Timestamp(int(ends['x'].iloc[first])):%-d %B}"
