"""Training counts as long enough by one rule, which card and tables repeat."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.config.models import Boosted, Forest, Lstm, TempCnn
from cloudrobust.learning import load, predict, read_card, train, train_and_predict
from cloudrobust.learning.averaging import Average
from cloudrobust.learning.convergence import converged


@pytest.mark.parametrize(
    ("best", "ran", "budget", "expected"),
    [
        (95, 100, 100, True),
        (96, 100, 100, False),
        (100, 100, 100, False),
        (99, 99, 100, True),  # stopped by patience
        (42, 45, 45, True),  # the last 5 % of 45 epochs are the last 3
        (43, 45, 45, False),
        (1, 2, 2, True),  # of a small budget, the last epoch
        (2, 2, 2, False),
        (1, 1, 1, False),
    ],
)
def test_the_best_epoch_may_not_lie_in_the_last_part_of_the_budget(best, ran, budget, expected):
    assert converged(best, ran, budget) is expected


def test_training_that_was_cut_short_is_named(files, training, caplog):
    study = files(gaps=0.2)
    dataset = load(study.series, study.split)
    short = train(dataset, TempCnn(hidden=4), training(epochs=2, seeds=(3, 4)))
    assert short.budget == 2
    assert short.converged == {3: False, 4: False}
    assert "tempcnn has not converged: the best epoch of seed 3, 4 lies in the last 5 %" in caplog.text
    caplog.clear()
    stopped = train(dataset, TempCnn(hidden=4, learning_rate=0.03), training(epochs=200, patience=2))
    assert stopped.history["epoch"].max() < 200
    assert stopped.converged == {1: True}
    assert "converged" not in caplog.text


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (TempCnn(hidden=4), {"0": False}),
        (Forest(trees=5), {"0": True}),
        (Boosted(rounds=3, learning_rate=0.01), {"0": False}),
        (Boosted(rounds=200, patience=3), {"0": True}),
    ],
    ids=["network", "forest", "too few rounds", "enough rounds"],
)
def test_the_card_says_it(files, training, tmp_path, model, expected):
    study = files()
    settings = training(seeds=(0,), epochs=1)
    train_and_predict(study.series, study.split, "b", "m", model, settings, tmp_path / "run")
    card = read_card(tmp_path / "run")
    assert card["converged"] == expected
    assert card.get("budget") == (1 if isinstance(model, TempCnn) else None)


def validation_loss(trained, dataset, seed: int) -> float:
    found = predict(trained, dataset)
    rows = found[(found["part"] == "validation") & (found["seed"] == seed)]
    own = [row[f"p:{row['class']}"] for row in rows.to_dict("records")]
    return float(-np.log(own).mean())


@pytest.mark.parametrize(("averaging", "watch"), [(0.0, "loss"), (2.0, "refined loss")])
@pytest.mark.parametrize("name", ["lstm", "tempcnn"])
def test_the_weights_kept_are_those_whose_validation_loss_was_least(files, training, name, averaging, watch):
    """Averages of stacked and of single networks, batch normalisation included."""
    study = files(gaps=0.2)
    dataset = load(study.series, study.split)
    model = {"lstm": Lstm(hidden=4, layers=1, dropout=0.0), "tempcnn": TempCnn(hidden=4)}[name]
    settings = training(seeds=(1, 2), epochs=6, averaging=averaging, watch=watch, dates=8)
    trained = train(dataset, model, settings)
    for seed in (1, 2):
        history = trained.history[trained.history["seed"] == seed].set_index("epoch")
        best = history["validation_loss" if watch == "loss" else "refined_loss"].idxmin()
        assert trained.best_epoch[seed] == best
        assert validation_loss(trained, dataset, seed) == pytest.approx(history["validation_loss"][best], rel=1e-4)


def test_the_last_weights_are_kept_where_that_is_wanted(files, training):
    study = files()
    dataset = load(study.series, study.split)
    model, settings = TempCnn(hidden=4, learning_rate=0.05), {"epochs": 12, "patience": 2, "averaging": 0}
    last = train(dataset, model, training(keep="last", **settings))
    loss = last.history["validation_loss"]
    assert len(loss) == 12
    assert last.best_epoch[1] == last.history["refined_loss"].idxmin() + 1 < 12
    assert validation_loss(last, dataset, 1) == pytest.approx(loss.iloc[-1], rel=1e-4)
    # Batches and draws are the same, so training that stops early goes through the same epochs.
    best = train(dataset, model, training(keep="best", **settings)).history["validation_loss"]
    assert best.tolist() == loss.iloc[: len(best)].tolist()


def test_an_average_is_that_of_the_formula_and_leaves_what_it_averages_alone():
    live = {"weight": torch.zeros(3), "count": torch.tensor(0)}
    average, expected = Average(live, None, steps=5.0), np.zeros(3)
    random = np.random.default_rng(0)
    for step in range(1, 101):
        value = random.normal(size=3)
        live["weight"].copy_(torch.from_numpy(value))
        average.update(step)
        share = max(1 / 5, 9 / (10 + step))
        expected = (1 - share) * expected + share * value
    with average.in_place():
        np.testing.assert_allclose(live["weight"].numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(live["weight"].numpy(), value, rtol=1e-6)
    assert set(average.of(None)) == {"weight"}  # a count of batches has no average


class Killed(Exception):
    pass


@pytest.mark.parametrize("last", [2, 9])
def test_a_seed_that_was_killed_stops_where_it_would_have(files, training, tmp_path, last):
    """Killed while it improved, or while it was waiting for an improvement: ended by patience at the same epoch."""
    study = files(gaps=0.2)
    dataset = load(study.series, study.split)
    model, settings = TempCnn(hidden=4, learning_rate=0.02), training(seeds=(1, 2), epochs=200, patience=4, dates=8)
    whole = train(dataset, model, settings)
    assert whole.history["epoch"].max() < 200
    assert all(whole.converged.values())
    assert whole.history.groupby("seed")["epoch"].max().min() > last

    def kill(row):
        if (row["seed"], row["epoch"]) == (2, last):
            raise Killed

    with pytest.raises(Killed):
        train(dataset, model, settings, tmp_path, every=0, on_epoch=kill)
    rows = []
    resumed = train(dataset, model, settings, tmp_path, on_epoch=rows.append)
    assert {row["seed"] for row in rows} == {2}
    assert rows[0]["epoch"] == last + 1
    assert (resumed.best_epoch, resumed.converged) == (whole.best_epoch, whole.converged)
    numbers = whole.history.columns.drop("seconds")
    assert resumed.history[numbers].equals(whole.history[numbers])
    for seed, weights in whole.states.items():
        assert all(torch.equal(value, resumed.states[seed][name]) for name, value in weights.items())
