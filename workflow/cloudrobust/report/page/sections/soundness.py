"""How sure the answer is, how probabilities hold, and how far the parts of the split lie apart."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from ....parcels.distances import distance_table
from ...confidence import VARIANCE, confidence_caption, confidence_text, variance_text
from ...numbers import METRIC_NAMES
from ...other_splits import CLAIMS, claims_text, folds_caption, folds_text
from ...tables import comparison_text
from ..tables import html_table


def confidence_tables(
    intervals: pd.DataFrame, mcnemar: pd.DataFrame, variance: pd.DataFrame, raw: str, preprocessed: str
) -> list[Markup]:
    """The difference with its intervals and tests, and where the variance lies."""
    shown = []
    if len(intervals):
        words = confidence_caption(intervals, "accuracy", raw, preprocessed)
        shown.append(html_table(confidence_text(intervals, mcnemar), words))
    shown.append(html_table(variance_text(variance), VARIANCE, left=["model", "branch"]))
    return shown


def score_tables(tables: Mapping[str, pd.DataFrame], first: tuple[str, ...] = ("accuracy", "kappa")) -> list[Markup]:
    """Every score that is not among the study's own tables."""
    texts = []
    for metric, table in tables.items():
        if metric not in first:
            text = comparison_text(table)
            text.insert(0, "score", METRIC_NAMES[metric])
            texts.append(text)
    if not texts:
        return []
    words = "Further scores, mean ± standard deviation over seeds; calibration error and logarithmic loss are 0 at best"
    return [html_table(pd.concat(texts, ignore_index=True), words, left=["score", "model"])]


def split_tables(classes: pd.DataFrame, distances: pd.DataFrame) -> list[Markup]:
    """Classes by part, and the distance between parts in numbers."""
    shown = [
        html_table(
            classes.rename(columns={"aside": "set aside"}),
            "Parcels of each class in the parts of the split",
            left=["class"],
        )
    ]
    if len(distances):
        numbers = distance_table(distances)
        text = numbers[["part", "to", "parcels"]].copy()
        text.insert(0, "split", numbers["split"].map({"split": "this split", "random": "parcels drawn singly"}))
        for column in ("nearest", "q25", "median", "q75", "farthest"):
            text[f"{column} (m)"] = [f"{value:,.0f}" for value in numbers[column]]
        text["nearer than 10 m"] = [f"{value:.0%}" for value in numbers["touching"]]
        words = "Distance between the outlines of a part's parcels and the nearest parcel of another part"
        shown.append(html_table(text, words, left=["split", "part", "to"]))
    return shown


def other_split_tables(claims: pd.DataFrame | None, folds: pd.DataFrame | None) -> list[Markup]:
    """What a random split would have claimed, and the folds, where they were run."""
    shown = []
    if claims is not None:
        shown.append(html_table(claims_text(claims), CLAIMS, left=["model", "branch"]))
    if folds is not None:
        words = folds_caption(int(folds["folds"].iloc[0]))
        shown.append(html_table(folds_text(folds), words, left=["model", "branch"]))
    return shown
