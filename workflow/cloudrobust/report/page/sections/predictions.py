"""The section on predictions: calibration, area, disagreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from ....evaluation.calibration import columns_of, expected_calibration_error, temper, temperatures
from ....evaluation.runs import Run
from ...numbers import model_name, score
from ..tables import html_table

Key = tuple[str, str]
LISTED = 25
"""Rows of a long table that the page shows; the file holds all."""


def takeaway_tables(
    answers: Mapping[Key, pd.DataFrame], areas: Sequence[str], listed: Sequence[str], runs: Mapping[Key, Run]
) -> list[Markup]:
    """Calibration of every run; area and disagreements of the one that is best on the validation part."""
    rows = []
    for key, run in runs.items():
        heat = temperatures(run.predictions)
        before, after = _calibration(run.predictions, heat)
        rows.append(
            {
                "model": f"{model_name(key[1])}, {key[0]}",
                "answers": int(answers[key]["predicted"].notna().sum()),
                "temperature": ", ".join(f"{t:.2f}" for t in heat.values()),
                "calibration error before": score(before),
                "after": score(after),
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


def _calibration(predictions: pd.DataFrame, heat: Mapping[int, float]) -> tuple[float, float]:
    tested, names = predictions[predictions["part"] == "test"], columns_of(predictions)
    errors = []
    for seed, t in heat.items():
        rows = tested[tested["seed"] == seed]
        p, right = rows[names].to_numpy(float), (rows["class"] == rows["predicted"]).to_numpy()
        after = temper(p, t).max(axis=1)
        errors.append((expected_calibration_error(p.max(axis=1), right), expected_calibration_error(after, right)))
    mean = pd.DataFrame(errors).mean()
    return float(mean[0]), float(mean[1])


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
