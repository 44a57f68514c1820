"""A run leaves four files that say all about it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from cloudrobust.config.models import Boosted, Forest, Lstm, TempCnn
from cloudrobust.config.training import Training
from cloudrobust.errors import InputError
from cloudrobust.evaluation.explanations.inputs import inputs
from cloudrobust.learning import load, load_model, read_card, train_and_predict
from cloudrobust.learning.dataset import normalise

FILES = {"predictions.parquet", "model.pt", "card.json", "history.csv"}


@pytest.mark.parametrize(
    "model",
    [TempCnn(hidden=4), Lstm(hidden=4, layers=1), Forest(trees=20), Boosted(rounds=10)],
    ids=["tempcnn", "lstm", "forest", "boosted"],
)
def test_four_files_are_written_and_agree(files, training, tmp_path, model):
    study = files(gaps=0.2)
    cube, split = study.read()
    cube["reflectance"][2] = np.nan
    study.write(cube, split)
    out = tmp_path / "run"
    settings = training(seeds=(0, 3), epochs=2, dates=10)
    arguments = (study.series, study.split, "raw", "mine", model, settings, out, tmp_path / "kept", 1, "v1")
    train_and_predict(*arguments)
    assert {path.name for path in out.iterdir()} == FILES
    first = pd.read_parquet(out / "predictions.parquet")
    assert len(first) == 95 * 2
    np.testing.assert_allclose(first.filter(like="p:").sum(axis=1), 1, atol=1e-5)
    card = read_card(out)
    assert card["branch"] == "raw"
    assert card["model"] == "mine"
    assert card["kind"] == model.do
    assert card["seeds"] == [0, 3]
    assert card["ineligible"] == [
        {"parcel": "p002", "class": "wheat", "part": "train", "reason": "no observed date in this branch"}
    ]
    assert card["counts"] == {"train": 47, "validation": 24, "test": 24}
    history = pd.read_csv(out / "history.csv")
    assert history.columns.tolist() == [
        "seed", "epoch", "loss", "validation_loss", "refined_loss", "validation_kappa", "seconds",
    ]  # fmt: skip
    assert set(history["seed"]) == {0, 3}
    assert set(torch.load(out / "model.pt", weights_only=True)) == {0, 3}
    train_and_predict(*arguments)  # from the checkpoints
    assert first.equals(pd.read_parquet(out / "predictions.parquet"))


def test_a_loaded_network_gives_the_predictions(files, training, tmp_path):
    study = files()
    train_and_predict(study.series, study.split, "b", "m", TempCnn(hidden=4), training(seeds=(1, 6)), tmp_path / "run")
    card, network = read_card(tmp_path / "run"), load_model(tmp_path / "run", 6)
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    dataset = load(study.series, study.split)
    moments = (np.array(card["normalisation"][key], dtype=np.float32) for key in ("mean", "std"))
    with torch.no_grad():
        p = torch.softmax(network(torch.from_numpy(normalise(dataset.x, *moments))), 1).numpy()
    table = pd.read_parquet(tmp_path / "run" / "predictions.parquet").query("seed == 6")
    np.testing.assert_allclose(table[[f"p:{name}" for name in card["classes"]]], p, atol=1e-5)
    with pytest.raises(InputError, match="has no seed 5"):
        load_model(tmp_path / "run", 5)
    with pytest.raises(InputError, match="no such card"):
        read_card(tmp_path)


def test_a_forest_learns_and_its_seed_decides(files, training, tmp_path):
    study = files(gaps=0.3)
    accuracy = {}
    for out in ("one", "two"):
        settings = training(seeds=(1, 2))
        train_and_predict(study.series, study.split, "b", "f", Forest(trees=50), settings, tmp_path / out, threads=1)
        table = pd.read_parquet(tmp_path / out / "predictions.parquet")
        accuracy[out] = (table["class"] == table["predicted"])[table["part"] == "test"].mean()
    assert accuracy["one"] > 0.75
    assert table.equals(pd.read_parquet(tmp_path / "one" / "predictions.parquet"))
    assert not np.array_equal(table.loc[table["seed"] == 1, "p:wheat"], table.loc[table["seed"] == 2, "p:wheat"])
    importance = torch.load(tmp_path / "one" / "model.pt", weights_only=True)[1]
    assert importance.shape == (24, 4)
    assert importance.sum().item() == pytest.approx(1, abs=1e-4)
    with pytest.raises(InputError, match="trees of a forest are not kept"):
        load_model(tmp_path / "one", 1)


def test_options_against_imbalance_are_off_by_default_and_recorded(files, training, tmp_path):
    study = files()
    options = {"class_weights": "balanced", "sampling": "balanced", "label_smoothing": 0.1}
    for out, changes in (("off", {}), ("on", options)):
        settings = training(epochs=1, **changes)
        train_and_predict(study.series, study.split, "b", "m", TempCnn(hidden=4), settings, tmp_path / out)
    off, on = (read_card(tmp_path / out)["training"] for out in ("off", "on"))
    assert {key: off[key] for key in options} == {"class_weights": "none", "sampling": "none", "label_smoothing": 0.0}
    assert {key: on[key] for key in options} == options


@pytest.mark.parametrize("dates", ["all", "drawn"])
def test_plain_reflectance_is_recorded_and_read_by_prediction_and_explanation(files, training, tmp_path, dates):
    study = files(gaps=0.2)
    settings = training(inputs="reflectance", prediction_dates=dates, dates=9)
    model = TempCnn(hidden=4, learning_rate=0.05)
    train_and_predict(study.series, study.split, "b", "m", model, settings, tmp_path / "run")
    card = read_card(tmp_path / "run")
    assert card["normalisation"] == {"mean": [0.0] * 4, "std": [1.0] * 4}
    assert card["training"]["inputs"] == "reflectance"
    assert (card["dates"]["drawn"], card["dates"]["once"]) == (9, dates == "drawn")
    dataset = load(study.series, study.split, "reflectance")
    rows = np.arange(5)
    what = inputs(dataset, rows, 9, np.zeros(dataset.observed.shape), card["dates"]["once"])
    taken = np.take_along_axis(dataset.x[rows], what.dates[:, :, None], axis=1)
    np.testing.assert_array_equal(what.x.numpy(), taken)
    with torch.no_grad():
        p = torch.softmax(load_model(tmp_path / "run", 1)(what.x, what.mask, what.day), 1).numpy()
    table = pd.read_parquet(tmp_path / "run" / "predictions.parquet").iloc[rows]
    right = np.abs(table[[f"p:{name}" for name in card["classes"]]].to_numpy() - p).max() < 1e-5
    assert right == (dates == "drawn")  # otherwise the prediction is the mean over three sets of dates


def test_card_is_plain_json_even_if_kappa_is_undefined(files, training, tmp_path):
    study = files()
    cube, split = study.read()
    study.write(cube, split.assign(**{"class": "wheat"}))
    train_and_predict(study.series, study.split, "b", "m", TempCnn(hidden=4), training(epochs=1), tmp_path / "run")
    card = json.loads((tmp_path / "run" / "card.json").read_text(), parse_constant=pytest.fail)
    assert card["classes"] == ["wheat"]
    assert card["last_validation_kappa"] == {"1": None}


@pytest.fixture
def bavaria(real_data, tmp_path):
    """The study's own example: 100 parcels x 50 dates x 13 bands of raw L1C of 2018, with clouds."""
    folder = real_data / "bavaria-l1c-2018"
    order = ["B01", "B10", "B11", "B12", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09"]
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy").astype(int)
    names = pd.read_csv(folder / "classnames.csv").set_index("y")["classname"]
    ids = [f"b{n}" for n in range(len(x))]
    time = pd.Timestamp("2018-01-03") + pd.to_timedelta(np.cumsum(np.tile([2, 3, 5], 17))[:50] * 2, "D")
    cube = xr.Dataset(
        {"reflectance": (("parcel", "time", "band"), x.astype(np.float32))},
        {"parcel": ids, "time": time, "band": order},
        {"level": "L1C", "chain": "L1C"},
    )
    cube.to_netcdf(tmp_path / "series.nc")
    part = np.array(["train", "validation", "train", "test"])[np.arange(len(x)) % 4]
    # Half of the parcels are meadows; of the other classes some have but one.
    labels = np.where(y == np.bincount(y).argmax(), names.loc[np.bincount(y).argmax()], "other")
    split = pd.DataFrame({"parcel": ids, "class": labels, "part": part, "block": "b"})
    split.to_parquet(tmp_path / "split.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("model", "dates"),
    [(TempCnn(), 70), (Lstm(), 30), (Forest(trees=60), 70), (Boosted(rounds=60), 70)],
    ids=["tempcnn", "lstm", "forest", "boosted"],
)
def test_real_cloudy_series_are_learned(bavaria, model, dates):
    settings = Training(seeds=(0,), batch=16, epochs=20, patience=20, dates=dates, device="cpu")
    series, split = bavaria / "series.nc", bavaria / "split.parquet"
    train_and_predict(series, split, "raw", "m", model, settings, bavaria / "run", threads=1)
    card = read_card(bavaria / "run")
    assert len(card["bands"]) == 13
    assert card["dates"]["uneven"]
    table = pd.read_parquet(bavaria / "run" / "predictions.parquet")
    assert len(table) == 100
    np.testing.assert_allclose(table.filter(like="p:").sum(axis=1), 1, atol=1e-5)
    history = pd.read_csv(bavaria / "run" / "history.csv")
    if model.do in ("forest", "boosted"):
        learned = table[table["part"] == "train"]
        # Boosting stops at its best round on 25 validation parcels.
        assert (learned["class"] == learned["predicted"]).mean() > (0.9 if model.do == "forest" else 0.8)
    else:
        assert card["dates"]["drawn"] == (30 if dates == 30 else None)
        assert history["loss"].min() < 0.7 * history["loss"].iloc[0]
    if model.do == "lstm":
        assert history["validation_kappa"].max() > 0.2  # naming one class always gives 0
