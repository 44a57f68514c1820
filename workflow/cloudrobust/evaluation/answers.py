"""One answer a parcel from the predictions of all seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .calibration import columns_of, temper

COLUMNS = (
    "parcel", "declared", "predicted", "probability", "second", "probability_2", "third", "probability_3", "entropy",
    "disagreement", "part",
)  # fmt: skip
TOP = 3


def answers(predictions: pd.DataFrame, temperature: Mapping[int, float]) -> pd.DataFrame:
    """Top three classes of each parcel with calibrated probabilities, averaged over the seeds.

    Parameters
    ----------
    predictions
        One row a parcel and seed with `p:<class>`, of `learning.prediction` or `learning.new_parcels`.
    temperature
        By seed, of `calibration.temperatures`.

    Returns
    -------
    DataFrame
        `COLUMNS`: `declared` the parcel's own class or None; `entropy` of the mean probabilities, relative to that of
        equal ones (0 certain, 1 no idea); `disagreement` the share of seeds whose first class is another one than
        `predicted`; `part` of the split, or "none".
    """
    names = columns_of(predictions)
    classes = np.array([name[2:] for name in names], dtype=object)
    parcels = predictions.drop_duplicates("parcel")[["parcel", "class", "part"]].reset_index(drop=True)
    place = pd.Index(parcels["parcel"])
    total, count = np.zeros((len(parcels), len(names))), np.zeros(len(parcels))
    firsts = np.full((len(parcels), len(temperature)), -1)
    for number, (seed, t) in enumerate(sorted(temperature.items())):
        rows = predictions[predictions["seed"] == seed]
        if rows.empty:
            continue
        where = place.get_indexer(rows["parcel"])
        p = temper(rows[names].to_numpy(float), t)
        total[where] += p
        count[where] += 1
        firsts[where, number] = rows[names].to_numpy(float).argmax(axis=1)
    mean = total / np.maximum(count, 1)[:, None]
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
    result["entropy"] = entropy / np.log(max(len(names), 2))
    voted = firsts >= 0
    other = voted & (firsts != order[:, :1])
    result["disagreement"] = other.sum(axis=1) / np.maximum(voted.sum(axis=1), 1)
    result["part"] = parcels["part"].astype(str)
    return result[list(COLUMNS)]
