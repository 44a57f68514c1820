"""Predictions of every parcel by every seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from ..errors import InputError
from .batches import Series
from .dataset import Dataset
from .evaluate import probabilities
from .machine import device as choose_device
from .machine import side_by_side
from .training import Trained


def predict(trained: Trained, dataset: Dataset, *, threads: int | None = None, device: str = "auto") -> pd.DataFrame:
    """Predict all parts, test included; without chance (see `evaluate.probabilities`).

    The series are normalised by the moments of `dataset`'s own training part, so it must be the
    one that was trained on.

    Returns
    -------
    pandas.DataFrame
        One row for each parcel and seed, as `table` makes it.
    """
    if (trained.shape["bands"], trained.shape["classes"]) != (len(dataset.bands), len(dataset.classes)):
        raise InputError(
            f"{dataset.chain or 'dataset'}: has {len(dataset.bands)} bands and {len(dataset.classes)} classes, but the "
            f"networks were trained on {trained.shape['bands']} and {trained.shape['classes']}; train anew"
        )
    where = choose_device(device)
    series = Series.of(dataset, where)
    rows = torch.arange(len(dataset.parcel), device=where)

    def answer(network: nn.Module) -> npt.NDArray[np.float32]:
        p = probabilities(network.to(where), series, rows, trained.drawn, trained.once)
        found: npt.NDArray[np.float32] = p.cpu().numpy()
        return found

    networks = [trained.network(seed) for seed in trained.states]
    workers = (threads or 1) if where.type == "cpu" else 1
    found = side_by_side(answer, networks, workers)
    return table(dataset, dict(zip(trained.states, found, strict=True)))


def table(dataset: Dataset, found: dict[int, npt.NDArray[np.float32]]) -> pd.DataFrame:
    """Probabilities (parcel, class) by seed as one table: see `table_of`."""
    names = np.array(dataset.classes, dtype=object)
    return table_of(dataset.classes, dataset.parcel, names[dataset.label], dataset.part, found)


def table_of(
    classes: Sequence[str],
    parcels: npt.NDArray[Any],
    true: npt.NDArray[Any],
    parts: npt.NDArray[Any],
    found: dict[int, npt.NDArray[np.float32]],
) -> pd.DataFrame:
    """Probabilities (parcel, class) by seed as one table.

    Columns: parcel, class (the true one), part, seed, predicted, probability (of the predicted
    class) and `p:<class>` float32 for each class; rows by seed, then as given.
    """
    names = np.array(classes, dtype=object)
    frames = []
    for seed, p in found.items():
        best = p.argmax(axis=1)
        head = pd.DataFrame(
            {
                "parcel": parcels,
                "class": true,
                "part": parts,
                "seed": np.full(len(p), seed, dtype=np.int64),
                "predicted": names[best],
                "probability": p[np.arange(len(p)), best].astype(np.float32),
            }
        )
        columns = [f"p:{name}" for name in classes]
        frames.append(pd.concat([head, pd.DataFrame(p.astype(np.float32, copy=False), columns=columns)], axis=1))
    return pd.concat(frames, ignore_index=True)
