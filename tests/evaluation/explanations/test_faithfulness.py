from __future__ import annotations

import numpy as np
import pytest

from cloudrobust.evaluation.explanations.clouds import bootstrap, marked_dates, shares
from cloudrobust.evaluation.explanations.faithfulness import DELETED, faithfulness, keep
from cloudrobust.evaluation.explanations.inputs import balanced, inputs

from .made import TELLING, Telling, dataset, whole


def test_the_most_important_dates_go_first_and_one_always_stays() -> None:
    mask = np.array([[True, True, False, True, True]])
    importance = np.array([[0.1, 0.9, 5.0, 0.5, 0.2]])
    assert keep(mask, importance, 0.5).tolist() == [[True, False, False, False, True]]
    assert keep(mask, importance, 1.0).sum() == 1
    assert (keep(mask, importance, 0.0) == mask).all()


def test_a_true_explanation_falls_at_once_and_a_false_one_later_than_chance() -> None:
    made = dataset()
    what = whole(made, np.flatnonzero(made.label == 1))
    true = np.zeros(what.mask.shape)
    true[:, TELLING] = 1
    curves = faithfulness(Telling(), what, {"true": true, "false": -true}, draws=20, resamples=100)
    table = curves.pivot(index="deleted", columns="method", values="probability")
    assert list(table.index) == list(DELETED)
    assert table.loc[0.0].nunique() == 1
    assert table.loc[0.1, "true"] == pytest.approx(0.5, abs=1e-6)
    assert table.loc[0.5, "true"] < table.loc[0.5, "random"] < table.loc[0.5, "false"]
    drops = curves[curves["deleted"] == 0.1].set_index("method")["drop_low"]
    assert drops["true"] > 0 > drops["false"]


def test_shares_count_known_dates_only() -> None:
    on, share = shares(np.array([[1.0, 3.0, 100.0], [0, 0, 0]]), np.array([[1, 0, np.nan], [1, 0, 0]]))
    assert on[0] == 0.25
    assert np.isnan(on[1])
    np.testing.assert_allclose(share, [0.5, 1 / 3])


def test_the_interval_covers_the_mean_and_needs_two_values() -> None:
    values = np.random.default_rng(1).normal(0.2, 0.1, 200)
    low, high = bootstrap(values, 500)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(200), rel=0.3)
    assert np.isnan(bootstrap(np.array([1.0, np.nan]), 100)).all()


def test_clouds_of_one_level_are_known_on_the_acquisitions_of_the_other() -> None:
    import pandas as pd
    import xarray as xr

    time = pd.to_datetime(["2022-05-01T10:00:00", "2022-05-06T10:00:00", "2022-05-11T10:00:00"])
    raw = xr.Dataset({"observed": (("parcel", "time"), np.ones((2, 3)))}, {"parcel": ["a", "b"], "time": time})
    clouds = xr.Dataset(
        {"clear_fraction": (("parcel", "time"), [[0.1, 0.9]])},
        {"parcel": ["a"], "time": time[:2] + pd.Timedelta(seconds=20)},
    )
    marked, word = marked_dates(raw, clouds, np.array(["a", "b"]), time.values)
    assert word == "cloudy"
    np.testing.assert_array_equal(marked, [[1, 0, np.nan], [np.nan] * 3])


def test_dates_far_from_a_measurement_are_marked_in_series_of_equal_dates() -> None:
    import pandas as pd
    import xarray as xr

    time = pd.date_range("2022-05-01", periods=3, freq="14D")
    equal = xr.Dataset(
        {"observation_distance": (("parcel", "time"), [[0.0, 7.0, 8.0]])}, {"parcel": ["a"], "time": time}
    )
    marked, word = marked_dates(equal, equal, np.array(["a"]), time.values)
    assert (word, marked.tolist()) == ("filled in", [[0, 0, 1]])


def test_parcels_are_taken_from_all_classes_and_the_wished_ones_come_on_top() -> None:
    made = dataset()
    rows = balanced(made, 4, ["p0"])
    assert 0 in rows
    chosen = rows[rows != 0]
    assert set(made.part[chosen]) == {"test"}
    assert np.bincount(made.label[chosen]).tolist() == [2, 2]


def test_drawn_dates_are_shown_in_their_order() -> None:
    made = dataset()
    what = inputs(made, np.array([0, 1]), 4, np.zeros(made.observed.shape))
    assert what.x.shape == (2, 4, 3)
    assert (np.diff(what.dates, axis=1) > 0).all()
    assert 2 not in what.dates[0]
