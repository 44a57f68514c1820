"""The section on predictions: calibration, area, disagreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from ....evaluation.runs import Run
from ...numbers import model_name, score
from ..tables import html_table

Key = tuple[str, str]
LISTED = 25
"""Rows of a long table that the page shows; the file holds all."""


def takeaway_tables(
    answers: Mapping[Key, pd.DataFrame],
    areas: Sequence[str],
    listed: Sequence[str],
    runs: Mapping[Key, Run],
    scores: pd.DataFrame,
) -> list[Markup]:
    """Calibration of every run; area and disagreements of the one that is best on the validation part.

    `scores` is of `evaluation.compare.scores`.
    """
    rows = []
    for key in runs:
        mine = scores[(scores["branch"] == key[0]) & (scores["model"] == key[1])]
        rows.append(
            {
                "model": f"{model_name(key[1])}, {key[0]}",
                "answers": int(answers[key]["predicted"].notna().sum()),
                "temperature": ", ".join(f"{t:.2f}" for t in mine["temperature"]),
                "calibration error before": score(mine["ece"].mean()),
                "after": score(mine["ece_scaled"].mean()),
                "listed disagreements": len(pd.read_csv(listed[list(runs).index(key)])),
            }
        )
    best = best_run(runs)
    number = list(runs).index(best)
    name = f"{model_name(best[1])} on {best[0]} (the best of the validation part)"
    shown = [
        html_table(
            pd.DataFrame(rows),
            "Expected calibration error on the test part, of single seeds, before and after temperature scaling (one "
            "temperature a seed, from the validation part)",
        )
    ]
    area = pd.read_csv(areas[number])
    if len(area):
        shown.append(
            html_table(_area(area), f"Area by {name}, adjusted for its errors (Olofsson et al. 2014), hectares")
        )
    differs = pd.read_csv(listed[number], dtype={"parcel": str})
    if len(differs):
        count = f"{len(differs)} parcels" if len(differs) <= LISTED else f"the first {LISTED} of {len(differs)} parcels"
        words = (
            f"Declared otherwise than {name} says with confidence: {count}, the largest first. "
            "It says where to look, not who is right"
        )
        shown.append(
            html_table(_differs(differs.head(LISTED)), words, left=["parcel", "declared", "predicted", "part"])
        )
    return shown


def best_run(runs: Mapping[Key, Run]) -> Key:
    """The branch and model of the greatest accuracy on the validation part, over all seeds."""
    return max(runs, key=lambda key: _validation_accuracy(runs[key].predictions))


def _validation_accuracy(predictions: pd.DataFrame) -> float:
    rows = predictions[predictions["part"] == "validation"]
    return float((rows["class"] == rows["predicted"]).mean())


def _area(area: pd.DataFrame) -> pd.DataFrame:
    def hectares(value: float) -> str:
        return "–" if pd.isna(value) else f"{value:,.1f}"

    return pd.DataFrame(
        {
            "class": area["class"],
            "parcels": area["parcels"],
            "mapped": area["mapped"].map(hectares),
            "adjusted": area["adjusted"].map(hectares),
            "95 % interval": [
                f"{hectares(a)} to {hectares(b)}" for a, b in zip(area["low"], area["high"], strict=True)
            ],
            "user's accuracy": area["users_accuracy"].map(lambda v: score(v, 2)),
            "producer's accuracy": area["producers_accuracy"].map(lambda v: score(v, 2)),
        }
    )


def _differs(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": rows["rank"],
            "parcel": rows["parcel"],
            "declared": rows["declared"],
            "predicted": rows["predicted"],
            "probability": rows["probability"].map(lambda v: score(v, 2)),
            "area (ha)": rows["area"].map(lambda v: "–" if pd.isna(v) else f"{v / 1e4:.2f}"),
            "clear dates": rows["clear_dates"],
            "part": rows["part"],
        }
    )
