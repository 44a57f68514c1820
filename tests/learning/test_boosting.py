"""Boosted trees: LightGBM on the flattened series, early stopped, the same for the same seed."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import torch

from cloudrobust.config.models import Boosted
from cloudrobust.errors import InputError
from cloudrobust.learning import load, load_model, train_and_predict
from cloudrobust.learning.boosting import classifier
from cloudrobust.learning.new_parcels import predict_others
from cloudrobust.learning.trees import grow

QUICK = Boosted(rounds=40, patience=5)


def test_probabilities_are_those_of_lightgbms_own_classifier(files, training):
    """Without chance and with the same settings, its scikit-learn interface says the same."""
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    model = Boosted(rounds=12, patience=100, parcels=1.0, features=1.0)
    found = grow(dataset, model, training(seeds=(4,)), threads=1).predictions
    features, rows = dataset.x.reshape(len(dataset.x), -1), dataset.rows("train")
    peer = lightgbm.LGBMClassifier(n_estimators=12, min_child_samples=5, n_jobs=1, verbosity=-1)
    peer.fit(features[rows], dataset.label[rows])
    theirs = np.asarray(peer.predict_proba(features))
    # It stopped at its best round, which the peer does not know.
    best = classifier(dataset, model, training(), 4, 1)[0].best_iteration
    theirs = np.asarray(peer.predict_proba(features, num_iteration=best))
    np.testing.assert_allclose(found[[f"p:{name}" for name in dataset.classes]], theirs, atol=1e-6)


def test_it_learns_crops_and_stops_early_and_its_seed_decides(files, training):
    study = files(gaps=0.3, parcels=192)
    dataset = load(study.series, study.split)
    first = grow(dataset, QUICK, training(seeds=(1, 2)), threads=1)
    test = first.predictions.query("part == 'test'")
    assert (test["class"] == test["predicted"]).mean() > 0.85
    history = first.history
    assert history["seed"].tolist() == [1, 2]
    assert (history["epoch"] <= 40).all()
    assert history["loss"].lt(history["validation_loss"]).all()
    by_seed = [first.predictions.query(f"seed == {seed}")["p:wheat"].to_numpy() for seed in (1, 2)]
    assert not np.array_equal(*by_seed)
    assert first.importance[1].sum().item() == pytest.approx(1, abs=1e-4)
    # The crops differ in near infrared above all.
    assert first.importance[1].sum(dim=0).argmax().item() == 2


def test_the_number_of_threads_changes_nothing(files, training):
    study = files(gaps=0.3)
    dataset, model = load(study.series, study.split), Boosted(rounds=3)
    one, two = (grow(dataset, model, training(), threads=threads) for threads in (1, 2))
    assert one.predictions.equals(two.predictions)


def test_the_test_part_never_influences_boosting(files, training):
    study = files()
    first = grow(load(study.series, study.split), QUICK, training(), threads=1).history
    cube, split = study.read()
    test = (split["part"] == "test").to_numpy()
    cube["reflectance"][test] *= 3
    split.loc[test, "class"] = "maize"
    study.write(cube, split)
    second = grow(load(study.series, study.split), QUICK, training(), threads=1).history
    timed = ["seconds"]
    assert first.drop(columns=timed).equals(second.drop(columns=timed))


def test_a_class_without_training_parcels_gets_no_probability(files, training):
    study = files()
    _, split = study.read()
    split = split.drop(index=split.index[(split["class"] == "maize") & (split["part"] == "train")])
    split.to_parquet(study.split)
    found = grow(load(study.series, study.split), QUICK, training(class_weights="balanced"), threads=1).predictions
    assert (found["p:maize"] == 0).all()
    np.testing.assert_allclose(found.filter(like="p:").sum(axis=1), 1, atol=1e-5)
    split["class"] = "wheat"
    split.to_parquet(study.split)
    alone = grow(load(study.series, study.split), QUICK, training(), threads=1).predictions
    assert (alone["p:wheat"] == 1).all()


def test_other_parcels_get_what_the_trees_said_of_the_same_series(files, training, tmp_path):
    study = files(gaps=0.2)
    settings = training(seeds=(0, 3))
    train_and_predict(study.series, study.split, "b", "m", QUICK, settings, tmp_path / "run", threads=1)
    said = pd.read_parquet(tmp_path / "run" / "predictions.parquet").sort_values(["seed", "parcel"])
    again = predict_others(
        tmp_path / "run", study.series, trained_on=(study.series, study.split), threads=1
    ).sort_values(["seed", "parcel"])
    columns = ["parcel", "seed", "predicted", "p:wheat"]
    assert said[columns].reset_index(drop=True).equals(again[columns].reset_index(drop=True))
    with pytest.raises(InputError, match="trees of a boosted model are not kept"):
        load_model(tmp_path / "run", 0)
    with pytest.raises(InputError, match="its trees are not kept"):
        predict_others(tmp_path / "run", study.series)
    assert torch.load(tmp_path / "run" / "model.pt", weights_only=True)[3].shape == (24, 4)
