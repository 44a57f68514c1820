"""Datasets, training of all seeds, prediction and what is kept of them.

from cloudrobust import learning
dataset = learning.load("series.nc", "split.parquet")
trained = learning.train(dataset, study.models["lstm"], study.training)
predictions = learning.predict(trained, dataset)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .card import load_model, read_card
    from .dataset import Dataset, load
    from .prediction import predict
    from .run import train_and_predict
    from .training import Trained, train

_HOME = {
    "Dataset": "dataset",
    "load": "dataset",
    "Trained": "training",
    "train": "training",
    "predict": "prediction",
    "load_model": "card",
    "read_card": "card",
    "train_and_predict": "run",
}

__all__ = ["Dataset", "Trained", "load", "load_model", "predict", "read_card", "train", "train_and_predict"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
