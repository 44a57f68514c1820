"""Series cut short: nothing of a later date is in them, and training shows each parcel cut at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from cloudrobust.config.models import Forest, TempCnn
from cloudrobust.config.steps import Interpolate
from cloudrobust.config.training import Training
from cloudrobust.errors import InputError
from cloudrobust.learning.batches import Series
from cloudrobust.learning.run import train_and_keep
from cloudrobust.learning.training import Common, OneSeed, train
from cloudrobust.learning.truncation import cut_short, dataset_of, until
from cloudrobust.steps import apply

ENDS = np.array(["2018-04-15", "2018-07-01", "2018-12-31"], "datetime64[D]")
STEP = Interpolate(every="20d")


@pytest.fixture
def study(files) -> tuple[xr.Dataset, pd.DataFrame]:
    cube, split = files(dates=30, gaps=0.3).read()
    return cube.assign_attrs(time_coverage_start="2018-01-01", time_coverage_end="2018-12-31"), split


def test_a_series_cut_short_is_what_its_steps_make_of_what_was_known_then(study) -> None:
    base, _ = study
    cube = cut_short(base, [STEP], ENDS)
    for end in ENDS:
        alone = apply(until(base, end), STEP)["reflectance"].values
        late = alone[:, cube["time"].values.astype("datetime64[D]") > end]
        ids = [f"{end}|{parcel}" for parcel in base["parcel"].values]
        found = cube["reflectance"].sel(parcel=ids).values
        kept = found[:, cube["time"].values.astype("datetime64[D]") <= end]
        np.testing.assert_array_equal(kept, alone[:, : kept.shape[1]])
        assert np.isnan(found[:, kept.shape[1] :]).all()
        assert late.shape[1] == found.shape[1] - kept.shape[1]
    # The last measured date before an end is not drawn towards later ones.
    later = base.copy(deep=True)
    later["reflectance"][:, base["time"].values.astype("datetime64[D]") > ENDS[1]] = 9
    np.testing.assert_array_equal(
        cut_short(later, [STEP], ENDS[:2])["reflectance"], cut_short(base, [STEP], ENDS[:2])["reflectance"]
    )


def test_all_variants_hold_the_same_parcels_in_the_same_order(study) -> None:
    base, split = study
    dataset = dataset_of(base, [], ENDS, split)
    count = len(split)
    assert dataset.variants == 3
    assert dataset.x.shape[0] == 3 * count
    for array in (dataset.label, dataset.part):
        np.testing.assert_array_equal(array.reshape(3, -1), np.tile(array[:count], (3, 1)))
    assert dataset.parcel[count] == "2018-07-01|p000"
    assert not dataset.observed[:count, dataset.time.astype("datetime64[D]") > ENDS[0]].any()
    only = dataset_of(base, [], ENDS[:1], split)
    np.testing.assert_array_equal(only.x, dataset.x[:count])


def test_an_epoch_shows_each_parcel_once_cut_at_random(study) -> None:
    base, split = study
    dataset = dataset_of(base, [], ENDS, split)
    count = len(split)
    one = OneSeed(0, Common(dataset, Series.of(dataset, torch.device("cpu")), TempCnn(), Training(batch=16)))
    variants = []
    for _ in range(30):
        rows = torch.cat([rows for rows, _ in one.batches()]).numpy()
        assert sorted(rows % count) == np.flatnonzero(split["part"] == "train").tolist()
        variants.append(rows // count)
    shares = np.bincount(np.concatenate(variants), minlength=3) / np.concatenate(variants).size
    assert shares == pytest.approx([1 / 3] * 3, abs=0.05)
    watched = one.common.validation.numpy()
    assert len(watched) == 3 * (split["part"] == "validation").sum()


def test_answers_get_better_with_the_season_and_networks_learn_from_cut_series(study, tmp_path: Path) -> None:
    base, split = study
    every = np.arange(np.datetime64("2018-03-01"), np.datetime64("2018-12-31"), 30)
    training = Training(seeds=(0,), epochs=10, patience=10, batch=16, device="cpu")
    train_and_keep(dataset_of(base, [], every, split), "raw", "forest", Forest(trees=40), training, tmp_path)
    found = pd.read_parquet(tmp_path / "predictions.parquet")
    tested = found[found["part"] == "test"]
    right = (tested["class"] == tested["predicted"]).groupby(tested["parcel"].str.partition("|")[0]).mean()
    assert right.iloc[-1] > 0.9
    assert right.iloc[0] < 0.6  # before anything grows nobody can know
    trained = train(dataset_of(base, [], every, split), TempCnn(hidden=16), training)
    assert trained.history["validation_loss"].iloc[-1] < trained.history["validation_loss"].iloc[0]


def test_ends_before_the_first_date_are_an_error(study) -> None:
    base, split = study
    with pytest.raises(InputError, match="nothing is observed until 2018-01-02"):
        dataset_of(base, [], np.array(["2018-01-02"], "datetime64[D]"), split)
