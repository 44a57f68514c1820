"""Answers out of fold: which model gives them, and their calibrated probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from .answers import Calibrated, calibrated
from .calibration import columns_of, temperatures


def validation_accuracy(predictions: pd.DataFrame) -> float:
    """Share of right answers on the validation part, over all seeds."""
    rows = predictions[predictions["part"] == "validation"]
    return float((rows["class"] == rows["predicted"]).mean())


def best_model(accuracies: Mapping[tuple[str, str], float]) -> str:
    """The model of the greatest mean accuracy on the validation part over the branches; the first of equal ones.

    One model for all branches, so that what differs between their answers is due to the branch. The test part has no
    say.

    Parameters
    ----------
    accuracies
        Of `validation_accuracy`, by branch and model.
    """
    models = list(dict.fromkeys(model for _, model in accuracies))
    means = {name: np.mean([a for (_, model), a in accuracies.items() if model == name]) for name in models}
    return max(models, key=lambda name: means[name])


def together(folds: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Test predictions of all folds as one table, with `fold` (from 0) and the `temperature` of its validation part.

    Parameters
    ----------
    folds
        Of `learning.cross_prediction.cross_predict`.

    Raises
    ------
    RuntimeError
        A parcel is in the test part of two folds. This is a fault of the program.
    """
    parts = []
    for fold, frame in enumerate(folds):
        heat = temperatures(frame)
        rows = frame[frame["part"] == "test"].copy()
        rows.insert(3, "temperature", rows["seed"].map(heat))
        rows.insert(3, "fold", fold)
        parts.append(rows)
    table = pd.concat(parts, ignore_index=True)
    twice = table.duplicated(["parcel", "seed"])
    if twice.any():
        raise RuntimeError(f"parcel {table.loc[twice, 'parcel'].iloc[0]!r} is in the test part of two folds")
    # A class that a fold lacks altogether has no column there: no probability.
    columns = columns_of(table)
    table[columns] = table[columns].fillna(0.0)
    return table


def calibrated_out_of_fold(table: pd.DataFrame) -> tuple[Calibrated, np.ndarray]:
    """Calibrated probabilities of a table of `together`, and (parcel,) the fold of each."""
    found, numbers = [], []
    for fold, rows in table.groupby("fold", sort=True):
        heat = rows.drop_duplicates("seed")
        found.append(calibrated(rows, dict(zip(heat["seed"].astype(int), heat["temperature"], strict=True))))
        numbers.append(np.full(len(found[-1].parcels), fold))
    whole = Calibrated(
        pd.concat([one.parcels for one in found], ignore_index=True),
        found[0].classes,
        np.concatenate([one.probability for one in found]),
        np.concatenate([one.first for one in found]),
    )
    return whole, np.concatenate(numbers)
