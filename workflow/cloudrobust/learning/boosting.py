"""Gradient-boosted trees on the flattened series: a second reference that is not deep.

Friedman 2001, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29:1189-1232, by
LightGBM (Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS). The features of a
parcel are those of the forest: its reflectances date by date, unnormalised, and with missing values as they are, which
each split sends to its better side. Boosting stops early by the validation loss, as the networks do. A seed decides
which parcels and features each tree is grown on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_sample_weight

from ..config.models import Boosted
from ..config.training import Training
from .dataset import Dataset
from .fitted import Fitted


def fit(dataset: Dataset, model: Boosted, training: Training, seed: int, threads: int | None) -> Fitted:
    """Boost the trees of a seed on the training part."""
    booster, present, course = classifier(dataset, model, training, seed, threads)

    def answer(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        p = np.zeros((len(x), len(dataset.classes)), dtype=np.float32)
        if len(x):
            p[:, present] = np.asarray(booster.predict(x.reshape(len(x), -1)))[:, : len(present)]
            p /= p.sum(axis=1, keepdims=True)
        return p

    gain = booster.feature_importance("gain").reshape(dataset.x.shape[1:])
    best = booster.best_iteration or booster.num_trees() // max(len(present), 2)
    return Fitted(answer, gain / (gain.sum() or 1.0), best, course["train"][best - 1])


def classifier(
    dataset: Dataset, model: Boosted, training: Training, seed: int, threads: int | None
) -> tuple[lightgbm.Booster, npt.NDArray[np.int64], dict[str, list[float]]]:
    """The boosted trees of a seed, the classes that the training part has, and the loss on both parts by round.

    A class without a parcel in the training part gets no tree; parcels of it do not count for stopping early.
    """
    features = dataset.x.reshape(len(dataset.x), -1)
    rows, validation = dataset.rows("train"), dataset.rows("validation")
    present = np.unique(dataset.label[rows])
    validation = validation[np.isin(dataset.label[validation], present)]
    weights = compute_sample_weight("balanced", dataset.label[rows]) if training.class_weights == "balanced" else None
    place = np.searchsorted(present, dataset.label)
    data = lightgbm.Dataset(features[rows], place[rows], weight=weights, params={"verbosity": -1})
    watched, names, course = [data], ["train"], dict[str, dict[str, list[float]]]()
    callbacks: list[Callable[..., Any]] = [lightgbm.record_evaluation(course)]
    if len(validation):
        watched.append(lightgbm.Dataset(features[validation], place[validation], reference=data))
        names.append("validation")
        callbacks.append(lightgbm.early_stopping(model.patience, verbose=False))
    booster = lightgbm.train(
        _parameters(model, seed, threads, len(present)),
        data,
        num_boost_round=model.rounds,
        valid_sets=watched,
        valid_names=names,
        callbacks=callbacks,
    )
    return booster, present, {name: found["multi_logloss"] for name, found in course.items()}


def _parameters(model: Boosted, seed: int, threads: int | None, classes: int) -> dict[str, Any]:
    """LightGBM's names; with these, equal seeds give equal trees whatever the number of threads."""
    return {
        "objective": "multiclass",
        "num_class": max(classes, 2),
        "num_leaves": model.leaves,
        "min_data_in_leaf": model.minimum,
        "learning_rate": model.learning_rate,
        "bagging_fraction": model.parcels,
        "bagging_freq": 1,
        "feature_fraction": model.features,
        "lambda_l2": model.penalty,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads or 0,
        "verbosity": -1,
    }
