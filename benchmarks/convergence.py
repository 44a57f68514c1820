"""How long networks of a study train until they have converged, and what settings change, on series that are there.

    make run
    python benchmarks/convergence.py --runs raw:tempcnn preprocessed:tempcnn
    python benchmarks/convergence.py --runs raw:tempcnn --training dates=37
    python benchmarks/convergence.py --runs raw:lstm --network dropout=0.71 learning_rate=0.0105
    python benchmarks/convergence.py --configfile config/france.yaml --runs delivered:lstm --training inputs=reflectance

One line a run: epochs and best epoch by seed, whether it has converged, accuracy and refined loss of the validation
part (by which settings are chosen), accuracy of the test part, and processor seconds.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
import yaml
from pydantic import TypeAdapter

from cloudrobust.config import Paths, load
from cloudrobust.config.models import Model, Network
from cloudrobust.config.training import Training
from cloudrobust.learning.dataset import load as load_dataset
from cloudrobust.learning.prediction import predict
from cloudrobust.learning.training import train


def changes(words: list[str]) -> dict[str, Any]:
    """`key=value` as YAML reads the value."""
    return {key: yaml.safe_load(value) for key, value in (word.split("=", 1) for word in words)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", nargs="+", default=["config.yaml"], help="the study's configuration")
    parser.add_argument("--runs", nargs="+", required=True, help="branch:model")
    parser.add_argument("--training", nargs="*", default=[], help="key=value in place of the study's training.key")
    parser.add_argument("--network", nargs="*", default=[], help="key=value in place of the model's own")
    given = parser.parse_args()
    torch.set_num_threads(1)
    study = load(given.configfile)
    paths = Paths(study)
    settings = Training.model_validate(study.training.model_dump() | changes(given.training))
    for run in given.runs:
        branch, name = run.split(":")
        configured = study.model(branch, name).model_dump() | changes(given.network)
        model: Network = TypeAdapter(Model).validate_python(configured)
        dataset = load_dataset(paths.series(study.branches[branch].chain), paths.split, settings.inputs)
        start = time.process_time()
        trained = train(dataset, model, settings)
        seconds = time.process_time() - start
        answers = predict(trained, dataset, threads=1)
        right = (answers["class"] == answers["predicted"]).groupby([answers["part"], answers["seed"]]).mean()
        epochs = trained.history.groupby("seed")["epoch"].max()
        refined = trained.history.groupby("seed")["refined_loss"].min().mean()
        print(
            f"{run} {' '.join(given.training + given.network)}: epochs {epochs.tolist()}, best "
            f"{list(trained.best_epoch.values())}, {'' if all(trained.converged.values()) else 'not '}converged; "
            f"validation {right['validation'].mean():.3f}, refined loss {refined:.3f}; "
            f"test {right['test'].mean():.3f} ± {right['test'].std():.3f}; {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
