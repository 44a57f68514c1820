"""The table of robustness: accuracy with clear dates lost or under unseen clouds, and how early it is reached."""

from __future__ import annotations

import pandas as pd

from .numbers import MISSING, model_name, score

WITHIN = 0.02
ROBUSTNESS = (
    "Accuracy of the trained models, none trained again, on the series as they are, with shares of the clear dates "
    "lost at random, and with clouds over such shares that no mask sees; and the first end of season from which on the "
    f"accuracy stays within {score(WITHIN, 2)} of that of the whole season."
)


def robustness_text(curves: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table; of the shares that were tried, the first, the middle and the last.

    `curves` is of `evaluation.robustness.robustness`, with `branch` and `model`.
    """
    tried = sorted(curves.loc[(curves["kind"] == "lost") & (curves["x"] > 0), "x"].unique())
    shares = sorted({tried[0], tried[len(tried) // 2], tried[-1]}) if tried else []
    rows = []
    for (model, branch), lines in curves.groupby(["model", "branch"], sort=False):
        whole = float(as_it_is(lines)["accuracy"])
        row = {"model": model_name(str(model)), "branch": str(branch), "as it is": score(whole)}
        for kind in ("lost", "clouded"):
            for share in shares:
                found = at(lines, kind, share)
                row[f"{share:.0%} {kind}"] = MISSING if found is None else score(float(found["accuracy"]))
        row["enough from"] = enough_from(lines, whole)
        rows.append(row)
    return pd.DataFrame(rows)


def missing_bands(curves: pd.DataFrame) -> str:
    """Why bands are missing, a sentence each reason; empty if none is."""
    told = curves["note"].fillna("").astype(str)
    return "".join(f" {int((told == why).sum())} points have no band: {why}" for why in dict.fromkeys(told[told != ""]))


def as_it_is(lines: pd.DataFrame) -> pd.Series:
    """What one branch x model reached on the series as they are."""
    return lines[(lines["kind"] == "lost") & (lines["x"] == 0)].iloc[0]


def at(lines: pd.DataFrame, kind: str, share: float) -> pd.Series | None:
    """What one branch x model reached with a share of its clear dates lost or clouded; None if it was not tried."""
    found = lines[(lines["kind"] == kind) & ((lines["x"] - share).abs() < 1e-9)]
    return found.iloc[0] if len(found) else None


def enough_from(lines: pd.DataFrame, whole: float) -> str:
    """The first end of season from which on the accuracy of one branch x model stays near that of the `whole`."""
    ends = lines[lines["kind"] == "end"].sort_values("x")
    good = (ends["accuracy"] >= whole - WITHIN).to_numpy()
    if not len(good) or not good[-1]:
        return MISSING
    first = len(good) - int(good[::-1].argmin()) if not good.all() else 0
    return f"{pd.Timestamp(int(ends['x'].iloc[first])):%-d %B}"
