"""Crops live through the year in the known order, and events end canopies."""

from __future__ import annotations

import numpy as np
import pytest

from cloudrobust.scenes.simulator.crops import ALL, CROPS, NEVER
from cloudrobust.scenes.simulator.phenology import Traits, draw_traits, state

DAYS = np.arange(1, 366)


def mean_lai(crop: str) -> np.ndarray:
    traits = draw_traits((crop,) * 200, np.random.default_rng(0))
    return np.array([state(traits, day).lai.mean() for day in DAYS])


def spring_half(crop: str) -> int:
    """First day on which the mean leaf area passes half of its maximum and stays so for a month."""
    lai = mean_lai(crop)
    above = lai > lai.max() / 2
    return next(int(DAYS[i]) for i in range(len(lai)) if above[i : i + 30].all())


def test_shares_sum_to_one() -> None:
    assert sum(crop.share for crop in CROPS) == pytest.approx(1)


def test_green_up_follows_the_calendar_of_central_europe() -> None:
    order = ["winter rapeseed", "winter wheat", "spring barley", "sugar beet", "maize", "soybean"]
    days = [spring_half(crop) for crop in order]
    assert days == sorted(days)
    assert 70 < days[0] < 105  # March, April
    assert 150 < days[4] < 180  # June


def test_winter_barley_ripens_before_winter_wheat() -> None:
    barley, wheat = (mean_lai(crop) for crop in ("winter barley", "winter wheat"))
    assert barley[184] < 0.35 * wheat[184]
    assert abs(barley[120] - wheat[120]) < 0.6  # and until then they are hard to tell apart


def test_maize_stands_in_august_when_cereals_are_gone() -> None:
    assert mean_lai("maize")[227] > 4
    assert mean_lai("winter wheat")[227] < 0.5


def test_rapeseed_flowers_in_spring_only() -> None:
    traits = draw_traits(("winter rapeseed",) * 100, np.random.default_rng(0))
    flowers = np.array([state(traits, day).flower.mean() for day in DAYS])
    assert 110 < DAYS[flowers.argmax()] < 132
    assert flowers.max() > 0.3
    assert flowers[200:].max() < 0.01


def test_mowing_cuts_a_sward_which_grows_again() -> None:
    traits = draw_traits(("grassland",) * 100, np.random.default_rng(0))
    twice = np.flatnonzero((traits.cuts < NEVER).sum(axis=1) >= 2)
    first = traits.cuts[twice, 0]
    for parcel, cut in zip(twice[:20], first[:20], strict=True):
        before, after, later = (state(traits, day).lai[parcel] for day in (cut - 1, cut + 2, cut + 28))
        assert after < 0.5 * before
        assert later > 1.5 * after


def test_harvest_leaves_straw_until_tillage() -> None:
    traits = draw_traits(("winter wheat",) * 50, np.random.default_rng(1))
    for parcel in range(10):
        harvest, tillage = traits.harvest[parcel], traits.tillage[parcel]
        assert state(traits, harvest - 2).straw[parcel] < 0.1
        assert state(traits, harvest + 2).straw[parcel] > 0.35
        assert state(traits, tillage + 1).straw[parcel] < 0.15


def test_parcels_of_a_class_differ_by_weeks() -> None:
    traits = draw_traits(("winter wheat",) * 300, np.random.default_rng(2))
    assert 5 < traits.greenup.std() < 12
    assert 0.1 < (traits.peak / traits.peak.mean()).std() < 0.3


def test_a_late_season_delays_growth() -> None:
    traits = draw_traits(("maize",) * 50, np.random.default_rng(3))
    assert state(traits, 165, shift=8).lai.mean() < state(traits, 165).lai.mean()


def test_states_stay_in_their_ranges() -> None:
    traits = draw_traits(tuple(crop.name for crop in ALL) * 20, np.random.default_rng(4))
    assert isinstance(traits, Traits)
    for day in range(1, 366, 7):
        now = state(traits, day)
        assert (now.lai >= 0).all()
        assert (now.lai < 8).all()
        for share in (now.ripe, now.flower, now.straw, now.brown):
            assert (share >= 0).all()
            assert (share <= 1).all()
