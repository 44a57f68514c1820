"""Training is reproducible, resumable and blind to the test part."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.config.models import Gru, InceptionTime, Lstm, Ltae, MsResnet, OmniScale, StarRnn, TempCnn, Transformer
from cloudrobust.errors import InputError
from cloudrobust.learning import load, predict, train
from cloudrobust.learning.schedule import rate
from cloudrobust.models import create

SMALL = {
    "lstm": Lstm(hidden=8, layers=2, dropout=0.2),
    "transformer": Transformer(width=24, heads=3, layers=2, inner=32, warmup=40, dropout=0.1),
    "msresnet": MsResnet(hidden=4),
    "tempcnn": TempCnn(hidden=8, kernel=5, dropout=0.2),
}
FURTHER = {
    "ltae": Ltae(width=16, heads=4, embedding=8, decoder=(8,)),
    "inceptiontime": InceptionTime(filters=2, depth=3, kernel=4),
    "omniscale": OmniScale(first=8, second=60),
    "starrnn": StarRnn(hidden=6, layers=2),
    "gru": Gru(hidden=6, layers=2),
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


@pytest.mark.parametrize("name", [*SMALL, *FURTHER])
def test_a_seed_alone_equals_the_same_seed_among_others(files, training, name):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    model = (SMALL | FURTHER)[name]
    many = train(dataset, model, training(seeds=(5, 2, 9), epochs=2, dates=8))
    torch.rand(17)  # whatever else drew numbers before
    alone = train(dataset, model, training(seeds=(2,), epochs=2, dates=8))
    for name, value in many.states[2].items():
        torch.testing.assert_close(value, alone.states[2][name], atol=1e-5, rtol=1e-4)
    assert not same(many.states[2], many.states[9])
    assert many.history["seed"].tolist() == [5, 5, 2, 2, 9, 9]


@pytest.mark.parametrize("name", [*SMALL, *FURTHER])
def test_stacked_seeds_give_what_a_seed_alone_gives(files, training, name, monkeypatch):
    """All networks in the way of a GPU: parameters stacked, one product for all seeds."""
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    monkeypatch.setattr("cloudrobust.learning.lockstep.STACKED_ON_CPU", frozenset(SMALL | FURTHER))
    many = train(dataset, (SMALL | FURTHER)[name], training(seeds=(5, 2, 9), dates=8))
    alone = train(dataset, (SMALL | FURTHER)[name], training(seeds=(2,), dates=8))
    # Sums of other order, three epochs of Adam; ten networks' losses differ by 0.01 and more.
    pick = many.history["seed"] == 2
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(many.history.loc[pick, column], alone.history[column], rtol=1e-3)
    assert not np.isclose(many.history.loc[~pick, "loss"], alone.history["loss"].iloc[-1], rtol=1e-3).all()


@pytest.mark.parametrize("name", ["lstm", "tempcnn"])
def test_the_number_of_cores_changes_nothing(files, training, name):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    settings = training(seeds=(5, 2, 9), epochs=2, dates=8)
    one, two = (train(dataset, SMALL[name], settings, threads=threads) for threads in (1, 2))
    for seed in settings.seeds:
        for key, value in one.states[seed].items():
            torch.testing.assert_close(value, two.states[seed][key], atol=1e-5, rtol=1e-4)
    assert one.history["seed"].tolist() == two.history["seed"].tolist()
    first, second = predict(one, dataset, threads=2), predict(one, dataset, threads=1)
    assert first.equals(second)


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


def test_seeds_that_were_killed_at_different_epochs_end_alike(files, training, tmp_path, monkeypatch):
    """A job can die between the states of two seeds that train in lockstep, as on a GPU."""
    monkeypatch.setattr("cloudrobust.learning.lockstep.STACKED_ON_CPU", frozenset({"lstm"}))
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    settings = training(seeds=(1, 2, 3), epochs=3, dates=8)
    expected = train(dataset, SMALL["lstm"], settings)

    def kill(row):
        if (row["seed"], row["epoch"]) == (2, 2):
            raise Killed

    with pytest.raises(Killed):
        train(dataset, SMALL["lstm"], settings, tmp_path, every=0, on_epoch=kill)
    rows = []
    resumed = train(
        dataset, SMALL["lstm"], settings, tmp_path, on_epoch=lambda row: rows.append(tuple(row.values())[:2])
    )
    assert rows == [(3, 2), (1, 3), (2, 3), (3, 3)]
    for seed in settings.seeds:
        for key, value in expected.states[seed].items():
            torch.testing.assert_close(value, resumed.states[seed][key], atol=1e-5, rtol=1e-4)


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
    best = int(history.loc[history["refined_loss"].idxmin(), "epoch"])
    assert trained.best_epoch[1] == best
    assert history["epoch"].max() == best + 4 < 40
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    short = train(dataset, SMALL["tempcnn"], training(epochs=best, patience=4))
    assert same(short.states[1], trained.states[1])


@pytest.mark.parametrize("option", ["class_weights", "sampling"])
def test_balancing_raises_a_rare_class(files, training, option):
    study = files(parcels=240)
    cube, split = study.read()
    rare = np.flatnonzero((split["class"] == "maize") & (split["part"] == "train"))[4:]
    split = split.drop(index=rare)
    cube["reflectance"] += np.random.default_rng(0).normal(0, 0.1, cube["reflectance"].shape).astype(np.float32)
    study.write(cube, split)
    dataset = load(study.series, study.split)
    found = {}
    for how in ("none", "balanced"):
        predictions = predict(train(dataset, SMALL["tempcnn"], training(**{option: how}, epochs=15)), dataset)
        found[how] = predictions["p:maize"].mean()
    assert found["balanced"] > 1.3 * found["none"]


def test_label_smoothing_is_that_of_torch(files, training):
    """The loss of a first step, before any weight has changed."""
    study = files(parcels=96)
    dataset = load(study.series, study.split)
    losses = {}
    for smoothing in (0.0, 0.3):
        settings = training(batch=96, epochs=1, label_smoothing=smoothing, class_weights="balanced")
        losses[smoothing] = train(dataset, TempCnn(hidden=4, dropout=0.0), settings).history["loss"].iloc[0]
    rows = dataset.rows("train")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = create("tempcnn", bands=4, classes=3, dates=24, hidden=4, kernel=5, dropout=0.0)
    logits = network(torch.from_numpy(dataset.normalised()[rows]))
    label = torch.from_numpy(dataset.label[rows])
    counts = torch.bincount(label)
    for smoothing, loss in losses.items():
        oracle = torch.nn.CrossEntropyLoss(weight=len(label) / (3.0 * counts), label_smoothing=smoothing)
        assert loss == pytest.approx(oracle(logits, label).item(), rel=1e-4)
    assert losses[0.3] != pytest.approx(losses[0.0], rel=5e-4)


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
