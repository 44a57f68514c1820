"""Scores of predictions on the test part, by scikit-learn.

A frame of predictions has one row per parcel x seed with the columns `parcel`, `class` (true), `part`, `seed`
and `predicted`. Every function here looks at the test part only.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from ..errors import InputError

METRICS = ("accuracy", "kappa", "macro_f1", "macro_precision", "balanced_accuracy")
"""The scores of a run, all without unit and 1 at best. Balanced accuracy is the macro recall."""


def scored_rows(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> pd.DataFrame:
    """The rows of the test part, restricted to `parcels` if given.

    Raises
    ------
    InputError
        No row is left, or one of them has no class.
    """
    keep = predictions["part"].astype(str) == "test"
    if parcels is not None:
        keep &= predictions["parcel"].isin(list(parcels))
    rows = predictions.loc[keep]
    if rows.empty:
        raise InputError("predictions: no parcel of the test part is left to score; check the split and the branches")
    for column in ("class", "predicted"):
        if rows[column].isna().any():
            parcel = rows.loc[rows[column].isna(), "parcel"].iloc[0]
            raise InputError(f"predictions: test parcel {parcel!r} has no value in {column!r}; train again")
    return rows.assign(**{"class": rows["class"].astype(str), "predicted": rows["predicted"].astype(str)})


def scores_by_seed(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> pd.DataFrame:
    """Overall scores of each seed.

    Accuracy is the share of parcels that are right. Kappa is Cohen's (Cohen 1960, Educational and Psychological
    Measurement 20:37-46): agreement beyond chance; NaN where everything is one class. Macro F1, macro precision and
    balanced accuracy are the means of F1, precision and recall over the classes that occur in the test part, so that
    they run over the same classes for every branch.

    Returns
    -------
    DataFrame
        Columns `seed`, those of `METRICS`, and `parcels` (how many were scored), sorted by seed.
    """
    lines = []
    for seed, rows in scored_rows(predictions, parcels).groupby("seed", sort=True):
        true, predicted = rows["class"], rows["predicted"]
        precision, recall, f1, _ = precision_recall_fscore_support(
            true, predicted, labels=sorted(set(true)), zero_division=0
        )
        labels = sorted({*true, *predicted})
        lines.append(
            {
                "seed": seed,
                "accuracy": float(accuracy_score(true, predicted)),
                # With one class in all, chance agreement is 1 and kappa 0/0.
                "kappa": float(cohen_kappa_score(true, predicted)) if len(labels) > 1 else np.nan,
                "macro_f1": float(np.mean(f1)),
                "macro_precision": float(np.mean(precision)),
                "balanced_accuracy": float(np.mean(recall)),
                "parcels": rows["parcel"].nunique(),
            }
        )
    return pd.DataFrame(lines)


def class_scores(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> pd.DataFrame:
    """Precision, recall and F1 of each class and seed.

    Returns
    -------
    DataFrame
        Columns `seed`, `class`, `precision`, `recall`, `f1`, `support` (test parcels of that class), for every
        class of the predictions. Where a class is never predicted its precision is 0; where it has no test parcel
        its recall and F1 are NaN.
    """
    rows = scored_rows(predictions, parcels)
    names = classes_of(predictions)
    parts = []
    for seed, of_seed in rows.groupby("seed", sort=True):
        precision, recall, f1, support = precision_recall_fscore_support(
            of_seed["class"], of_seed["predicted"], labels=names, zero_division=0
        )
        absent = np.asarray(support) == 0
        part = {
            "seed": seed,
            "class": names,
            "precision": precision,
            "recall": np.where(absent, np.nan, recall),
            "f1": np.where(absent, np.nan, f1),
            "support": support,
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def confusion(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> xr.DataArray:
    """Confusion matrices, counts of parcels.

    Returns
    -------
    DataArray
        int64, dims (seed, true, predicted); sum over `seed` for the matrix of all seeds.
    """
    rows = scored_rows(predictions, parcels)
    names = classes_of(predictions)
    seeds = sorted(rows["seed"].unique().tolist())
    counts = [
        confusion_matrix(of_seed["class"], of_seed["predicted"], labels=names)
        for _, of_seed in rows.groupby("seed", sort=True)
    ]
    return xr.DataArray(
        np.stack(counts).astype(np.int64),
        dims=("seed", "true", "predicted"),
        coords={"seed": seeds, "true": names, "predicted": names},
        name="confusion",
        attrs={"long_name": "test parcels", "units": "1"},
    )


def classes_of(predictions: pd.DataFrame) -> list[str]:
    """The classes in the model's order (columns `p:<class>`), then any others that occur, sorted."""
    named = [str(column)[2:] for column in predictions.columns if str(column).startswith("p:")]
    occurring = {str(c) for column in ("class", "predicted") for c in predictions[column].dropna().unique()}
    return named + sorted(occurring - set(named))


def majority(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> tuple[str, float]:
    """The most frequent true class of the scored parcels and its share: the accuracy of always answering it."""
    rows = scored_rows(predictions, parcels).drop_duplicates("parcel")
    counts = rows["class"].value_counts()
    name = min(counts.index[counts == counts.max()])
    return str(name), float(counts.max() / counts.sum())
