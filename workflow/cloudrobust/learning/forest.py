"""Random forest on the flattened series: the reference that is not deep.

Breiman 2001, "Random forests", Machine Learning 45:5-32, by scikit-learn. The features of a parcel
are its reflectances date by date, unnormalised (trees do not care) and with missing values as
they are: scikit-learn sends them to the better side of each split.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier

from ..config.models import Forest
from ..config.training import Training
from .dataset import Dataset
from .trees import Fitted, Grown, of_all_seeds


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
    features = dataset.x.reshape(len(dataset.x), -1)
    rows = dataset.rows("train")

    def fit(seed: int) -> Fitted:
        forest = RandomForestClassifier(
            n_estimators=model.trees,
            random_state=seed,
            n_jobs=threads,
            class_weight="balanced" if training.class_weights == "balanced" else None,
        ).fit(features[rows], dataset.label[rows])
        p = np.zeros((len(features), len(dataset.classes)), dtype=np.float32)
        p[:, forest.classes_] = forest.predict_proba(features)
        return Fitted(p, forest.feature_importances_.reshape(dataset.x.shape[1:]))

    return of_all_seeds(dataset, model, training, checkpoints, fit, code, sklearn.__version__)
