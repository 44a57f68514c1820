"""The search itself: trials kept in a database, so that a killed search continues where it was.

Tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", NeurIPS) by
Optuna (Akiba et al. 2019, KDD); importance of parameters by functional ANOVA (Hutter, Hoos & Leyton-Brown 2014, ICML).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.samplers import TPESampler
from optuna.trial import TrialState
from pydantic import TypeAdapter

from ...atomic import atomic
from ...config.models import Boosted, Forest, Model, Network
from ...config.training import Training
from ...config.tuning import Tuning
from ...errors import InputError
from ...log import Progress, logger
from ..checkpoints import key
from ..dataset import Dataset
from ..training import train
from .spaces import SPACES, suggest

_MODEL: TypeAdapter[Model] = TypeAdapter(Model)
ENOUGH = 8
"""Fewest trials from which importance is estimated; ours."""


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes
    ----------
    trials
        One row a trial: `trial` (0 is the model as configured), `kappa` (of the validation part, mean over seeds),
        `kappa_std` (over seeds), `epoch` (of the kept weights, mean over seeds), `diverged`, `seconds`, and one column
        for each hyperparameter.
    best
        Hyperparameters of the best trial; empty if none is better than the model as configured.
    importance
        Share of the variance of kappa that each hyperparameter explains; empty with too few trials.
    """

    trials: pd.DataFrame
    best: dict[str, Any]
    importance: dict[str, float]


def search(
    dataset: Dataset,
    model: Network | Boosted,
    training: Training,
    tuning: Tuning,
    folder: Path,
    *,
    threads: int | None = None,
    code: str = "",
) -> Searched:
    """Try hyperparameters of a model; the test part is taken away before anything else.

    Each trial trains on the training part and is judged by Cohen's kappa on the validation part, at the epoch whose
    weights training keeps. Trial n depends on nothing but the n - 1 before it and the seeds, so a search that was
    killed and continued ends with the same trials as one that was not. A trial whose loss does not stay finite counts
    as kappa 0, which is what guessing gets.

    Parameters
    ----------
    dataset
        Series with the parts train and validation.
    model
        The model as configured; what is not searched stays as it is.
    training
        What all networks share; `tuning` gives seeds and, if it names any, epochs.
    folder
        Where the trials are kept (`trials.db`), and the state of the running one.
    threads, code
        As in `train`; trials of another code, other data or other settings are not used.

    Raises
    ------
    InputError
        If the model has nothing to tune, or kappa is not defined.
    """
    if isinstance(model, Forest):
        raise InputError("tuning.models: a random forest has nothing to tune; leave it out")
    data = without_test(dataset)
    if len(np.unique(data.label)) < 2:
        raise InputError(f"{dataset.chain or 'dataset'}: has one class, so there is no kappa to tune by")
    settings = training.model_copy(
        update={"seeds": tuning.seeds} | ({"epochs": tuning.epochs} if tuning.epochs else {})
    )
    model = model.model_copy(update={"epochs": None}) if tuning.epochs and not isinstance(model, Boosted) else model
    what = key(
        data.digest("train", "validation"),
        model.model_dump(mode="json"),
        settings.model_dump(mode="json"),
        {name: str(space) for name, space in SPACES[model.do].items()},
        [tuning.startup, tuning.seed],
        code,
        optuna.__version__,
    )
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'trials.db'}", study_name=what, direction="maximize", load_if_exists=True
    )
    judge = _Judge(data, settings, folder / "checkpoints", threads, code)
    _clear_up(study)
    if "configured" not in study.user_attrs:
        study.set_user_attr("configured", judge(model))
    _continue(study, model, judge, tuning)
    return _found(study, model, tuning.trials)


def without_test(dataset: Dataset) -> Dataset:
    """The dataset without its test part, so that nothing can look at it."""
    rows = dataset.rows("train", "validation")
    return replace(
        dataset,
        x=dataset.x[rows],
        label=dataset.label[rows],
        part=dataset.part[rows],
        parcel=dataset.parcel[rows],
        ineligible=dataset.ineligible[dataset.ineligible["part"] != "test"].reset_index(drop=True),
    )


@dataclass(frozen=True)
class _Judge:
    """Trains a candidate and says how good it is."""

    data: Dataset
    training: Training
    checkpoints: Path
    threads: int | None
    code: str

    def __call__(self, model: Network | Boosted) -> dict[str, Any]:
        start = time.monotonic()
        arguments = (self.training, self.checkpoints)
        try:
            if isinstance(model, Boosted):
                from ..trees import grow  # networks need no scikit-learn, which takes a second to import

                kept = grow(self.data, model, *arguments, threads=self.threads, code=self.code).history
            else:
                trained = train(self.data, model, *arguments, threads=self.threads, code=self.code)
                best = trained.history["seed"].map(trained.best_epoch)
                epoch = best if self.training.keep == "best" else trained.budget
                kept = trained.history[trained.history["epoch"] == epoch]
        except InputError as error:
            if "is not finite" not in str(error):
                raise
            return self._row(0.0, None, None, True, start)
        kappas = kept["validation_kappa"]
        spread = float(kappas.std(ddof=1)) if len(kappas) > 1 else None
        return self._row(float(kappas.mean()), spread, float(kept["epoch"].mean()), False, start)

    def _row(
        self, kappa: float, spread: float | None, epoch: float | None, diverged: bool, start: float
    ) -> dict[str, Any]:
        for file in self.checkpoints.glob("*.pt"):
            file.unlink()
        seconds = round(time.monotonic() - start, 1)
        return {"kappa": kappa, "kappa_std": spread, "epoch": epoch, "diverged": diverged, "seconds": seconds}


def _clear_up(study: optuna.Study) -> None:
    """Close what a killed search left open; it is tried again, because the same draw comes next."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        logger.info("a trial was interrupted and is run again")


def _complete(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _continue(study: optuna.Study, model: Network | Boosted, judge: _Judge, tuning: Tuning) -> None:
    done = len(_complete(study))
    if done:
        logger.info("%d of %d trials were finished before", min(done, tuning.trials), tuning.trials)
    progress = Progress("trials", max(tuning.trials - done, 1))
    best = max((trial.value or 0.0 for trial in _complete(study)), default=0.0)
    for number in range(done, tuning.trials):
        # A sampler for each trial: its draw depends on what is finished, not on when the search began.
        study.sampler = TPESampler(seed=1_000_003 * tuning.seed + number, n_startup_trials=tuning.startup)
        trial = study.ask()
        candidate = _MODEL.validate_python(model.model_dump() | suggest(trial, model.do))
        assert not isinstance(candidate, Forest)
        said = judge(candidate)
        trial.set_user_attr("said", said)
        study.tell(trial, said["kappa"])
        best = max(best, said["kappa"])
        logger.info("trial %d of %d: kappa %.3f, best %.3f", number + 1, tuning.trials, said["kappa"], best)
        progress.step()


def _found(study: optuna.Study, model: Network | Boosted, trials: int) -> Searched:
    names = list(SPACES[model.do])
    configured = model.model_dump()
    rows = [{"trial": 0, **study.user_attrs["configured"], **{name: configured[name] for name in names}}]
    finished = _complete(study)[:trials]
    rows += [
        {"trial": number, **trial.user_attrs["said"], **trial.params} for number, trial in enumerate(finished, start=1)
    ]
    table = pd.DataFrame(rows)
    best = int(table["kappa"].to_numpy().argmax())  # the first of equals: the configured one if nothing beats it
    chosen = {} if best == 0 else suggest(optuna.trial.FixedTrial(finished[best - 1].params), model.do)
    return Searched(table, chosen, _importance(study, finished, names))


def _importance(study: optuna.Study, finished: list[optuna.trial.FrozenTrial], names: list[str]) -> dict[str, float]:
    values = {trial.value for trial in finished}
    if len(finished) < ENOUGH or len(values) < 2:
        return {}
    found = get_param_importances(_only(study, finished), evaluator=FanovaImportanceEvaluator(seed=0))
    return {name: float(found[name]) for name in names if name in found}


def _only(study: optuna.Study, finished: list[optuna.trial.FrozenTrial]) -> optuna.Study:
    """A study in memory of these trials alone."""
    only = optuna.create_study(direction=study.direction)
    only.add_trials(finished)
    return only


def save(searched: Searched, branch: str, name: str, folder: Path) -> None:
    """Write trials.csv and best.json, each whole or not at all."""
    with atomic(folder / "trials.csv") as part:
        searched.trials.to_csv(part, index=False)
    best = searched.trials["kappa"].max()
    content = {
        "branch": branch,
        "model": name,
        "parameters": searched.best,
        "kappa": float(best),
        "configured": float(searched.trials["kappa"].iloc[0]),
        "trials": len(searched.trials) - 1,
        "importance": searched.importance,
    }
    with atomic(folder / "best.json") as part:
        part.write_text(json.dumps(content, indent=1) + "\n")
