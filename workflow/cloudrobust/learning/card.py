"""What is kept of a training: the weights and a card that says what they are."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..atomic import atomic
from ..config.models import Network, Trees
from ..config.training import Training
from ..errors import InputError
from ..models import create
from ..provenance import versions
from .dataset import Dataset
from .training import Trained

if TYPE_CHECKING:
    from .trees import Grown

CARD, WEIGHTS = "card.json", "model.pt"
TREES = ("forest", "boosted")
"""Kinds of models that have no network."""


def card(
    branch: str,
    name: str,
    dataset: Dataset,
    model: Network | Trees,
    training: Training,
    result: Trained | Grown,
    code: str = "",
) -> dict[str, Any]:
    """The card of a branch x model, ready for JSON."""
    mean, deviation = dataset.moments
    content: dict[str, Any] = {
        "branch": branch,
        "model": name,
        "kind": model.do,
        "level": dataset.level,
        "chain": dataset.chain,
        "classes": list(dataset.classes),
        "bands": list(dataset.bands),
        "dropped_bands": list(dataset.dropped_bands),
        "normalisation": {"mean": mean.astype(float).tolist(), "std": deviation.astype(float).tolist()},
        "dates": {
            "time": np.datetime_as_string(dataset.time, unit="s").tolist(),
            "uneven": dataset.uneven,
            "drawn": None,
            "once": False,
        },
        "hyperparameters": model.hyperparameters(),
        "settings": model.model_dump(mode="json"),
        "training": training.model_dump(mode="json"),
        "seeds": list(training.seeds),
        "counts": dataset.counts(),
        "ineligible": dataset.ineligible.to_dict(orient="records"),
        "code": code,
        "versions": versions(),
    }
    if isinstance(result, Trained):
        content["dates"] |= {"drawn": result.drawn, "once": result.once}
        content["shape"] = result.shape
        content["parameters"] = result.parameters
        content["best_epoch"] = {str(seed): epoch for seed, epoch in result.best_epoch.items()}
        content["budget"] = result.budget
    content["converged"] = {str(seed): there for seed, there in result.converged.items()}
    scores = result.history.groupby("seed")["validation_kappa"].last()
    content["last_validation_kappa"] = {str(s): None if math.isnan(k) else float(k) for s, k in scores.items()}
    return content


def save(folder: Path, content: dict[str, Any], result: Trained | Grown) -> None:
    """Write card.json and model.pt: a dict of state_dict by seed; of trees, of the features' importance."""
    weights: dict[int, Any] = result.states if isinstance(result, Trained) else result.importance
    with atomic(folder / WEIGHTS) as part:
        torch.save(weights, part)
    with atomic(folder / CARD) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_card(folder: str | Path) -> dict[str, Any]:
    """The card of a branch x model.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(folder) / CARD
    if not path.is_file():
        raise InputError(f"{path}: there is no such card; train the model first")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def load_model(folder: str | Path, seed: int) -> nn.Module:
    """The trained network of a seed, on the CPU, in evaluation mode.

    It wants series normalised by the card: `dataset.normalise(x, mean, std)`.

    Raises
    ------
    InputError
        If the seed was not trained, or the model is a forest or boosted, whose trees are not kept.
    """
    content = read_card(folder)
    if content["kind"] in TREES:
        what = "a forest" if content["kind"] == "forest" else "a boosted model"
        raise InputError(f"{folder}: the trees of {what} are not kept; grow it again from the card's settings")
    states: dict[int, dict[str, Tensor]] = torch.load(Path(folder) / WEIGHTS, map_location="cpu", weights_only=True)
    if seed not in states:
        raise InputError(f"{folder}: has no seed {seed}; it has {', '.join(map(str, states))}")
    with torch.random.fork_rng(devices=[]):
        network = create(content["kind"], **content["shape"], **content["hyperparameters"])
    network.load_state_dict(states[seed])
    return network.eval()
