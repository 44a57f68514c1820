"""Probabilities that mean what they say: temperature scaling on the validation part.

Guo et al. 2017, "On calibration of modern neural networks", ICML (arXiv:1706.04599): logits are divided by one
temperature, fitted to the validation part, so that which class is first does not change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

LEAST = 1e-6
"""Probabilities count as at least this: a forest's may be 0, whose logarithm is not finite."""

BINS = 10
"""Bins of confidence."""

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
    from scipy.optimize import minimize_scalar

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


def expected_calibration_error(p: npt.NDArray[np.floating], label: npt.NDArray[np.integer], bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their size (Guo et al., eq. 3).

    By torchmetrics. `p` (parcel, class) are probabilities, `label` (parcel,) the true class; NaN without parcels and
    with a single class. With few parcels a bin, the error of a perfectly calibrated model is above 0, too.
    """
    if not len(p) or p.shape[1] < 2:
        return float("nan")
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    values = torch.tensor(np.asarray(p, np.float32))
    target = torch.tensor(np.asarray(label, np.int64))
    return float(multiclass_calibration_error(values, target, num_classes=p.shape[1], n_bins=bins, norm="l1"))


def calibration_by_seed(predictions: pd.DataFrame, parcels: Collection[str] | None = None) -> pd.DataFrame:
    """How well probabilities on the test part say how often they are right, before and after temperature scaling.

    Returns
    -------
    DataFrame
        `seed`, `temperature` (from the validation part), `ece` and `ece_scaled` (`expected_calibration_error`),
        `log_loss` and `log_loss_scaled` (mean negative logarithm of the true class's probability, scikit-learn's).
    """
    from sklearn.metrics import log_loss  # most that need a temperature do not need scikit-learn, which takes a second

    lines = []
    for seed, temperature, p, label in _tested(predictions, parcels):
        line: dict[str, float] = {"seed": seed, "temperature": temperature}
        for suffix, values in (("", p / p.sum(axis=1, keepdims=True)), ("_scaled", temper(p, temperature))):
            line[f"ece{suffix}"] = expected_calibration_error(values, label)
            known = np.clip(values, LEAST, 1)
            known /= known.sum(axis=1, keepdims=True)
            line[f"log_loss{suffix}"] = (
                float(log_loss(label, known, labels=np.arange(p.shape[1]))) if p.shape[1] > 1 else float("nan")
            )
        lines.append(line)
    return pd.DataFrame(lines)


def reliability(predictions: pd.DataFrame, parcels: Collection[str] | None = None, bins: int = BINS) -> pd.DataFrame:
    """The reliability diagram (Guo et al., section 2): accuracy against confidence, in bins of equal width.

    The answers of all seeds are pooled. Bins without an answer are left out.

    Returns
    -------
    DataFrame
        `scaled` (whether after temperature scaling), `bin` (from 0), `low`, `high` (its ends), `confidence` (mean
        probability of the answers), `accuracy` (their share that is right), `answers` (how many).
    """
    edges = np.linspace(0, 1, bins + 1)
    pooled: dict[bool, list[tuple[npt.NDArray, npt.NDArray]]] = {False: [], True: []}
    for _, temperature, p, label in _tested(predictions, parcels):
        right = p.argmax(axis=1) == label
        pooled[False].append((p.max(axis=1), right))
        pooled[True].append((temper(p, temperature).max(axis=1), right))
    lines = []
    for scaled, answers in pooled.items():
        confidence, right = (np.concatenate(part) for part in zip(*answers, strict=True))
        place = np.searchsorted(edges[1:-1], confidence)
        for number in np.unique(place):
            inside = place == number
            ends = (float(edges[number]), float(edges[number + 1]))
            means = (float(confidence[inside].mean()), float(right[inside].mean()))
            lines.append((scaled, int(number), *ends, *means, int(inside.sum())))
    return pd.DataFrame(lines, columns=["scaled", "bin", "low", "high", "confidence", "accuracy", "answers"])


def _tested(
    predictions: pd.DataFrame, parcels: Collection[str] | None
) -> Iterator[tuple[int, float, npt.NDArray[np.float64], npt.NDArray[np.int64]]]:
    """Seed, temperature, probabilities and true classes of the test part, seed by seed."""
    columns = columns_of(predictions)
    number = {column[2:]: n for n, column in enumerate(columns)}
    rows = predictions[(predictions["part"].astype(str) == "test") & predictions["class"].isin(list(number))]
    if parcels is not None:
        rows = rows[rows["parcel"].isin(list(parcels))]
    for seed, temperature in temperatures(predictions).items():
        mine = rows[rows["seed"] == seed]
        p = np.asarray(mine[columns].to_numpy(), np.float64)
        yield seed, temperature, p, np.asarray(mine["class"].map(number), np.int64)
