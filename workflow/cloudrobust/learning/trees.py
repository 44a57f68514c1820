"""What the references that are not deep share: trees of every seed, kept as they are finished."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
import sklearn
import torch
from sklearn.metrics import cohen_kappa_score

from ..config.models import Forest, Trees
from ..config.training import Training
from ..log import logger
from . import boosting, forest
from .checkpoints import Checkpoints, key
from .convergence import converged
from .dataset import PARTS, Dataset
from .fitted import Fitted
from .prediction import table
from .refinement import refined_loss
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
    converged
        By seed, whether boosting stopped by itself (`convergence.converged`); always true of a forest.
    """

    predictions: pd.DataFrame
    importance: dict[int, torch.Tensor]
    history: pd.DataFrame
    converged: dict[int, bool]


def fit(dataset: Dataset, model: Trees, training: Training, seed: int, threads: int | None) -> Fitted:
    """The trees of a seed; seed and data always give the same ones."""
    if isinstance(model, Forest):
        return forest.fit(dataset, model, training, seed, threads)
    return boosting.fit(dataset, model, training, seed, threads)


def grow(
    dataset: Dataset,
    model: Trees,
    training: Training,
    checkpoints: Path | None = None,
    *,
    threads: int | None = None,
    code: str = "",
) -> Grown:
    """Trees of each seed, grown on the training part, and their answers for every parcel.

    Seeds that an earlier run has finished come from `checkpoints`, if that was by the same `code` and libraries.
    """
    settings = {"class_weights": training.class_weights}
    libraries = (sklearn.__version__, lightgbm.__version__)
    # Trees predict while they are at hand, so their results also depend on the test part.
    what = key(dataset.digest(*PARTS), model.model_dump(mode="json"), settings, code, *libraries)
    validation = dataset.rows("validation")
    found, importance, rows = {}, {}, []
    for seed in training.seeds:
        kept = Checkpoints(checkpoints, seed, what)
        done = kept.finished()
        if done is None:
            start = time.monotonic()
            fitted = fit(dataset, model, training, seed, threads)
            p = fitted.answer(dataset.x)
            loss, refined, kappa = scores(p[validation], dataset.label[validation])
            values = (seed, fitted.rounds, fitted.loss, loss, refined, kappa, time.monotonic() - start)
            done = {
                "probabilities": torch.from_numpy(p),
                "importance": torch.from_numpy(fitted.importance).float(),
                "row": dict(zip(HISTORY, values, strict=True)),
            }
            kept.finish(done)
            logger.info("%s of seed %d: validation kappa %.3f, rounds: %d", model.do, seed, kappa, fitted.rounds)
        found[seed] = done["probabilities"].numpy()
        importance[seed] = done["importance"]
        rows.append(done["row"])
    stopped = {row["seed"]: _stopped(model, row["epoch"]) for row in rows}
    return Grown(table(dataset, found), importance, pd.DataFrame(rows, columns=list(HISTORY)), stopped)


def _stopped(model: Trees, rounds: int) -> bool:
    """Whether more rounds of boosting would not have been kept; `rounds` are those that were."""
    if isinstance(model, Forest):
        return True
    return converged(rounds, min(rounds + model.patience, model.rounds), model.rounds)


def scores(p: npt.NDArray[np.float32], label: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Mean logarithmic loss (probabilities of 0 count as 1e-7), refined loss and Cohen's kappa."""
    log_p = np.log(np.maximum(p, 1e-7))
    loss = float(-log_p[np.arange(len(p)), label].mean())
    refined = refined_loss(torch.from_numpy(log_p), torch.from_numpy(label))
    if p.shape[1] == 1:
        return loss, refined, math.nan
    return loss, refined, float(cohen_kappa_score(label, p.argmax(axis=1), labels=np.arange(p.shape[1])))
