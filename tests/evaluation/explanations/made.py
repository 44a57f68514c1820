"""A small dataset whose class shows on one known date."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from cloudrobust.evaluation.explanations.inputs import Inputs
from cloudrobust.learning.dataset import Dataset

DATES, BANDS, TELLING = 10, 3, 6


def dataset(parcels: int = 24) -> Dataset:
    """Two classes that differ in band 1 on date `TELLING` alone; some dates of some parcels are missing."""
    random = np.random.default_rng(0)
    x = random.normal(0.3, 0.02, (parcels, DATES, BANDS)).astype(np.float32)
    label = np.arange(parcels) % 2
    x[:, TELLING, 1] += np.where(label == 1, 0.5, 0).astype(np.float32)
    x[::5, 2] = np.nan
    return Dataset(
        x=x,
        time=pd.date_range("2022-04-01", periods=DATES, freq="10D").values.astype("datetime64[ns]"),
        bands=("B02", "B04", "B08"),
        label=label.astype(np.int64),
        classes=("maize", "wheat"),
        part=np.array(["train", "test", "test", "validation"])[np.arange(parcels) // 2 % 4],
        parcel=np.array([f"p{n}" for n in range(parcels)]),
        ineligible=pd.DataFrame(columns=["parcel", "class", "part", "reason"]),
    )


class Telling(torch.nn.Module):
    """A network that looks at band 1 of date `TELLING` alone: logits (0, 4 · value); missing counts as 0."""

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None, day: object = None) -> torch.Tensor:  # noqa: ARG002
        value = x[:, TELLING, 1]
        if mask is not None:
            value = value.masked_fill(~mask[:, TELLING], 0.0)
        return torch.stack([torch.zeros_like(value), 4 * value], dim=1)


def whole(made: Dataset, rows: np.ndarray) -> Inputs:
    from cloudrobust.evaluation.explanations.inputs import inputs

    return inputs(made, rows, None, np.zeros(made.observed.shape))
