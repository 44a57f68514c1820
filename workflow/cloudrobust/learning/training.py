"""Training of all seeds of a network on a dataset."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch
from torch import Tensor, nn

from ..config.training import Training
from ..errors import InputError
from ..log import logger
from ..models import create
from ..models.dropout import Noise
from ..models.stack import Stack
from .averaging import Average, stacked
from .batches import Batch, Series, draw, epoch
from .checkpoints import Checkpoints, key
from .convergence import LAST, converged
from .dataset import Dataset
from .evaluate import ask, kappa
from .events import Events
from .lockstep import Lockstep, together
from .machine import device as choose_device
from .machine import side_by_side
from .refinement import refined_loss
from .schedule import Network

HISTORY = ("seed", "epoch", "loss", "validation_loss", "refined_loss", "validation_kappa", "seconds")
_EVERY = 10.0  # least seconds between two lines of progress
WATCHED = 6
"""Variants of a parcel, spread evenly, that the validation loss is computed on; all would cost more than training."""
_DRAWING = threading.Lock()  # first weights come from torch's one global generator


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
    once
        Whether dates are drawn once for prediction too, instead of asking on all (`training.prediction_dates`).
    states
        Weights by seed, those of the epoch of least validation loss (with `training.keep` last, of the last epoch), on
        the CPU.
    best_epoch
        The epoch of least validation loss (as `training.watch` has it) by seed, counted from 1.
    history
        One row for each seed and epoch, columns `HISTORY`.
    budget
        Most epochs that were allowed.
    """

    kind: str
    shape: dict[str, int]
    hyperparameters: dict[str, Any]
    drawn: int | None
    once: bool
    states: dict[int, dict[str, Tensor]]
    best_epoch: dict[int, int]
    history: pd.DataFrame
    budget: int

    @property
    def converged(self) -> dict[int, bool]:
        """By seed, whether its training was long enough (`convergence.converged`)."""
        ran = self.history.groupby("seed")["epoch"].max()
        return {seed: converged(epoch, int(ran[seed]), self.budget) for seed, epoch in self.best_epoch.items()}

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
    events: Path | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> Trained:
    """Train one network for each seed; the test part is never touched.

    A seed decides its network's first weights, its batches, its draws of dates and its dropout, and
    nothing else does: a seed trained alone gives the same network as among others. Training
    stops when the validation loss has not fallen for `training.patience` epochs, and the
    weights of its least value are returned. They are averages over the steps before, as `training.averaging` says, and
    the validation loss is that of these averages.

    On a GPU all seeds train at the same time, with stacked parameters; on a CPU the seeds of an LSTM do, as far as
    that pays, and others train side by side, each on one core (see `lockstep`).

    Parameters
    ----------
    dataset
        Series with parts train and validation.
    model
        Configuration of the network and its optimiser.
    training
        What all networks share.
    checkpoints
        Folder in which finished seeds and the states of the running ones are kept, so that a
        killed job continues and ends with the same numbers; None keeps nothing.
    threads
        Cores to use, at most one for each seed; None is 1. The result does not depend on it.
    code
        Version of the code; results of another one in `checkpoints` are not used.
    every
        Least seconds between two states of a running seed.
    events
        Folder for what TensorBoard reads, one run for each seed; None writes nothing.
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
    settings = training.model_dump(mode="json", exclude={"seeds", "device"})
    what = key(
        dataset.digest("train", "validation"),
        model.model_dump(mode="json"),
        settings,
        device.type,
        code,
        torch.__version__,
    )
    kept = {seed: Checkpoints(checkpoints, seed, what, every) for seed in training.seeds}
    done = {seed: result for seed in training.seeds if (result := kept[seed].finished()) is not None}
    for seed, result in done.items():
        logger.info("seed %d was finished before", seed)
        Events(events, seed, result["history"]).close()
    missing = [seed for seed in training.seeds if seed not in done]
    common = Common(dataset, Series.of(dataset, device), model, training)
    progress = Progress(missing, on_epoch)
    workers = min(threads or 1, len(missing)) if device.type == "cpu" else 1
    size = together(model.do, len(missing), common.batch, device, max(workers, 1))
    groups = [missing[start : start + size] for start in range(0, len(missing), size)]
    failed = threading.Event()

    def run(seeds: list[int]) -> None:
        try:
            _train_together([OneSeed(seed, common) for seed in seeds], kept, events, progress, done, failed)
        except BaseException:
            failed.set()  # the others stop after their epoch
            raise

    side_by_side(run, groups, workers)
    rows = [row for seed in training.seeds for row in done[seed]["history"]]
    history = pd.DataFrame(rows, columns=list(HISTORY))
    states = {seed: done[seed]["weights"] for seed in training.seeds}
    best_epoch = {seed: done[seed]["best_epoch"] for seed in training.seeds}
    trained = Trained(
        kind=model.do,
        shape=common.shape,
        hyperparameters=model.hyperparameters(),
        drawn=common.drawn,
        once=common.once,
        states=states,
        best_epoch=best_epoch,
        history=history,
        budget=common.epochs,
    )
    short = [str(seed) for seed, long_enough in trained.converged.items() if not long_enough]
    if short:
        logger.warning(
            "%s has not converged: the best epoch of seed %s lies in the last %d %% of the budget of %d epochs; "
            "allow more epochs",
            model.do, ", ".join(short), round(100 * LAST), common.epochs,
        )  # fmt: skip
    return trained


def _train_together(
    seeds: Sequence[OneSeed],
    kept: dict[int, Checkpoints],
    events: Path | None,
    progress: Progress,
    done: dict[int, Any],
    failed: threading.Event,
) -> None:
    """Train these seeds to their ends, in lockstep as long as they are at the same epoch.

    A killed job may have kept one seed's state an epoch later than another's; those behind go first.
    """
    writers = {}
    for one in seeds:
        state = kept[one.seed].state()
        if state is not None:
            one.restore(state)
            logger.info("seed %d continues after epoch %d", one.seed, one.epoch)
        writers[one.seed] = Events(events, one.seed, one.history)
    running, team = list(seeds), None
    while running and not failed.is_set():
        for one in [one for one in running if one.finished]:
            done[one.seed] = one.result()
            kept[one.seed].finish(done[one.seed])
            writers[one.seed].close()
            progress.finish(one.seed)
            running.remove(one)
        behind = min((one.epoch for one in running), default=0)
        now = [one for one in running if one.epoch == behind]
        if not now:
            break
        if team is None or team.seeds != now:
            team = Team(now)
        team.epoch_and_validation()
        for one in now:
            kept[one.seed].keep_state(one.state)
            writers[one.seed].write(one.history[-1])
            progress.step(one.history[-1], one.end)


class Progress:
    """Lines on how far training is, and the caller's hook."""

    def __init__(self, seeds: Sequence[int], hook: Callable[[dict[str, Any]], None] | None) -> None:
        self.seeds, self.hook = list(seeds), hook
        self.left: dict[int, int] = {}
        self.ran = self.longest = 0
        self.start = self.said = time.monotonic()
        self.lock = threading.Lock()

    def finish(self, seed: int) -> None:
        """A seed has come to its end, perhaps before its last epoch."""
        with self.lock:
            self.left[seed] = 0

    def step(self, row: dict[str, Any], end: int) -> None:
        """One more epoch of a seed, which ends with epoch `end` if it gets no better.

        Seeds that have not begun are expected to last as long as the longest so far.
        """
        with self.lock:
            self.ran += 1
            self.left[row["seed"]] = end - row["epoch"]
            self.longest = max(self.longest, end)
            now = time.monotonic()
            if now - self.said >= _EVERY:
                self.said = now
                logger.info(
                    "seed %d, epoch %d, stops after epoch %d if the validation loss falls no more: loss %.3f, "
                    "validation loss %.3f, validation kappa %.3f; about %.0f s left for all seeds",
                    row["seed"], row["epoch"], end, row["loss"], row["validation_loss"], row["validation_kappa"],
                    (now - self.start) / self.ran * sum(self.left.get(seed, self.longest) for seed in self.seeds),
                )  # fmt: skip
            if self.hook is not None:
                self.hook(row)


class Common:
    """What the training of all seeds has in common."""

    def __init__(self, dataset: Dataset, series: Series, model: Network, training: Training) -> None:
        self.series, self.model, self.training = series, model, training
        self.device = series.x.device
        self.drawn = dataset.drawn(training.dates)
        self.once = training.prediction_dates == "drawn"
        self.shape = {
            "bands": len(dataset.bands),
            "classes": len(dataset.classes),
            "dates": self.drawn or len(dataset.time),
        }
        self.batch = model.batch or training.batch
        self.epochs = model.epochs or training.epochs
        self.patience = model.patience or training.patience
        self.stops_early = training.keep == "best"
        self.variants, self.parcels = dataset.variants, len(dataset.parcel) // dataset.variants
        self.rows = torch.from_numpy(dataset.of_variants("train", 1)).to(self.device)
        self.validation = torch.from_numpy(dataset.of_variants("validation", WATCHED)).to(self.device)
        label = series.label[self.rows]
        self.weights = _class_weights(training.class_weights, label, self.shape["classes"])
        self.balanced = label if training.sampling == "balanced" else None


class OneSeed:
    """How far the training of one seed is: its network, Adam's moments, random generators and history."""

    def __init__(self, seed: int, common: Common) -> None:
        self.seed, self.common = seed, common
        # Batches and draws have their own generator, so they do not depend on the network.
        self.order = torch.Generator().manual_seed(seed)
        self.noise = Noise(seed, common.device)
        with _DRAWING, torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = create(common.model.do, **common.shape, **common.model.hyperparameters())
        self.network = network.to(common.device)
        self.moments: dict[str, tuple[Tensor, Tensor]] = {}
        self.averaged: dict[str, Tensor] | None = None
        self.best = self.weights()
        self.steps = self.epoch = self.best_epoch = 0
        self.best_loss = math.inf
        self.history: list[dict[str, Any]] = []

    @property
    def finished(self) -> bool:
        """Whether there are no more epochs, or the validation loss has not fallen for too long."""
        return self.epoch >= self.end

    @property
    def end(self) -> int:
        """The last epoch if the validation loss falls no more."""
        common = self.common
        return min(self.best_epoch + common.patience, common.epochs) if common.stops_early else common.epochs

    def add(self, loss: float, validation_loss: float, refined: float, kappa: float, seconds: float) -> None:
        """The results of one more epoch; the weights are kept if they are the best, or if only the last ones count."""
        self.epoch += 1
        if not (math.isfinite(loss) and math.isfinite(validation_loss)):
            model = self.common.model
            raise InputError(
                f"models.{model.do}.learning_rate: the loss of seed {self.seed} is not finite in epoch "
                f"{self.epoch}; use a smaller rate than {model.learning_rate}"
            )
        watched = refined if self.common.training.watch == "refined loss" else validation_loss
        better = watched < self.best_loss
        if better:
            self.best_loss, self.best_epoch = watched, self.epoch
        if better if self.common.stops_early else self.epoch == self.common.epochs:
            self.best = self.weights()
        values = (self.seed, self.epoch, loss, validation_loss, refined, kappa, seconds)
        self.history.append(dict(zip(HISTORY, values, strict=True)))

    def batches(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Rows and drawn dates (None: all) of an epoch's batches."""
        common = self.common
        for rows in epoch(common.rows, common.batch, self.order, common.balanced):
            if common.variants > 1:
                variant = torch.randint(common.variants, (len(rows),), generator=self.order)
                rows = rows + common.parcels * variant.to(rows.device)
            drawn = None if common.drawn is None else draw(common.series.observed[rows], common.drawn, self.order)
            yield rows, drawn

    def result(self) -> dict[str, Any]:
        """What is kept of a finished seed."""
        weights = {name: value.cpu().clone() for name, value in self.best.items()}
        return {"weights": weights, "best_epoch": self.best_epoch, "history": self.history}

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {
            "network": self.network.state_dict(),
            "moments": self.moments,
            "averaged": self.averaged,
            "best": self.best,
            "order": self.order.get_state(),
            "noise": self.noise.state(),
            "plain": {name: getattr(self, name) for name in _PLAIN},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        device = self.common.device
        self.network.load_state_dict(state["network"])
        self.moments = {name: (a.to(device), b.to(device)) for name, (a, b) in state["moments"].items()}
        kept = state["averaged"]
        self.averaged = None if kept is None else {name: value.to(device) for name, value in kept.items()}
        self.best = {name: value.to(device) for name, value in state["best"].items()}
        self.order.set_state(state["order"])
        self.noise.restore(state["noise"])
        for name in _PLAIN:
            setattr(self, name, state["plain"][name])

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's weights, averaged where they are."""
        averaged = self.averaged or {}
        state = self.network.state_dict()
        return {name: averaged.get(name, value).detach().clone() for name, value in state.items()}


_PLAIN = ("steps", "epoch", "best_epoch", "best_loss", "history")


class Team:
    """Seeds at the same epoch, trained in lockstep."""

    def __init__(self, seeds: Sequence[OneSeed]) -> None:
        self.seeds = list(seeds)
        self.common = common = seeds[0].common
        self.lockstep = Lockstep(
            [one.network for one in seeds],
            [one.moments for one in seeds],
            [one.noise for one in seeds],
            common.model,
            seeds[0].steps,
            mixed=common.device.type == "cuda",
        )
        self.average = self._average() if common.training.averaging else None

    def _average(self) -> Average:
        """The running averages of these seeds' weights, stacked as the lockstep has them."""
        common, lockstep = self.common, self.lockstep
        buffers = (
            dict(self.seeds[0].network.named_buffers()) if lockstep.alone else cast(Stack, lockstep.networks).buffers
        )
        known = [one.averaged for one in self.seeds if one.averaged is not None]
        start = None if not known else known[0] if lockstep.alone else stacked(known)
        batches = math.ceil(len(common.rows) / common.batch)
        return Average(lockstep.networks.parameters | buffers, start, common.training.averaging * batches)

    def epoch_and_validation(self) -> None:
        """One more epoch of every seed."""
        start = time.monotonic()
        losses = self.train()
        with nullcontext() if self.average is None else self.average.in_place():
            validation = self._validate()
        for number, (one, moments) in enumerate(zip(self.seeds, self.lockstep.give_back(), strict=True)):
            one.moments, one.steps = moments, self.lockstep.steps
            if self.average is not None:
                one.averaged = self.average.of(None if self.lockstep.alone else number)
        seconds = (time.monotonic() - start) / len(self.seeds)
        for one, loss, of_validation in zip(self.seeds, losses, validation, strict=True):
            one.add(loss, *of_validation, seconds)

    def train(self) -> list[float]:
        """One pass over the training part; the mean loss of each seed."""
        common = self.common
        total = torch.zeros(len(self.seeds), device=common.device)
        for parts in zip(*(one.batches() for one in self.seeds), strict=True):
            batch = self._batch(parts)
            total += self.lockstep.step(batch, common.weights, common.training.label_smoothing) * batch.label.shape[1]
            if self.average is not None:
                self.average.update(self.lockstep.steps)
        return [float(value) / len(common.rows) for value in total]

    def _batch(self, parts: Sequence[tuple[Tensor, Tensor | None]]) -> Batch:
        """One batch of each seed, (seed, batch, ...)."""
        rows = torch.cat([rows for rows, _ in parts])
        dates = [dates for _, dates in parts if dates is not None]
        flat = self.common.series.at(rows, torch.cat(dates)) if dates else self.common.series.whole(rows)
        split = [None if v is None else v.unflatten(0, (len(parts), -1)) for v in (flat.x, flat.mask, flat.day)]
        assert split[0] is not None
        assert split[2] is not None
        return Batch(split[0], split[1], split[2], flat.label.unflatten(0, (len(parts), -1)))

    def _validate(self) -> list[tuple[float, float, float]]:
        """Loss, refined loss (weighted as in training, not smoothed) and kappa of each seed on the validation part."""
        common = self.common
        chances = ask(self.lockstep.logits, common.series, common.validation, common.drawn, common.once)
        label = common.series.label[common.validation]
        found = []
        for p in chances:
            log_p = p.clamp_min(1e-30).log()
            loss = torch.nn.functional.nll_loss(log_p, label, common.weights)
            agreement = kappa(label, p.argmax(dim=1), common.shape["classes"])
            found.append((float(loss), refined_loss(log_p, label, common.weights), agreement))
        return found


def _class_weights(how: str, label: Tensor, classes: int) -> Tensor | None:
    """Weight of each class in the loss: None (equal), or parcels / (classes · parcels of the class)."""
    if how == "none":
        return None
    counts = torch.bincount(label, minlength=classes)
    present = counts > 0
    weights = len(label) / (present.sum() * counts.clamp(min=1))
    return torch.where(present, weights, 0.0).float()
