"""Predictions are complete and without chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cloudrobust.config.models import Lstm, TempCnn, Transformer
from cloudrobust.learning import load, predict, train
from cloudrobust.learning.batches import Series, interleave
from cloudrobust.learning.evaluate import probabilities

TEMPCNN = TempCnn(hidden=4, kernel=3)


@pytest.fixture
def trained(files, training):
    def make(model=TEMPCNN, gaps=0.3, dates=8, **changes):
        study = files(gaps=gaps)
        dataset = load(study.series, study.split)
        return dataset, train(dataset, model, training(epochs=1, dates=dates, **changes))

    return make


def test_there_is_one_row_for_each_parcel_and_seed(trained):
    dataset, networks = trained(seeds=(3, 4))
    table = predict(networks, dataset)
    assert len(table) == 96 * 2
    assert not table.duplicated(["parcel", "seed"]).any()
    columns = ["parcel", "class", "part", "seed", "predicted", "probability", "p:barley", "p:maize", "p:wheat"]
    assert table.columns.tolist() == columns
    p = table[["p:barley", "p:maize", "p:wheat"]].to_numpy()
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(table["probability"], p.max(axis=1))
    assert table["predicted"].tolist() == [dataset.classes[i] for i in p.argmax(axis=1)]
    assert set(table["part"]) == {"train", "validation", "test"}


@pytest.mark.parametrize("model", [TEMPCNN, Lstm(hidden=4, layers=1), Transformer(width=12, inner=8, layers=1)])
def test_predictions_are_the_same_every_time(trained, model):
    dataset, networks = trained(model)
    torch.manual_seed(0)
    first = predict(networks, dataset)
    torch.manual_seed(1)
    assert first.equals(predict(networks, dataset))


def test_probabilities_are_the_mean_over_interleaved_sets(trained):
    dataset, networks = trained()
    network, series = networks.network(1), Series.of(dataset, torch.device("cpu"))
    row = torch.tensor([int(dataset.observed.sum(axis=1).argmax())])
    count = int(series.observed[row].sum())
    sets = -(-count // 8)
    assert sets >= 2
    expected = torch.zeros(1, 3)
    for number in range(sets):
        dates = interleave(series.observed[row], 8, torch.tensor([number / sets]))
        with torch.no_grad():
            expected += torch.softmax(network(series.x[row, dates[0]].unsqueeze(0)), 1) / sets
    everything = probabilities(network, series, torch.arange(96), 8, batch=7)
    torch.testing.assert_close(everything[row], expected, atol=1e-5, rtol=1e-4)


def test_parcels_with_fewer_dates_than_drawn_are_padded(files, training):
    study = files(gaps=0.2)
    cube, split = study.read()
    cube["reflectance"][0, 3:] = np.nan
    study.write(cube, split)
    dataset = load(study.series, study.split)
    table = predict(train(dataset, TEMPCNN, training(epochs=1, dates=8)), dataset)
    assert table.loc[table["parcel"] == "p000", "probability"].notna().all()


def test_a_test_parcel_with_a_gap_in_even_series_is_masked_in_place(files, training):
    study = files()
    cube, split = study.read()
    row = int(np.flatnonzero(split["part"] == "test")[0])
    cube["reflectance"][row, 3] = np.nan
    study.write(cube, split)
    dataset = load(study.series, study.split)
    networks = train(dataset, TEMPCNN, training(epochs=1, dates=8))
    assert networks.drawn is None
    x = torch.from_numpy(dataset.normalised()[row : row + 1])
    assert (x[0, 3] == 0).all()
    with torch.no_grad():
        expected = torch.softmax(networks.network(1)(x), 1)
    table = predict(networks, dataset)
    found = table.loc[table["parcel"] == dataset.parcel[row], ["p:barley", "p:maize", "p:wheat"]].to_numpy()
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
