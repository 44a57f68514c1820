"""Training is reproducible, resumable and blind to the test part."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.config.learning import Lstm, MsResnet, TempCnn, Transformer
from cloudrobust.errors import InputError
from cloudrobust.learning import load, predict, train
from cloudrobust.learning.schedule import rate

SMALL = {
    "lstm": Lstm(hidden=8, layers=2, dropout=0.2),
    "transformer": Transformer(width=24, heads=3, layers=2, inner=32, warmup=40, dropout=0.1),
    "msresnet": MsResnet(hidden=4),
    "tempcnn": TempCnn(hidden=8, kernel=5, dropout=0.2),
}


def same(first, second) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(("gaps", "dates"), [(0.0, 70), (0.4, 10)])
def test_every_network_learns_crops_that_differ_in_time(files, training, name, gaps, dates):
    study = files(gaps=gaps, parcels=192)
    dataset = load(study.series, study.split)
    trained = train(dataset, SMALL[name], training(epochs=15, dates=dates, batch=12))
    predictions = predict(trained, dataset)
    test = predictions[predictions["part"] == "test"]
    assert (test["class"] == test["predicted"]).mean() > 0.6  # chance is 1/3


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_alone_equals_the_same_seed_among_others(files, training, name):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    model = SMALL[name]
    many = train(dataset, model, training(seeds=(5, 2, 9), epochs=2, dates=8))
    torch.rand(17)  # whatever else drew numbers before
    alone = train(dataset, model, training(seeds=(2,), epochs=2, dates=8))
    assert same(many.states[2], alone.states[2])
    assert not same(many.states[2], many.states[9])
    assert many.history["seed"].tolist() == [5, 5, 2, 2, 9, 9]


def test_training_leaves_the_global_random_state_alone(files, training):
    study = files()
    dataset = load(study.series, study.split)
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    trained = train(dataset, SMALL["tempcnn"], training(epochs=1))
    trained.network(1)
    assert torch.equal(torch.rand(3), expected)


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", SMALL)
def test_resumed_training_equals_uninterrupted(files, training, tmp_path, name):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    settings = training(seeds=(1, 2), epochs=4, dates=8)
    model = SMALL[name]
    expected = train(dataset, model, settings)

    def kill(row):
        if (row["seed"], row["epoch"]) == (2, 2):
            raise Killed

    with pytest.raises(Killed):
        train(dataset, model, settings, tmp_path / "kept", every=0, on_epoch=kill)
    trained_epochs = []
    resumed = train(
        dataset,
        model,
        settings,
        tmp_path / "kept",
        on_epoch=lambda row: trained_epochs.append((row["seed"], row["epoch"])),
    )
    assert trained_epochs == [(2, 3), (2, 4)]
    for seed in (1, 2):
        assert same(expected.states[seed], resumed.states[seed])
    without_time = [column for column in expected.history if column != "seconds"]
    assert expected.history[without_time].equals(resumed.history[without_time])
    assert expected.best_epoch == resumed.best_epoch


def test_checkpoints_of_other_settings_data_or_code_are_not_used(files, training, tmp_path):
    study = files()
    dataset = load(study.series, study.split)
    ran = []

    def go(data=dataset, code="a", **changes):
        ran.clear()
        settings = training(**{"epochs": 1, **changes})
        train(data, SMALL["tempcnn"], settings, tmp_path / "kept", code=code, on_epoch=ran.append)
        return len(ran)

    assert go() == 1
    assert go() == 0
    assert go(seeds=(1, 2)) == 1  # only the new one
    assert go(code="b") == 1
    assert go(code="b", epochs=2) == 2
    cube, split = study.read()
    cube["reflectance"][0] += 0.1
    study.write(cube, split)
    assert go(load(study.series, study.split), code="b", epochs=2) == 2
    assert len(list((tmp_path / "kept").glob("seed-1-*"))) == 1


def test_an_unreadable_checkpoint_is_made_anew(files, training, tmp_path, caplog):
    study = files()
    dataset = load(study.series, study.split)
    first = train(dataset, SMALL["tempcnn"], training(epochs=1), tmp_path)
    (kept,) = tmp_path.glob("seed-1-*.done.pt")
    kept.write_bytes(kept.read_bytes()[:100])
    again = train(dataset, SMALL["tempcnn"], training(epochs=1), tmp_path)
    assert same(first.states[1], again.states[1])
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_the_test_part_never_influences_training(files, training, gaps):
    study = files(gaps=gaps)
    first = train(load(study.series, study.split), SMALL["lstm"], training(dates=8))
    cube, split = study.read()
    test = (split["part"] == "test").to_numpy()
    cube["reflectance"][test] = cube["reflectance"][test] * 3 + 1
    cube["reflectance"][np.flatnonzero(test)[0], 2] = np.nan
    split.loc[test, "class"] = "maize"
    study.write(cube, split)
    second = train(load(study.series, study.split), SMALL["lstm"], training(dates=8))
    assert same(first.states[1], second.states[1])
    assert first.history["validation_loss"].equals(second.history["validation_loss"])


def test_training_stops_early_and_keeps_the_best_epoch(files, training):
    study = files()
    cube, split = study.read()
    random = np.random.default_rng(0)
    split["class"] = random.permutation(split["class"].to_numpy())  # nothing to learn, much to overfit
    study.write(cube, split)
    dataset = load(study.series, study.split)
    trained = train(dataset, SMALL["tempcnn"], training(epochs=40, patience=4))
    history = trained.history
    best = int(history.loc[history["validation_loss"].idxmin(), "epoch"])
    assert trained.best_epoch[1] == best
    assert history["epoch"].max() == best + 4 < 40
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    short = train(dataset, SMALL["tempcnn"], training(epochs=best, patience=4))
    assert same(short.states[1], trained.states[1])


def test_balanced_weights_raise_a_rare_class(files, training):
    study = files(parcels=240)
    cube, split = study.read()
    rare = np.flatnonzero((split["class"] == "maize") & (split["part"] == "train"))[4:]
    split = split.drop(index=rare)
    cube["reflectance"] += np.random.default_rng(0).normal(0, 0.1, cube["reflectance"].shape).astype(np.float32)
    study.write(cube, split)
    dataset = load(study.series, study.split)
    found = {}
    for how in ("none", "balanced"):
        predictions = predict(train(dataset, SMALL["tempcnn"], training(class_weights=how, epochs=15)), dataset)
        found[how] = predictions["p:maize"].mean()
    assert found["balanced"] > 1.3 * found["none"]


def test_a_rate_that_makes_training_diverge_is_named(files, training):
    study = files()
    with pytest.raises(InputError, match=r"models.lstm.learning_rate: the loss of seed 1 is not finite"):
        train(load(study.series, study.split), Lstm(hidden=4, learning_rate=1e38), training())


def test_warmup_schedule_is_that_of_the_paper():
    config = Transformer()
    assert rate(config, 1) == pytest.approx(128**-0.5 * 1000**-1.5)
    assert rate(config, 1000) == pytest.approx(128**-0.5 * 1000**-0.5)
    assert rate(config, 4000) == pytest.approx(128**-0.5 * 4000**-0.5)
    assert rate(Lstm(), 1) == rate(Lstm(), 999) == 0.0105
    warm = Lstm(schedule="warmup", warmup=10)
    assert [rate(warm, s) for s in (5, 10, 40)] == pytest.approx([0.00525, 0.0105, 0.00525])


def test_cuda_without_a_gpu_is_named(files, training):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    study = files()
    with pytest.raises(InputError, match=r"training.device"):
        train(load(study.series, study.split), SMALL["tempcnn"], training(device="cuda"))
