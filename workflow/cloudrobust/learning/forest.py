"""Random forest on the flattened series: the reference that is not deep.

Breiman 2001, "Random forests", Machine Learning 45:5-32, by scikit-learn. The features of a parcel
are its reflectances date by date, unnormalised (trees do not care) and with missing values as
they are: scikit-learn sends them to the better side of each split.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

from ..config.models import Forest
from ..config.training import Training
from .dataset import Dataset
from .fitted import Fitted


def fit(dataset: Dataset, model: Forest, training: Training, seed: int, threads: int | None) -> Fitted:
    """Grow the forest of a seed on the training part."""
    rows = dataset.rows("train")
    forest = RandomForestClassifier(
        n_estimators=model.trees,
        random_state=seed,
        n_jobs=threads,
        class_weight="balanced" if training.class_weights == "balanced" else None,
    ).fit(dataset.x[rows].reshape(len(rows), -1), dataset.label[rows])

    def answer(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        p = np.zeros((len(x), len(dataset.classes)), dtype=np.float32)
        if len(x):
            p[:, forest.classes_] = forest.predict_proba(x.reshape(len(x), -1))
        return p

    return Fitted(answer, forest.feature_importances_.reshape(dataset.x.shape[1:]))
