"""Cross-prediction: a model for every fold, which answers the parcels of that fold and never saw their labels.

Stone 1974, "Cross-validatory choice and assessment of statistical predictions", Journal of the Royal Statistical
Society B 36:111-147; it is how declared parcels are checked where all of them are labelled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ..config.models import Boosted, Forest, Network, Trees
from ..config.training import Training
from ..log import logger
from ..parcels.folds import folds_of, split_of
from .dataset import Dataset, load
from .prediction import predict
from .training import train


def cross_predict(
    series: str | Path,
    folds: pd.DataFrame,
    model: Network | Trees,
    training: Training,
    checkpoints: str | Path | None = None,
    *,
    threads: int | None = None,
    code: str = "",
) -> Iterator[pd.DataFrame]:
    """Train a model on each fold and predict.

    Parameters
    ----------
    series
        NetCDF of the branch's chain; all folds share it.
    folds
        Of `parcels.folds.deal`.
    model, training
        Their configuration; every seed is trained in each fold.
    checkpoints
        Folder with finished trainings, a folder for each fold below it, which outlives a killed job.
    threads, code
        As in `run.train_and_predict`.

    Yields
    ------
    DataFrame
        Of one fold after the other, as `prediction.table` makes it: the parts validation and test, the latter to be
        taken away.
    """
    count = folds_of(folds)
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(count):
            split = Path(folder) / f"{fold}.parquet"
            split_of(folds, fold).to_parquet(split)
            dataset = load(series, split, training.inputs)
            logger.info(
                "fold %d of %d: %s", fold + 1, count, ", ".join(f"{n} {part}" for part, n in dataset.counts().items())
            )
            kept = None if checkpoints is None else Path(checkpoints) / f"fold-{fold}"
            found = _predicted(dataset, model, training, kept, threads, code)
            yield found[found["part"] != "train"].reset_index(drop=True)


def _predicted(
    dataset: Dataset,
    model: Network | Trees,
    training: Training,
    checkpoints: Path | None,
    threads: int | None,
    code: str,
) -> pd.DataFrame:
    if isinstance(model, Forest | Boosted):
        from .trees import grow  # networks need no scikit-learn, which takes a second to import

        return grow(dataset, model, training, checkpoints, threads=threads, code=code).predictions
    trained = train(dataset, model, training, checkpoints, threads=threads, code=code)
    return predict(trained, dataset, threads=threads, device=training.device)
