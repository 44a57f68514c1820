"""Training of all seeds of a network on a dataset."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.metrics import cohen_kappa_score
from torch import Tensor, nn

from ..config.learning import Training
from ..errors import InputError
from ..log import logger
from ..models import create
from .batches import Batch, Series, draw, epoch
from .checkpoints import Checkpoints, key
from .dataset import Dataset
from .evaluate import probabilities
from .machine import device as choose_device
from .machine import machine
from .schedule import Network, optimiser, rate

HISTORY = ("seed", "epoch", "loss", "validation_loss", "validation_kappa", "seconds")
_EVERY = 10.0  # least seconds between two lines of progress


@dataclass(frozen=True)
class Trained:
    """Networks of all seeds, and what is needed to use them.

    Attributes
    ----------
    kind
        Name of the network in `cloudrobust.models`.
    shape
        Keywords bands, classes and dates of `cloudrobust.models.create`.
    hyperparameters
        Its other keywords.
    drawn
        Dates drawn of each series in each epoch; None if all were used.
    states
        Weights by seed, those of the epoch of least validation loss, on the CPU.
    best_epoch
        That epoch by seed, counted from 1.
    history
        One row for each seed and epoch, columns `HISTORY`.
    """

    kind: str
    shape: dict[str, int]
    hyperparameters: dict[str, Any]
    drawn: int | None
    states: dict[int, dict[str, Tensor]]
    best_epoch: dict[int, int]
    history: pd.DataFrame

    def network(self, seed: int) -> nn.Module:
        """The network of a seed, on the CPU, in evaluation mode."""
        with torch.random.fork_rng(devices=[]):
            network = create(self.kind, **self.shape, **self.hyperparameters)
        network.load_state_dict(self.states[seed])
        return network.eval()

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.network(next(iter(self.states))).parameters() if p.requires_grad)


def train(
    dataset: Dataset,
    model: Network,
    training: Training,
    checkpoints: Path | None = None,
    *,
    threads: int | None = None,
    code: str = "",
    every: float = 5.0,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> Trained:
    """Train one network for each seed; the test part is never touched.

    A seed decides its network's first weights, its batches, its draws of dates and its dropout, and
    nothing else does: a seed trained alone gives the same network as among others. Training
    stops when the validation loss has not fallen for `training.patience` epochs, and the
    weights of its least value are returned.

    Parameters
    ----------
    dataset
        Series with parts train and validation.
    model
        Configuration of the network and its optimiser.
    training
        What all networks share.
    checkpoints
        Folder in which finished seeds and the state of the running one are kept, so that a
        killed job continues and ends with the same numbers; None keeps nothing.
    threads
        Threads of torch; None leaves it as it is set.
    code
        Version of the code; results of another one in `checkpoints` are not used.
    every
        Least seconds between two states of the running seed.
    on_epoch
        Called with the row of history after each epoch.

    Raises
    ------
    InputError
        If there is too little to train on, or the loss stops being finite.
    """
    if len(dataset.rows("train")) < 2:
        raise InputError(f"{dataset.chain or 'dataset'}: fewer than two parcels to train on; label more, or split anew")
    device = choose_device(training.device)
    drawn = dataset.drawn(training.dates)
    shape = {"bands": len(dataset.bands), "classes": len(dataset.classes), "dates": drawn or len(dataset.time)}
    settings = training.model_dump(mode="json", exclude={"seeds", "device"})
    what = key(
        dataset.digest("train", "validation"),
        model.model_dump(mode="json"),
        settings,
        device.type,
        code,
        torch.__version__,
    )
    progress = _Progress(model.epochs or training.epochs, len(training.seeds), on_epoch)
    states, best_epoch, rows = {}, {}, []
    with machine(threads):
        series = Series.of(dataset, device)
        for number, seed in enumerate(training.seeds):
            kept = Checkpoints(checkpoints, seed, what, every)
            done = kept.finished()
            if done is None:
                progress.begin(number, seed)
                done = OneSeed(seed, dataset, series, model, training, shape, drawn).run(kept, progress)
                kept.finish(done)
            else:
                logger.info("seed %d was finished before", seed)
            states[seed], best_epoch[seed] = done["weights"], done["best_epoch"]
            rows += done["history"]
    history = pd.DataFrame(rows, columns=list(HISTORY))
    return Trained(model.do, shape, model.hyperparameters(), drawn, states, best_epoch, history)


class _Progress:
    """Lines on how far training is, and the caller's hook."""

    def __init__(self, epochs: int, seeds: int, hook: Callable[[dict[str, Any]], None] | None) -> None:
        self.epochs, self.seeds, self.hook = epochs, seeds, hook
        self.number = self.ran = 0
        self.start = self.said = time.monotonic()

    def begin(self, number: int, seed: int) -> None:
        self.number = number
        logger.info("seed %d (%d of %d) begins", seed, number + 1, self.seeds)

    def step(self, row: dict[str, Any]) -> None:
        self.ran += 1
        now = time.monotonic()
        if now - self.said >= _EVERY:
            self.said = now
            left = (self.seeds - self.number) * self.epochs - row["epoch"]
            logger.info(
                "seed %d, epoch %d of at most %d: loss %.3f, validation kappa %.3f, at most %.0f s left",
                row["seed"], row["epoch"], self.epochs, row["loss"], row["validation_kappa"],
                (now - self.start) / self.ran * left,
            )  # fmt: skip
        if self.hook is not None:
            self.hook(row)


class OneSeed:
    """The training of one seed: its network, optimiser, random generators and history."""

    def __init__(
        self,
        seed: int,
        dataset: Dataset,
        series: Series,
        model: Network,
        training: Training,
        shape: dict[str, int],
        drawn: int | None,
    ) -> None:
        self.seed, self.series, self.model, self.training = seed, series, model, training
        self.shape, self.drawn = shape, drawn
        self.device = series.x.device
        self.batch = model.batch or training.batch
        self.epochs = model.epochs or training.epochs
        self.rows = torch.from_numpy(dataset.rows("train")).to(self.device)
        self.validation = torch.from_numpy(dataset.rows("validation")).to(self.device)
        self.weights = _class_weights(training.class_weights, series.label[self.rows], shape["classes"])
        # Batches and draws have their own generator, so they do not depend on the network.
        self.order = torch.Generator().manual_seed(seed)
        self.steps = self.epoch = self.best_epoch = 0
        self.best_loss = math.inf
        self.history: list[dict[str, Any]] = []

    def begin(self) -> None:
        """A fresh network and optimiser; seeds torch's global generators, which dropout draws from."""
        torch.manual_seed(self.seed)
        self.network = create(self.model.do, **self.shape, **self.model.hyperparameters()).to(self.device)
        self.optimiser = optimiser(self.network, self.model)
        self.best = copy.deepcopy(self.network.state_dict())

    def run(self, kept: Checkpoints, progress: _Progress) -> dict[str, Any]:
        """Train to the end, from the state in `kept` if there is one."""
        with torch.random.fork_rng(devices=[self.device.index or 0] if self.device.type == "cuda" else []):
            self.begin()
            state = kept.state()
            if state is not None:
                self._restore(state)
                logger.info("seed %d continues after epoch %d", self.seed, self.epoch)
            while self.epoch < self.epochs and self.epoch - self.best_epoch < self.training.patience:
                row = self.epoch_and_validation()
                kept.keep_state(self._state())
                progress.step(row)
        best = {name: value.cpu().clone() for name, value in self.best.items()}
        return {"weights": best, "best_epoch": self.best_epoch, "history": self.history}

    def epoch_and_validation(self) -> dict[str, Any]:
        """One more epoch; its row of history."""
        start = time.monotonic()
        self.epoch += 1
        loss = self.train()
        validation_loss, kappa = self._validate()
        if not (math.isfinite(loss) and math.isfinite(validation_loss)):
            raise InputError(
                f"models.{self.model.do}.learning_rate: the loss of seed {self.seed} is not finite in epoch "
                f"{self.epoch}; use a smaller rate than {self.model.learning_rate}"
            )
        if validation_loss < self.best_loss:
            self.best_loss, self.best_epoch = validation_loss, self.epoch
            self.best = copy.deepcopy(self.network.state_dict())
        values = (self.seed, self.epoch, loss, validation_loss, kappa, time.monotonic() - start)
        row = dict(zip(HISTORY, values, strict=True))
        self.history.append(row)
        return row

    def train(self) -> float:
        """One pass over the training part; the mean loss."""
        self.network.train()
        total = torch.zeros((), device=self.device)
        for batch in self._batches():
            self.steps += 1
            for group in self.optimiser.param_groups:
                group["lr"] = rate(self.model, self.steps)
            self.optimiser.zero_grad(set_to_none=True)
            loss = F.cross_entropy(self.network(batch.x, batch.mask, batch.day), batch.label, self.weights)
            loss.backward()
            self.optimiser.step()
            total += loss.detach() * len(batch.label)
        return float(total) / len(self.rows)

    def _batches(self) -> Iterator[Batch]:
        for rows in epoch(self.rows, self.batch, self.order):
            if self.drawn is None:
                yield self.series.whole(rows)
            else:
                yield self.series.at(rows, draw(self.series.observed[rows], self.drawn, self.order))

    def _validate(self) -> tuple[float, float]:
        """Loss (weighted as in training) and Cohen's kappa on the validation part."""
        p = probabilities(self.network, self.series, self.validation, self.drawn)
        label = self.series.label[self.validation]
        loss = F.nll_loss(p.clamp_min(1e-30).log(), label, self.weights)
        if self.shape["classes"] == 1:
            return float(loss), math.nan
        kappa = cohen_kappa_score(
            label.cpu().numpy(), p.argmax(dim=1).cpu().numpy(), labels=np.arange(self.shape["classes"])
        )
        return float(loss), float(kappa)

    def _state(self) -> dict[str, Any]:
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "plain": {name: getattr(self, name) for name in _PLAIN},
        }
        if self.device.type == "cuda":
            state["random_cuda"] = torch.cuda.get_rng_state(self.device)
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best = state["best"]
        self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"], self.device)
        for name in _PLAIN:
            setattr(self, name, state["plain"][name])


_PLAIN = ("steps", "epoch", "best_epoch", "best_loss", "history")


def _class_weights(how: str, label: Tensor, classes: int) -> Tensor | None:
    """Weight of each class in the loss: None (equal), or parcels / (classes · parcels of the class)."""
    if how == "none":
        return None
    counts = torch.bincount(label, minlength=classes)
    present = counts > 0
    weights = len(label) / (present.sum() * counts.clamp(min=1))
    return torch.where(present, weights, 0.0).float()
