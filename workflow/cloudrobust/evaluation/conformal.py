"""Classes that a parcel may well have: sets that hold its class with a stated probability.

Cross-conformal prediction (Vovk 2015, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence
74:9-28) with the score 1 - probability of the class and a threshold for each class, so that rare classes are held as
often as frequent ones (Sadinle, Lei & Wasserman 2019, "Least ambiguous set-valued classifiers with bounded error
levels", Journal of the American Statistical Association 114:223-234). A parcel's thresholds are quantiles of the scores
of the *other* folds' parcels, so neither the model nor the thresholds saw its label. The guarantee is for parcels that
are exchangeable within their class; neighbours are alike, so the coverage is measured block by block.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answers import Calibrated
from .bootstrap import mean_interval

Floats = npt.NDArray[np.float64]
OR = " or "
LEAST = 1e-9
"""What a probability may fall short of its threshold by rounding."""


def label_scores(found: Calibrated) -> Floats:
    """(parcel,) 1 - probability of the parcel's own class; 1 where the model does not know the class."""
    number = pd.Index(found.classes).get_indexer(pd.Index(found.parcels["class"]))
    own = found.probability[np.arange(len(number)), np.maximum(number, 0)]
    return np.asarray(1 - np.where(number >= 0, own, 0.0))


def threshold(scores: npt.ArrayLike, confidence: float) -> float:
    """The score that a class in a set may have: the ⌈(n + 1)·confidence⌉-th smallest of n; 1 if they are too few."""
    scores = np.sort(np.asarray(scores, float))
    rank = int(np.ceil((len(scores) + 1) * confidence - 1e-9))
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def thresholds(found: Calibrated, confidence: float, rows: npt.ArrayLike | None = None) -> Floats:
    """(class,) the threshold of each class, from its own parcels among `rows` (by default all); 1 if too few.

    With fewer than confidence / (1 - confidence) parcels of a class, 9 for 90 %, they are.
    """
    scores, own = label_scores(found), found.parcels["class"].to_numpy(object)
    taken = np.ones(len(scores), bool) if rows is None else np.asarray(rows)
    return np.array([threshold(scores[taken & (own == name)], confidence) for name in found.classes])


def thresholds_by_fold(found: Calibrated, folds: npt.NDArray[np.integer], confidence: float) -> Floats:
    """(parcel, class) each parcel's thresholds, from the parcels of the other folds."""
    limits = np.ones(found.probability.shape)
    for fold in np.unique(folds):
        limits[folds == fold] = thresholds(found, confidence, folds != fold)
    return limits


def members(probability: Floats, limits: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """(parcel, class) whether the class is in the parcel's set; the most probable one always is.

    Parameters
    ----------
    probability
        (parcel, class).
    limits
        Thresholds, (class,) or (parcel, class).
    """
    inside = (1 - probability) <= np.asarray(limits, float) + LEAST
    if len(inside):
        inside[np.arange(len(probability)), probability.argmax(axis=1)] = True
    return np.asarray(inside)


def likely_words(probability: Floats, classes: npt.NDArray[np.object_], inside: npt.NDArray[np.bool_]) -> list[str]:
    """(parcel,) the names of each set, the most probable first: "winter wheat or winter barley"."""
    order = np.argsort(-probability, axis=1, kind="stable")
    return [OR.join(str(name) for name in classes[row[chosen[row]]]) for row, chosen in zip(order, inside, strict=True)]


def coverage(
    found: Calibrated,
    inside: npt.NDArray[np.bool_],
    blocks: npt.ArrayLike,
    confidence: float,
    resamples: int,
) -> pd.DataFrame:
    """How often the sets hold the declared class: over all parcels, by class and by block.

    Parameters
    ----------
    found, inside
        Of the same parcels.
    blocks
        (parcel,) their blocks; all "" where there are none, which leaves the lines of blocks out.
    confidence
        What was asked for.
    resamples
        Bootstrap draws behind the interval over all parcels, whose units are the blocks.

    Returns
    -------
    DataFrame
        `of` ("all", "class" or "block"), `name`, `parcels`, `asked`, `coverage`, `low`, `high` (95 % interval, of "all"
        alone: a block's few parcels have none), `classes` (mean size of the sets).
    """
    number = pd.Index(found.classes).get_indexer(pd.Index(found.parcels["class"]))
    held = (number >= 0) & inside[np.arange(len(number)), np.maximum(number, 0)]
    groups = np.asarray(blocks, dtype=str)
    by_blocks = len(set(groups)) > 1
    frame = pd.DataFrame(
        {
            "class": found.parcels["class"].astype(str),
            "block": groups,
            "held": held.astype(float),
            "size": inside.sum(1),
        }
    )
    sure = mean_interval(frame["held"].to_numpy(), groups if by_blocks else None, resamples=resamples)
    lines: list[dict[str, object]] = [
        {"of": "all", "name": "all parcels", "parcels": len(frame), "asked": confidence, "coverage": sure.estimate,
         "low": sure.low, "high": sure.high, "classes": frame["size"].mean()}
    ]  # fmt: skip
    for of in ("class", "block") if by_blocks else ("class",):
        for name, rows in frame.groupby(of, sort=True):
            lines.append(
                {"of": of, "name": name, "parcels": len(rows), "asked": confidence, "coverage": rows["held"].mean(),
                 "low": np.nan, "high": np.nan, "classes": rows["size"].mean()}
            )  # fmt: skip
    return pd.DataFrame(lines)
