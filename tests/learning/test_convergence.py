"""Training counts as long enough by one rule, which card and tables repeat."""

from __future__ import annotations

import pytest

from cloudrobust.config.models import Boosted, Forest, TempCnn
from cloudrobust.learning import load, read_card, train, train_and_predict
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
