"""Probabilities that mean what they say: temperature scaling on the validation part.

Guo et al. 2017, "On calibration of modern neural networks", ICML (arXiv:1706.04599): logits are divided by one
temperature, fitted to the validation part, so that which class is first does not change.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

LEAST = 1e-6
"""Probabilities count as at least this: a forest's may be 0, whose logarithm is not finite."""

WIDEST = (-3.0, 3.0)
"""Bounds of the logarithm of the temperature."""


def columns_of(predictions: pd.DataFrame) -> list[str]:
    """The columns `p:<class>`, in the order of the classes."""
    return [str(column) for column in predictions.columns if str(column).startswith("p:")]


def temper(p: npt.NDArray[np.floating], temperature: float) -> npt.NDArray[np.float64]:
    """softmax(log p / temperature), (parcel, class)."""
    scores = np.log(np.maximum(np.asarray(p, float), LEAST)) / temperature
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def fit_temperature(p: npt.NDArray[np.floating], label: npt.NDArray[np.integer]) -> float:
    """The temperature of least negative log likelihood; 1 where there is nothing to fit to."""
    if len(p) < 2:
        return 1.0

    def loss(logarithm: float) -> float:
        tempered = temper(p, float(np.exp(logarithm)))
        return float(-np.log(np.maximum(tempered[np.arange(len(p)), label], 1e-300)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=WIDEST, method="bounded").x))


def temperatures(predictions: pd.DataFrame) -> dict[int, float]:
    """The temperature of each seed, from its validation part."""
    columns = columns_of(predictions)
    number = {column[2:]: n for n, column in enumerate(columns)}
    found = {}
    for seed in sorted(int(seed) for seed in predictions["seed"].unique()):
        rows = predictions[predictions["seed"] == seed]
        rows = rows[(rows["part"] == "validation") & rows["class"].isin(list(number))]
        label = rows["class"].map(number).to_numpy(int)
        found[seed] = fit_temperature(rows[columns].to_numpy(float), label)
    return found


def expected_calibration_error(p: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their size (Guo et al., eq. 3).

    `p` is the probability of the answer (parcel,), `right` whether it is right.
    """
    if not len(p):
        return float("nan")
    place = np.minimum((np.asarray(p) * bins).astype(int), bins - 1)
    error = 0.0
    for number in np.unique(place):
        inside = place == number
        error += inside.sum() * abs(float(right[inside].mean()) - float(p[inside].mean()))
    return float(error / len(p))
