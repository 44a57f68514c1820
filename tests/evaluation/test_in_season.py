"""Answers in season: the right row for each end, a rule that anybody can recount, and no choice by the test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.evaluation.in_season import (
    Answers,
    accuracy_by_end,
    answers,
    calibrated,
    of_whole_seasons,
    stopped,
    stopping,
)

ENDS = np.array(["2022-05-01", "2022-06-01", "2022-08-01"], "datetime64[D]")


def growing(parcels: int = 200, seeds: int = 2, seed: int = 0) -> Answers:
    """Answers that get surer and more often right with each end, and are right as often as they say."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, parcels)
    sure = np.sort(random.uniform(0.5, 1, (seeds, len(ENDS), parcels)), axis=1)
    right = random.random(sure.shape) < sure
    second = np.where(right, label, 1 - label)
    p = np.where(np.arange(2) == second[..., None], sure[..., None], 1 - sure[..., None])
    return Answers(p, label, ENDS, np.array([f"p{n}" for n in range(parcels)]))


def test_answers_stand_at_their_seed_end_and_parcel() -> None:
    rows = [
        (f"{end}|{parcel}", name, "test", seed, 0.1 * seed + 0.2 * place + at)
        for seed in (2, 1)
        for place, end in enumerate(ENDS)
        for parcel, name, at in (("y", "b", 0.01), ("x", "a", 0.0))
    ]
    table = pd.DataFrame(rows, columns=["parcel", "class", "part", "seed", "p:a"])
    table["p:b"] = 1 - table["p:a"]
    found = answers(table.sample(frac=1, random_state=0), "test")
    assert found.parcel.tolist() == ["x", "y"]
    assert found.label.tolist() == [0, 1]
    assert found.ends.tolist() == ENDS.tolist()
    np.testing.assert_allclose(found.p[1, 2, 1], [0.61, 0.39])
    np.testing.assert_allclose(found.p[0, 0, 0], [0.1, 0.9])
    with pytest.raises(InputError, match="no parcel of the part validation"):
        answers(table, "validation")


def test_a_parcel_is_answered_at_the_first_end_that_is_sure_and_else_at_the_last() -> None:
    top = np.array([[0.95, 0.6, 0.6], [0.7, 0.9, 0.7], [0.99, 0.99, 0.8]])  # (end, parcel)
    p = np.stack([top, 1 - top], axis=2)[None]
    found = Answers(p, np.array([0, 0, 1]), ENDS, np.array(["x", "y", "z"]))
    assert stopped(found, 0.9).tolist() == [[0, 1, 2]]
    assert stopped(found, 0.0).tolist() == [[0, 0, 0]]
    assert stopped(found, 1.0).tolist() == [[2, 2, 2]]
    curve = stopping(found, found, 0.5).set_index("threshold")
    mean = pd.Timestamp(int(curve.loc[0.9, "day"]))
    assert mean == pd.Timestamp("2022-06-11")
    assert curve.loc[0.9, "accuracy"] == pytest.approx(2 / 3)
    assert curve.loc[0.9, "early"] == pytest.approx(2 / 3)


def test_the_threshold_is_the_earliest_that_validation_allows() -> None:
    validation, tested = growing(seed=1), growing(seed=2)
    for loss in (0.0, 0.05, 0.3):
        curve = stopping(validation, tested, loss)
        (one,) = curve[curve["chosen"]].to_dict("records")
        waiting = validation.right[:, -1].mean()
        assert one["validation_accuracy"] >= waiting - loss
        earlier = curve[curve["validation_day"] < one["validation_day"]]
        assert (earlier["validation_accuracy"] < waiting - loss).all()
    assert curve["day"].is_monotonic_increasing
    other = stopping(validation, growing(seed=3), 0.05)  # other test parcels choose nothing
    assert other["chosen"].tolist() == stopping(validation, tested, 0.05)["chosen"].tolist()


def test_each_end_has_a_temperature_of_its_own() -> None:
    truth = growing(parcels=2000, seeds=1)
    said = truth.p.copy()
    said[:, 0] = truth.p[:, 0] ** 3 / (truth.p[:, 0] ** 3).sum(axis=2, keepdims=True)  # too sure early
    found = calibrated(Answers(said, truth.label, ENDS, truth.parcel), Answers(said, truth.label, ENDS, truth.parcel))
    np.testing.assert_allclose(found.p[:, 0], truth.p[:, 0], atol=0.05)
    np.testing.assert_allclose(found.p[:, 2], truth.p[:, 2], atol=0.05)


def test_accuracy_is_counted_at_each_end() -> None:
    found = growing()
    table = accuracy_by_end(found, None, 200)
    assert table["end"].tolist() == [str(end) for end in ENDS]
    assert table["accuracy"].tolist() == pytest.approx(found.right.mean(axis=(0, 2)).tolist())
    assert ((table["low"] < table["accuracy"]) & (table["accuracy"] < table["high"])).all()


def test_models_of_whole_seasons_are_asked_on_what_was_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xarray as xr

    from cloudrobust.parcels.series import read_series

    time = np.array(["2022-05-20T10:20", "2022-07-20T10:20"], "datetime64[ns]")
    base = xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), np.full((2, 2, 1), 0.2, np.float32)),
            "observed": (("parcel", "time"), np.ones((2, 2), np.int8)),
        },
        {"parcel": ["x", "y"], "time": time, "band": ["B04"]},
        {"chain": "L1C"},
    )
    split = pd.DataFrame({"parcel": ["x", "y", "gone"], "class": ["a", "b", "a"], "part": ["test", "train", "test"]})

    def ask(_run: Path, series: Path, **_: object) -> pd.DataFrame:
        cube = read_series(series)
        seen = cube["observed"].sum("time").to_series()
        assert seen.to_dict() == {"2022-05-01|x": 0, "2022-06-01|x": 1, "2022-08-01|x": 2}
        parcels = [parcel for parcel, count in seen.items() if count]
        return pd.DataFrame({"parcel": parcels, "seed": 0, "p:a": 0.3, "p:b": 0.7})

    monkeypatch.setattr("cloudrobust.learning.new_parcels.predict_others", ask)
    found = answers(of_whole_seasons("run", ("s", "s"), base, [], ENDS, split, tmp_path), "test")
    np.testing.assert_allclose(found.p[0, :, 0], [[0.5, 0.5], [0.3, 0.7], [0.3, 0.7]])
    assert found.label.tolist() == [0]
