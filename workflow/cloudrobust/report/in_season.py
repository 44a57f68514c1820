"""The tables of answers in season: accuracy at some ends, and what the stopping rule makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..evaluation.in_season import TRAINED
from .numbers import MISSING, model_name, score

SHOWN = 6
"""Ends in the table, spread evenly, the last among them."""

IN_SEASON = (
    "Accuracy on the test part when series end on a day, of models that were trained for it on series cut at random, "
    "and of those that were trained on whole seasons only."
)
STOPPING = (
    "The stopping rule: each parcel is answered when its calibrated probability first reaches a threshold, which the "
    "validation part chooses; accuracy on the test part against waiting for the last end, and the answers' mean day."
)


def in_season_text(curves: pd.DataFrame) -> pd.DataFrame:
    """The cells of the first table; `curves` is of `accuracy_by_end`, with `branch`, `model` and `trained`."""
    ends = sorted(curves["end"].unique())
    shown = [ends[n] for n in np.unique(np.linspace(0, len(ends) - 1, SHOWN).round().astype(int))]
    rows = []
    for (model, branch, trained), lines in curves.groupby(["model", "branch", "trained"], sort=False):
        at = lines.set_index("end")["accuracy"].sort_index()
        row = {"model": model_name(str(model)), "branch": str(branch), "trained": TRAINED[str(trained)]}
        # Beyond a branch's last end nothing changes.
        known = {end: at[:end] for end in shown}
        rows.append(row | {_day(end): score(float(v.iloc[-1])) if len(v) else MISSING for end, v in known.items()})
    return pd.DataFrame(rows)


def stopping_text(stops: pd.DataFrame) -> pd.DataFrame:
    """The cells of the second table; `stops` is of `stopping`, with `branch` and `model`."""
    rows = []
    for (model, branch), lines in stops.groupby(["model", "branch"], sort=False):
        one = lines[lines["chosen"].astype(bool)].iloc[0]
        rows.append(
            {
                "model": model_name(str(model)),
                "branch": str(branch),
                "threshold": score(float(one["threshold"]), 2),
                "accuracy": score(float(one["accuracy"])),
                "waiting": score(float(one["waiting"])),
                "mean day": _day(pd.Timestamp(int(one["day"])).isoformat()),
                "answered before the last end": f"{100 * one['early']:.0f} %",
            }
        )
    return pd.DataFrame(rows)


def _day(end: str) -> str:
    return f"{pd.Timestamp(end):%-d %b}"
