"""Random forest on the flattened series: the reference that is not deep.

Breiman 2001, "Random forests", Machine Learning 45:5-32, by scikit-learn. The features of a parcel
are its reflectances date by date, unnormalised (trees do not care) and with missing values as
they are: scikit-learn sends them to the better side of each split.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sklearn
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import cohen_kappa_score

from ..config.learning import Forest, Training
from ..log import logger
from .checkpoints import Checkpoints, key
from .dataset import PARTS, Dataset
from .prediction import table
from .training import HISTORY


@dataclass(frozen=True)
class Grown:
    """Trees of all seeds, as far as they are kept.

    The trees themselves are not: a forest of 500 grown on 30,000 parcels takes gigabytes, and seed
    and data give them back exactly.

    Attributes
    ----------
    predictions
        As `cloudrobust.learning.prediction.table` makes them.
    importance
        What each date and band contributes (date, band) by seed; they sum to 1. Of forests the mean decrease in
        impurity, of boosted trees the gain.
    history
        One row for each seed, columns as of networks; the training loss of forests is not computed.
    """

    predictions: pd.DataFrame
    importance: dict[int, torch.Tensor]
    history: pd.DataFrame


def grow(
    dataset: Dataset,
    model: Forest,
    training: Training,
    checkpoints: Path | None = None,
    *,
    threads: int | None = None,
    code: str = "",
) -> Grown:
    """Grow one forest for each seed on the training part, and predict every parcel."""
    settings = {"class_weights": training.class_weights}
    # The forests predict here, so their results also depend on the test part.
    what = key(dataset.digest(*PARTS), model.model_dump(mode="json"), settings, code, sklearn.__version__)
    found, importance, rows = {}, {}, []
    for seed in training.seeds:
        kept = Checkpoints(checkpoints, seed, what)
        done = kept.finished()
        if done is None:
            done = _grow(dataset, model, training, seed, threads)
            kept.finish(done)
            logger.info("forest of seed %d: validation kappa %.3f", seed, done["row"]["validation_kappa"])
        found[seed] = done["probabilities"].numpy()
        importance[seed] = done["importance"]
        rows.append(done["row"])
    return Grown(table(dataset, found), importance, pd.DataFrame(rows, columns=list(HISTORY)))


def _grow(dataset: Dataset, model: Forest, training: Training, seed: int, threads: int | None) -> dict[str, Any]:
    start = time.monotonic()
    features = dataset.x.reshape(len(dataset.x), -1)
    rows, validation = dataset.rows("train"), dataset.rows("validation")
    forest = RandomForestClassifier(
        n_estimators=model.trees,
        random_state=seed,
        n_jobs=threads,
        class_weight="balanced" if training.class_weights == "balanced" else None,
    ).fit(features[rows], dataset.label[rows])
    p = np.zeros((len(features), len(dataset.classes)), dtype=np.float32)
    p[:, forest.classes_] = forest.predict_proba(features)
    loss, kappa = scores(p[validation], dataset.label[validation])
    values = (seed, 1, math.nan, loss, kappa, time.monotonic() - start)
    return {
        "probabilities": torch.from_numpy(p),
        "importance": torch.from_numpy(forest.feature_importances_.reshape(dataset.x.shape[1:])).float(),
        "row": dict(zip(HISTORY, values, strict=True)),
    }


def scores(p: npt.NDArray[np.float32], label: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Mean logarithmic loss (probabilities of 0 count as 1e-7) and Cohen's kappa."""
    loss = -np.log(np.maximum(p[np.arange(len(p)), label], 1e-7)).mean()
    if p.shape[1] == 1:
        return float(loss), math.nan
    return float(loss), float(cohen_kappa_score(label, p.argmax(axis=1), labels=np.arange(p.shape[1])))
