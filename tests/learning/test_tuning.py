"""The search tries, remembers through a kill, never sees the test part, and says what is best."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pandas as pd
import pytest

from cloudrobust.config.models import KINDS, Boosted, Forest, InceptionTime, Lstm, Ltae, TempCnn, Transformer
from cloudrobust.config.models import Network as AnyNetwork
from cloudrobust.config.training import Training
from cloudrobust.config.tuning import Tuning
from cloudrobust.errors import InputError
from cloudrobust.learning import load, train
from cloudrobust.learning.tuning import search as module
from cloudrobust.learning.tuning.overlay import together, write_best
from cloudrobust.learning.tuning.search import save, search, without_test
from cloudrobust.learning.tuning.spaces import SPACES, suggest, table

TUNING = Tuning(trials=3, startup=2, epochs=2)
QUICK = {"hidden": 4, "epochs": 2}
MEASURED = ["seconds"]  # all else is the same in every search


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Forest])
def test_every_space_is_of_a_models_own_hyperparameters_and_any_draw_is_accepted(kind):
    default = kind()
    assert set(SPACES[default.do]) <= set(default.model_dump()) - {"do"}
    study = optuna.create_study()
    for _ in range(30):
        drawn = suggest(study.ask(), default.do)
        kind.model_validate(default.model_dump() | drawn)


def test_the_published_values_lie_within_the_studys_spaces():
    """The study's networks are what its search found, save TempCNN, whose values are its paper's."""
    for network in (Lstm(), InceptionTime(), Transformer()):
        for name, space in SPACES[network.do].items():
            value = getattr(network, name)
            if name != "weight_decay" or value:
                assert value in space.values if hasattr(space, "values") else space.low <= value <= space.high
    assert TempCnn().weight_decay < SPACES["tempcnn"]["weight_decay"].low


def test_a_trial_is_a_training_with_its_hyperparameters(files, training, tmp_path):
    study = files(gaps=0.2)
    dataset = load(study.series, study.split)
    settings = training(seeds=(5,), epochs=9)
    tuning = Tuning(trials=2, epochs=2, seeds=(1, 2))
    found = search(dataset, Ltae(width=32, heads=4), settings, tuning, tmp_path, threads=1)
    assert found.trials["trial"].tolist() == [0, 1, 2]
    for _, row in found.trials.iterrows():
        model = Ltae(**{name: row[name] for name in SPACES["ltae"]})
        trained = train(dataset, model, settings.model_copy(update={"epochs": 2, "seeds": (1, 2)}), threads=1)
        kept = [
            trained.history.query(f"seed == {seed} and epoch == {trained.best_epoch[seed]}")["validation_kappa"].item()
            for seed in (1, 2)
        ]
        assert row["kappa"] == pytest.approx(np.mean(kept))
        assert row["kappa_std"] == pytest.approx(np.std(kept, ddof=1))
    best = found.trials["kappa"].idxmax()
    assert found.best == {} if best == 0 else {n: found.trials[n][best] for n in SPACES["ltae"]}
    assert found.importance == {}  # too few trials


def test_the_test_part_is_gone_before_anything_is_trained(files, training, tmp_path, monkeypatch):
    study = files()
    dataset = load(study.series, study.split)
    seen = []
    monkeypatch.setattr(module, "train", lambda data, *a, **k: seen.append(data) or train(data, *a, **k))
    first = search(dataset, Ltae(width=32, heads=4), training(), TUNING, tmp_path / "one", threads=1).trials
    assert len(seen) == 4
    assert all(set(data.part) == {"train", "validation"} for data in seen)
    cube, split = study.read()
    test = (split["part"] == "test").to_numpy()
    cube["reflectance"][test] = np.nan
    split.loc[test, "class"] = "maize"
    study.write(cube, split)
    other = load(study.series, study.split)
    second = search(other, Ltae(width=32, heads=4), training(), TUNING, tmp_path / "two", threads=1).trials
    assert first.drop(columns=MEASURED).equals(second.drop(columns=MEASURED))
    assert len(without_test(other).ineligible) == 0


SCRIPT = """
import logging, sys
from pathlib import Path
from cloudrobust.config.models import Ltae
from cloudrobust.config.training import Training
from cloudrobust.config.tuning import Tuning
from cloudrobust.learning.dataset import load
from cloudrobust.learning.tuning.search import search
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
logging.getLogger("cloudrobust").handlers = []
series, split, folder = sys.argv[1:]
training = Training(seeds=(1,), epochs=25, patience=25, batch=16, device="cpu")
search(load(series, split), Ltae(width=32, heads=4), training, Tuning(trials=6, startup=3), Path(folder), threads=1)
"""


def test_a_killed_search_keeps_its_trials_and_ends_as_one_that_was_not(files, tmp_path):
    """Killed by SIGKILL in the middle of a trial; the trials behind it are not run again."""
    study = files(parcels=48)
    command = [sys.executable, "-u", "-c", SCRIPT, str(study.series), str(study.split), str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("trial 3 of 6"):
                time.sleep(0.1)  # into the fourth
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    dataset = load(study.series, study.split)
    storage = f"sqlite:///{tmp_path / 'killed' / 'trials.db'}"
    (name,) = optuna.get_all_study_names(storage)
    states = [trial.state.name for trial in optuna.load_study(study_name=name, storage=storage).trials]
    assert states[:3] == ["COMPLETE"] * 3
    assert 3 <= len(states) < 6
    settings = Training(seeds=(1,), epochs=25, patience=25, batch=16, device="cpu")
    tuning, ran = Tuning(trials=6, startup=3), []
    original = module._Judge.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._Judge, "__call__", lambda self, model: ran.append(model) or original(self, model))
        resumed = search(dataset, Ltae(width=32, heads=4), settings, tuning, tmp_path / "killed", threads=1).trials
        assert len(ran) == 6 - states.count("COMPLETE")
        ran.clear()
        whole = search(dataset, Ltae(width=32, heads=4), settings, tuning, tmp_path / "whole", threads=1).trials
        assert len(ran) == 7
        more = search(
            dataset,
            Ltae(width=32, heads=4),
            settings,
            tuning.model_copy(update={"trials": 7}),
            tmp_path / "whole",
            threads=1,
        ).trials
        assert len(ran) == 8
    assert resumed.drop(columns=MEASURED).equals(whole.drop(columns=MEASURED))
    assert more.iloc[:7].equals(whole)


def test_trials_of_other_data_or_settings_are_not_used(files, training, tmp_path):
    study = files()
    dataset = load(study.series, study.split)

    def ran(model=Ltae(width=32, heads=4), code="a", **changes):  # noqa: B008
        before = len(optuna.get_all_study_names(url)) if (tmp_path / "trials.db").exists() else 0
        tuning = TUNING.model_copy(update={"trials": 1, **changes})
        search(dataset, model, training(epochs=1), tuning, tmp_path, threads=1, code=code)
        return len(optuna.get_all_study_names(url)) - before

    url = f"sqlite:///{tmp_path / 'trials.db'}"
    assert ran() == 1
    assert ran() == 0
    assert ran(trials=2) == 0
    assert ran(code="b") == 1
    assert ran(model=Ltae(width=32, heads=4, batch=8)) == 1
    assert ran(epochs=1) == 1
    assert ran(seed=1) == 1


def test_a_trial_that_diverges_counts_as_guessing(files, training, tmp_path):
    study = files()
    dataset = load(study.series, study.split)
    model = Lstm(hidden=4, layers=1, learning_rate=1e38)
    found = search(dataset, model, training(), Tuning(trials=1, epochs=1), tmp_path, threads=1)
    assert found.trials["diverged"].tolist()[0]
    assert found.trials["kappa"].tolist()[0] == 0.0
    with pytest.raises(InputError, match="nothing to tune"):
        search(dataset, Forest(), training(), TUNING, tmp_path)


def test_boosted_trees_are_tuned_and_importance_is_told_from_enough_trials(files, training, tmp_path):
    study = files(gaps=0.3, parcels=64)
    dataset = load(study.series, study.split)
    found = search(dataset, Boosted(rounds=5), training(), Tuning(trials=10, startup=5), tmp_path, threads=1)
    assert set(found.importance) == set(SPACES["boosted"])
    assert sum(found.importance.values()) == pytest.approx(1)
    save(found, "raw", "boosted", tmp_path / "raw")
    written = json.loads((tmp_path / "raw" / "best.json").read_text())
    assert written["parameters"] == found.best
    assert written["kappa"] == found.trials["kappa"].max() >= written["configured"]


def test_the_overlay_is_accepted_and_changes_each_branchs_own_model(tmp_path):
    import yaml

    from cloudrobust.config import load as load_config
    from cloudrobust.config import merge, parse

    for branch, parameters in (("raw", {"hidden": 64, "learning_rate": 3.2e-4}), ("preprocessed", {})):
        content = {"branch": branch, "model": "lstm", "parameters": parameters}
        (tmp_path / f"{branch}.json").write_text(json.dumps(content))
        pd.DataFrame({"trial": [0], "kappa": [0.5], "hidden": [32]}).to_csv(tmp_path / f"{branch}.csv", index=False)
    write_best([tmp_path / "raw.json", tmp_path / "preprocessed.json"], tmp_path / "best.yaml", "config.yaml")
    root = module.__file__.partition("workflow/cloudrobust")[0]
    base = yaml.safe_load(open(f"{root}/config.yaml").read())  # noqa: PTH123, SIM115
    study = parse(merge(base, yaml.safe_load((tmp_path / "best.yaml").read_text())))
    assert study.model("raw", "lstm").hidden == 64
    assert study.model("raw", "lstm").learning_rate == 3.2e-4
    assert study.model("raw", "lstm").epochs == study.models["lstm"].epochs
    assert study.model("preprocessed", "lstm") == study.models["lstm"]
    assert load_config(f"{root}/config.yaml").tuned == {}
    table = together([(b, "lstm", tmp_path / f"{b}.csv") for b in ("raw", "preprocessed")])
    assert table["branch"].tolist() == ["raw", "preprocessed"]


def test_all_kinds_of_networks_can_be_tuned():
    assert {kind().do for kind in AnyNetwork.__args__} | {"boosted"} == set(SPACES)


def test_the_documentation_shows_the_spaces_as_they_are():
    root = module.__file__.partition("workflow/cloudrobust")[0]
    with open(f"{root}/docs/tuning.md") as file:  # noqa: PTH123
        assert table() in file.read()
