"""A dataset holds every parcel of the split, or says why not."""

from __future__ import annotations

import numpy as np
import pytest

from cloudrobust.errors import InputError
from cloudrobust.learning import load


def test_series_and_labels_meet_by_parcel_id(files):
    study = files()
    cube, split = study.read()
    split = split.sample(frac=1, random_state=1).iloc[:50]
    study.write(cube, split)
    dataset = load(study.series, study.split)
    assert dataset.parcel.tolist() == split["parcel"].tolist()
    assert [dataset.classes[i] for i in dataset.label] == split["class"].tolist()
    np.testing.assert_array_equal(dataset.x, cube["reflectance"].sel(parcel=split["parcel"].tolist()).values)
    assert dataset.classes == ("barley", "maize", "wheat")
    assert sum(dataset.counts().values()) == 50
    assert dataset.day[:2].tolist() == [21, 31]


def test_parcels_that_the_branch_cannot_use_are_reported(files, caplog):
    study = files()
    cube, split = study.read()
    cube["reflectance"][4] = np.nan
    cube = cube.isel(parcel=np.arange(96) != 7)
    study.write(cube, split)
    dataset = load(study.series, study.split)
    assert dataset.ineligible.to_dict("records") == [
        {"parcel": "p004", "class": "maize", "part": "train", "reason": "no observed date in this branch"},
        {"parcel": "p007", "class": "maize", "part": "test", "reason": "not in the series of this branch"},
    ]
    assert len(dataset.parcel) == 94
    assert not {"p004", "p007"} & set(dataset.parcel)
    assert "2 of 96 parcels are left out" in caplog.text


def test_normalisation_is_that_of_the_training_part(files):
    study = files(gaps=0.3)
    dataset = load(study.series, study.split)
    normal, rows = dataset.normalised(), dataset.rows("train")
    seen = normal[rows][dataset.observed[rows]]
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-5)
    assert (normal[~dataset.observed] == 0).all()
    assert np.isfinite(normal).all()


def test_band_without_training_values_is_dropped_and_named(files, caplog):
    study = files()
    cube, split = study.read()
    cube["reflectance"][:, :, 2] = np.nan
    study.write(cube, split)
    dataset = load(study.series, study.split)
    assert dataset.bands == ("B02", "B04", "B11")
    assert dataset.dropped_bands == ("B08",)
    assert dataset.x.shape == (96, 24, 3)
    assert "B08 has no value" in caplog.text


def test_band_missing_at_an_observed_date_is_its_training_mean(files):
    study = files()
    cube, split = study.read()
    cube["reflectance"][0, 3, 1] = np.nan
    study.write(cube, split)
    dataset = load(study.series, study.split)
    assert dataset.observed.all()
    assert dataset.normalised()[0, 3, 1] == 0
    assert (dataset.normalised()[0, 3, [0, 2, 3]] != 0).all()


def test_interpolated_values_count_as_observed(files):
    study = files()
    cube, split = study.read()
    cube["observed"][:] = 0
    study.write(cube, split)
    assert load(study.series, study.split).observed.all()


@pytest.mark.parametrize(("gaps", "irregular", "uneven"), [(0, False, False), (0.1, False, True), (0, True, True)])
def test_uneven_means_gaps_or_unequal_steps(files, gaps, irregular, uneven):
    study = files(gaps=gaps)
    cube, split = study.read()
    if irregular:
        time = cube["time"].values.copy()
        time[5] += np.timedelta64(4, "D")
        cube = cube.assign_coords(time=time)
    study.write(cube, split)
    dataset = load(study.series, study.split)
    assert dataset.uneven is uneven
    assert dataset.drawn(10) == (10 if uneven else None)
    assert dataset.drawn(24) is None


@pytest.mark.parametrize("frequency", ["MS", "dekad"])
def test_calendar_steps_count_as_equal(files, frequency):
    import pandas as pd

    study = files(dates=12)
    cube, split = study.read()
    months = pd.date_range("2018-01-01", periods=12, freq="MS")
    if frequency == "dekad":
        months = pd.DatetimeIndex([m + pd.Timedelta(d, "D") for m in months for d in (0, 10, 20)])[:12]
    study.write(cube.assign_coords(time=months), split)
    assert not load(study.series, study.split).uneven


def test_gaps_of_test_parcels_do_not_decide_how_training_goes(files):
    study = files()
    cube, split = study.read()
    cube["reflectance"][int(np.flatnonzero(split["part"] == "test")[0]), 3] = np.nan
    study.write(cube, split)
    assert load(study.series, study.split).uneven is False


def test_unusable_files_are_named(files):
    study = files()
    cube, split = study.read()
    study.write(cube, split.assign(part="test"))
    with pytest.raises(InputError, match="no parcel of the part train"):
        load(study.series, study.split)
    study.write(cube, split.assign(part="eval"))
    with pytest.raises(InputError, match="unknown part 'eval'"):
        load(study.series, study.split)
    study.write(cube.rename(reflectance="value"), split)
    with pytest.raises(InputError, match="no variable reflectance"):
        load(study.series, study.split)
