"""Finished runs read from disk: the predictions and the card of each branch x model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError

Key = tuple[str, str]
"""Branch and model."""

COLUMNS = ("parcel", "class", "part", "seed", "predicted")
"""Columns without which predictions cannot be scored."""


@dataclass(frozen=True)
class Run:
    """All seeds of one branch x model.

    Attributes
    ----------
    predictions
        One row per parcel x seed.
    card
        What `card.json` says of the model.
    """

    predictions: pd.DataFrame
    card: dict[str, Any]

    @property
    def parameters(self) -> int | None:
        """Number of trainable parameters; None for a model that has none, such as a forest."""
        count = self.card.get("parameters")
        return None if count is None else int(count)

    @property
    def not_converged(self) -> tuple[int, ...]:
        """Seeds whose training was too short (`learning.convergence.converged`)."""
        return tuple(int(seed) for seed, long_enough in self.card.get("converged", {}).items() if not long_enough)

    @property
    def converged(self) -> bool:
        """Whether the training of every seed was long enough; no verdict is given on a run of which it was not."""
        return not self.not_converged

    @property
    def left_out(self) -> dict[str, str]:
        """Parcels of the split that the branch could not offer to the model, with the reason."""
        return {str(row["parcel"]): str(row["reason"]) for row in self.card.get("ineligible", [])}


def reasons_of(runs: Mapping[Key, Run]) -> dict[str, dict[str, str]]:
    """By branch, why parcels have no prediction there, as `ledger.final_ledger` takes it."""
    reasons: dict[str, dict[str, str]] = {}
    for (branch, _), run in runs.items():
        reasons.setdefault(branch, {}).update(run.left_out)
    return reasons


def read_runs(folders: Mapping[Key, str | Path]) -> dict[Key, Run]:
    """Read `predictions.parquet` and `card.json` of every branch x model.

    Raises
    ------
    InputError
        A file is missing or lacks a column.
    """
    runs = {}
    for key, folder in folders.items():
        predictions, card = Path(folder) / "predictions.parquet", Path(folder) / "card.json"
        for file in (predictions, card):
            if not file.is_file():
                raise InputError(f"{file}: is missing; train branch {key[0]!r} with model {key[1]!r} first")
        frame = pd.read_parquet(predictions)
        check_predictions(frame, str(predictions))
        runs[key] = Run(frame, json.loads(card.read_text()))
    return runs


def check_predictions(frame: pd.DataFrame, origin: str = "predictions") -> None:
    """Raise `InputError` unless `frame` has the columns of predictions and one row per parcel x seed."""
    missing = [column for column in COLUMNS if column not in frame]
    if missing:
        raise InputError(f"{origin}: lacks the column {missing[0]!r}; write it again by training")
    twice = frame.duplicated(["parcel", "seed"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise InputError(f"{origin}: has parcel {row['parcel']!r} twice for seed {row['seed']}; train again")
