"""Parcels that no network was trained on get the answers that the trained ones give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.models import Forest, TempCnn
from cloudrobust.errors import InputError
from cloudrobust.learning import train_and_predict
from cloudrobust.learning.new_parcels import predict_in_pieces, predict_others


@pytest.fixture
def run(files, training, tmp_path):
    """A run of two seeds, and its files."""

    def make(model, gaps=0.3, **changes):
        study = files(gaps=gaps)
        settings = training(seeds=(3, 4), epochs=1, dates=8, **changes)
        train_and_predict(study.series, study.split, "raw", "some", model, settings, tmp_path / "run")
        return study, tmp_path / "run"

    return make


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (TempCnn(hidden=4, kernel=3), {}),
        (TempCnn(hidden=4, kernel=3), {"inputs": "reflectance", "prediction_dates": "drawn"}),
        (Forest(trees=15), {}),
    ],
    ids=["tempcnn", "tempcnn as in 2019", "forest"],
)
def test_a_parcel_gets_the_same_answer_as_if_it_were_in_the_split(run, model, changes):
    study, folder = run(model, **changes)
    known = pd.read_parquet(folder / "predictions.parquet").sort_values(["seed", "parcel"], ignore_index=True)
    half = set(known["parcel"].unique()[::2])
    found = predict_others(folder, study.series, exclude=half, trained_on=(study.series, study.split), threads=1)
    wanted = known[~known["parcel"].isin(half)].reset_index(drop=True)
    found = found.sort_values(["seed", "parcel"], ignore_index=True)
    assert found[["parcel", "seed", "predicted"]].equals(wanted[["parcel", "seed", "predicted"]])
    columns = [column for column in known if column.startswith("p:")]
    np.testing.assert_allclose(found[columns], wanted[columns], atol=1e-5)
    assert set(found["part"]) == {"none"}
    assert found["class"].isna().all()


@pytest.mark.parametrize("model", [TempCnn(hidden=4, kernel=3), Forest(trees=15)], ids=["tempcnn", "forest"])
def test_pieces_hold_no_more_parcels_than_asked_for_and_together_all_of_them(run, model):
    study, folder = run(model)
    cube, _ = study.read()
    cube["reflectance"][[5, 40]] = np.nan
    other = study.series.with_name("other.nc")
    cube.to_netcdf(other)
    trained_on = (study.series, study.split)
    pieces = list(predict_in_pieces(folder, other, {"p010"}, trained_on=trained_on, threads=1, size=7))
    assert max(piece["parcel"].nunique() for piece in pieces) == 7
    keys = ["parcel", "seed"]
    together = pd.concat(pieces).sort_values(keys, ignore_index=True)
    whole = predict_others(folder, other, {"p010"}, trained_on=trained_on, threads=1).sort_values(
        keys, ignore_index=True
    )
    pd.testing.assert_frame_equal(together, whole, rtol=1e-4, atol=1e-5)
    assert together["parcel"].nunique() == 93


def test_parcels_without_a_date_are_left_out_by_name_not_by_accident(run, caplog):
    study, folder = run(TempCnn(hidden=4, kernel=3))
    cube, _ = study.read()
    cube["reflectance"][5] = np.nan
    cube.to_netcdf(study.series)
    found = predict_others(folder, study.series, threads=1)
    assert found["parcel"].nunique() == 95
    assert "p005" not in set(found["parcel"])
    assert "1 parcels have no observed date" in caplog.text


def test_a_series_that_lacks_a_band_is_refused(run):
    study, folder = run(TempCnn(hidden=4, kernel=3))
    cube, _ = study.read()
    cube.sel(band=["B02", "B04", "B08"]).to_netcdf(study.series)
    with pytest.raises(InputError, match="lacks the band B11"):
        predict_others(folder, study.series)


def test_other_dates_than_those_of_the_training_are_refused_where_weights_hang_on_them(run):
    study, folder = run(TempCnn(hidden=4, kernel=3), gaps=0.0)
    cube, _ = study.read()
    cube.isel(time=slice(0, 20)).to_netcdf(study.series)
    with pytest.raises(InputError, match="has 20 dates, but some has weights for the 24 dates"):
        predict_others(folder, study.series)


def test_a_forest_asks_for_what_it_was_grown_from(run):
    study, folder = run(Forest(trees=5))
    with pytest.raises(InputError, match="give the series and split"):
        predict_others(folder, study.series)
