"""One answer a parcel from the predictions of all seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .calibration import columns_of, temper, temperatures

COLUMNS = (
    "parcel", "declared", "predicted", "probability", "second", "probability_2", "third", "probability_3", "entropy",
    "disagreement", "part",
)  # fmt: skip
TOP = 3


@dataclass(frozen=True)
class Calibrated:
    """Calibrated probabilities of each parcel, averaged over the seeds.

    Attributes
    ----------
    parcels
        `parcel`, `class`, `part`, one row a parcel.
    classes
        Names of the classes.
    probability
        (parcel, class).
    first
        (parcel, seed) number of the class that each seed puts first; -1 where a seed says nothing.
    """

    parcels: pd.DataFrame
    classes: npt.NDArray[np.object_]
    probability: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]


def calibrated(predictions: pd.DataFrame, temperature: Mapping[int, float]) -> Calibrated:
    """Temper the probabilities of each seed and average them.

    Parameters
    ----------
    predictions
        One row a parcel and seed with `p:<class>`, of `learning.prediction` or `learning.new_parcels`.
    temperature
        By seed, of `calibration.temperatures`.
    """
    names = columns_of(predictions)
    parcels = predictions.drop_duplicates("parcel")[["parcel", "class", "part"]].reset_index(drop=True)
    place = pd.Index(parcels["parcel"])
    total, count = np.zeros((len(parcels), len(names))), np.zeros(len(parcels))
    first = np.full((len(parcels), len(temperature)), -1, dtype=np.int64)
    for number, (seed, t) in enumerate(sorted(temperature.items())):
        rows = predictions[predictions["seed"] == seed]
        if rows.empty:
            continue
        where = place.get_indexer(rows["parcel"])
        p = temper(rows[names].to_numpy(float), t)
        total[where] += p
        count[where] += 1
        first[where, number] = rows[names].to_numpy(float).argmax(axis=1)
    mean = total / np.maximum(count, 1)[:, None]
    return Calibrated(parcels, np.array([name[2:] for name in names], dtype=object), mean, first)


def answers(predictions: pd.DataFrame, temperature: Mapping[int, float]) -> pd.DataFrame:
    """Top three classes of each parcel with calibrated probabilities, averaged over the seeds.

    Parameters
    ----------
    predictions, temperature
        As `calibrated` takes them.

    Returns
    -------
    DataFrame
        `COLUMNS`: `declared` the parcel's own class or None; `entropy` of the mean probabilities, relative to that of
        equal ones (0 certain, 1 no idea); `disagreement` the share of seeds whose first class is another one than
        `predicted`, NaN where only one seed answers; `part` of the split, or "none".
    """
    return answers_of(calibrated(predictions, temperature))


def answers_of(found: Calibrated) -> pd.DataFrame:
    """The same from probabilities that are calibrated already."""
    parcels, classes, mean = found.parcels, found.classes, found.probability
    order = np.argsort(-mean, axis=1, kind="stable")[:, :TOP]
    result = pd.DataFrame({"parcel": parcels["parcel"].astype(str), "declared": parcels["class"]})
    for n, (name, chance) in enumerate(
        (("predicted", "probability"), ("second", "probability_2"), ("third", "probability_3"))
    ):
        if n < order.shape[1]:
            result[name] = classes[order[:, n]]
            result[chance] = mean[np.arange(len(mean)), order[:, n]]
        else:
            result[name], result[chance] = None, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(mean > 0, mean * np.log(mean), 0).sum(axis=1)
    result["entropy"] = entropy / np.log(max(len(classes), 2))
    voted = found.first >= 0
    other = voted & (found.first != order[:, :1])
    seeds = voted.sum(axis=1)
    result["disagreement"] = np.where(seeds > 1, other.sum(axis=1) / np.maximum(seeds, 1), np.nan)
    result["part"] = parcels["part"].astype(str)
    return result[list(COLUMNS)]


def answers_of_test_part(predictions: pd.DataFrame) -> pd.DataFrame:
    """The answers of a run for its test part, with `answered_by`: of the other parts it learnt the labels."""
    tested = answers(predictions[predictions["part"] == "test"], temperatures(predictions))
    seeds = predictions["seed"].nunique()
    return tested.assign(answered_by=f"the study's {seeds} seeds" if seeds > 1 else "the study's one seed")
