"""One branch x model from its series to the four files that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import atomic
from ..config.models import Boosted, Forest, Network, Trees
from ..config.training import Training
from ..log import logger
from .card import card, save
from .dataset import Dataset, load
from .prediction import predict
from .training import Trained, train

if TYPE_CHECKING:
    from .trees import Grown


def train_and_predict(
    series: str | Path,
    split: str | Path,
    branch: str,
    model_name: str,
    model: Network | Trees,
    training: Training,
    out: str | Path,
    checkpoints: str | Path | None = None,
    threads: int | None = None,
    code: str = "",
    events: str | Path | None = None,
) -> None:
    """Train all seeds, predict every parcel, and write the results.

    Parameters
    ----------
    series, split
        Files as `cloudrobust.learning.dataset.load` reads them.
    branch, model_name
        Names in the configuration; they go into the card.
    model, training
        Their configuration.
    out
        Folder for predictions.parquet, model.pt, card.json and history.csv, each of which
        appears whole or not at all.
    checkpoints
        Folder with finished seeds, which outlives a killed job; None keeps nothing.
    threads
        Cores to use; None is one for networks, and the libraries' own choice for trees.
    code
        Version of the code; work of another one in `checkpoints` is not used.
    events
        Folder for what TensorBoard reads of a network's training; None writes nothing.
    """
    dataset = load(series, split, training.inputs)
    train_and_keep(dataset, branch, model_name, model, training, out, checkpoints, threads, code, events)


def train_and_keep(
    dataset: Dataset,
    branch: str,
    model_name: str,
    model: Network | Trees,
    training: Training,
    out: str | Path,
    checkpoints: str | Path | None = None,
    threads: int | None = None,
    code: str = "",
    events: str | Path | None = None,
) -> None:
    """As `train_and_predict`, with a dataset at hand."""
    logger.info(
        "%s, %s: %s parcels, %d dates%s, %d bands, %d classes",
        branch, model_name, ", ".join(f"{n} {part}" for part, n in dataset.counts().items()), len(dataset.time),
        " (uneven)" if dataset.uneven else "", len(dataset.bands), len(dataset.classes),
    )  # fmt: skip
    folder = None if checkpoints is None else Path(checkpoints)
    result: Trained | Grown
    if isinstance(model, Forest | Boosted):
        from .trees import grow  # networks need no scikit-learn, which takes a second to import

        result = grow(dataset, model, training, folder, threads=threads, code=code)
        predictions = result.predictions
    else:
        curves = None if events is None else Path(events)
        result = train(dataset, model, training, folder, threads=threads, code=code, events=curves)
        predictions = predict(result, dataset, threads=threads, device=training.device)
    out = Path(out)
    with atomic(out / "history.csv") as part:
        result.history.to_csv(part, index=False)
    save(out, card(branch, model_name, dataset, model, training, result, code), result)
    with atomic(out / "predictions.parquet") as part:
        predictions.to_parquet(part, index=False)
