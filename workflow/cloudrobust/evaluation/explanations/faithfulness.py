"""Faithfulness: the dates that an explanation calls important are deleted, and the score should fall.

Deletion curves as in Samek et al. 2017 (IEEE TNNLS 28:2660-2673) and Petsiuk et al. 2018 (arXiv:1806.07421). A
deleted date is one that is not observed; networks read any set of dates, so no value has to be made up for it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from .clouds import bootstrap
from .gradients import highest
from .inputs import Inputs

DELETED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of a parcel's dates that are deleted."""

RANDOM = "random"


def faithfulness(
    network: nn.Module,
    inputs: Inputs,
    importance: dict[str, npt.NDArray[np.floating]],
    draws: int = 3,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The probability of the class first predicted, while more and more dates are deleted, the most important first.

    Parameters
    ----------
    importance
        By method, (parcel, date); larger is more important. A parcel with NaN is left out of that method's curve.
    draws
        Random orders, whose mean is the curve that every method has to beat.

    Returns
    -------
    DataFrame
        `method`, `deleted` (share of dates), `probability`, `low`, `high` (bootstrap over parcels), `drop` (random
        minus method at the same share: how much better than chance), `drop_low`, `drop_high` (paired).
    """
    target = highest(network, inputs)
    random = np.random.default_rng(seed)
    orders = {f"{RANDOM} {n}": random.random(inputs.mask.shape) for n in range(draws)}
    curves = {name: _curve(network, inputs, values, target) for name, values in {**importance, **orders}.items()}
    chance = np.mean([curves.pop(name) for name in orders], axis=0)
    rows = []
    for name, curve in {**curves, RANDOM: chance}.items():
        for n, share in enumerate(DELETED):
            low, high = bootstrap(curve[:, n], resamples)
            drop = chance[:, n] - curve[:, n]
            drop_low, drop_high = bootstrap(drop, resamples)
            means = [float(np.mean(v[np.isfinite(v)])) if np.isfinite(v).any() else np.nan for v in (curve[:, n], drop)]
            rows.append((name, share, means[0], low, high, means[1], drop_low, drop_high))
    columns = ["method", "deleted", "probability", "low", "high", "drop", "drop_low", "drop_high"]
    return pd.DataFrame(rows, columns=columns)


def keep(mask: npt.NDArray[np.bool_], importance: npt.NDArray[np.floating], share: float) -> npt.NDArray[np.bool_]:
    """The dates that stay when `share` of each parcel's shown dates is deleted, the most important first.

    The number deleted is rounded; at least one date stays.
    """
    count = mask.sum(axis=1)
    gone = np.minimum(np.round(share * count), np.maximum(count - 1, 0)).astype(int)
    order = np.argsort(np.where(mask, -np.asarray(importance, float), np.inf), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(mask.shape[1]), mask.shape), axis=1)
    return mask & (rank >= gone[:, None])


@torch.no_grad()
def _curve(
    network: nn.Module, inputs: Inputs, importance: npt.NDArray[np.floating], target: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """(parcel, share)."""
    shown = inputs.mask.numpy()
    columns = []
    for share in DELETED:
        mask = torch.from_numpy(keep(shown, importance, share))
        logits = [
            network(b.x, mask[start : start + len(b)], b.day)
            for start, b in zip(range(0, len(inputs), 64), inputs.batches(64), strict=True)
        ]
        p = torch.softmax(torch.cat(logits), dim=1).numpy()
        columns.append(p[np.arange(len(p)), target])
    curve = np.stack(columns, axis=1).astype(float)
    curve[~np.isfinite(np.where(shown, importance, 0)).all(axis=1)] = np.nan
    return curve
