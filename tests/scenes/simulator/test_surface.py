"""The ground reflects what is known of bare soil, crops, forest, water and snow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cloudrobust.scenes.bands import BAND
from cloudrobust.scenes.simulator.canopy import Canopy
from cloudrobust.scenes.simulator.landscape import Landscape
from cloudrobust.scenes.simulator.surface import Ground
from cloudrobust.scenes.simulator.weather import Day, weather

DRY = Day(wetness=0.2, snow=0.0, aerosol=0.1, water_vapour=1.5, ozone=0.3, shift=0.0)


@pytest.fixture(scope="module")
def ground(full_landscape: Landscape, canopy: Canopy) -> Ground:
    return Ground(full_landscape, canopy, 1)


def ndvi(ground: Ground, day: date, sun: float = 40.0) -> np.ndarray:
    values = ground.reflectance(day, DRY, sun)[1]
    red, infrared = values[:, BAND["B04"].band_id], values[:, BAND["B08"].band_id]
    return np.asarray((infrared - red) / (infrared + red))


def test_bare_soil_and_full_canopies(ground: Ground) -> None:
    crop = np.array(ground.landscape.crop)
    autumn, june = (ndvi(ground, day)[: len(crop)] for day in (date(2022, 10, 18), date(2022, 6, 5)))
    assert np.median(autumn[crop == "maize"]) < 0.3
    assert np.quantile(june[crop == "winter wheat"], 0.1) > 0.7
    soil = ground.soil(np.array([0.7]), np.array([0.5]))[0]
    red, infrared = soil[BAND["B04"].band_id], soil[BAND["B08"].band_id]
    assert (infrared - red) / (infrared + red) < 0.3


def test_rapeseed_turns_yellow_in_flower(ground: Ground) -> None:
    rape = np.array(ground.landscape.crop) == "winter rapeseed"
    number = len(rape)
    blue, green = BAND["B02"].band_id, BAND["B03"].band_id
    before, flower = (ground.reflectance(d, DRY, 40.0)[1][:number][rape] for d in (date(2022, 4, 1), date(2022, 5, 1)))
    assert (flower[:, green] - flower[:, blue]).mean() > 2 * (before[:, green] - before[:, blue]).mean()


def test_wet_soil_is_darker_than_dry(ground: Ground) -> None:
    dry, wet = (ground.soil(np.array([0.7]), np.array([w])) for w in (0.0, 1.0))
    assert (wet < 0.7 * dry).all()


def test_water_and_forest(ground: Ground) -> None:
    kinds = np.array(ground.landscape.cover)
    values = ground.reflectance(date(2022, 7, 1), DRY, 30.0)[1][len(ground.landscape.crop) :]
    infrared, shortwave = values[:, BAND["B08"].band_id], values[:, BAND["B11"].band_id]
    assert infrared[kinds == "water"].max() < 0.02
    assert infrared[kinds == "conifer"].mean() < 0.75 * infrared[kinds == "broadleaf"].mean()
    assert shortwave[kinds == "conifer"].mean() < 0.16


def test_a_broadleaf_forest_is_bare_in_winter(ground: Ground) -> None:
    kinds = np.array(ground.landscape.cover)
    winter, summer = (ndvi(ground, d)[len(ground.landscape.crop) :][kinds == "broadleaf"].mean()
                      for d in (date(2022, 2, 1), date(2022, 7, 1)))  # fmt: skip
    assert winter < 0.55 < 0.8 < summer


def test_snow_is_bright_in_the_visible_and_dark_in_the_shortwave_infrared(ground: Ground) -> None:
    values = ground.reflectance(date(2022, 1, 20), replace(DRY, snow=15.0), 68.0)[1][: len(ground.landscape.crop)]
    green, shortwave = values[:, BAND["B03"].band_id], values[:, BAND["B11"].band_id]
    assert green.min() > 0.7
    assert ((green - shortwave) / (green + shortwave)).min() > 0.4


def test_poor_spots_grow_less(ground: Ground) -> None:
    crop = np.array(ground.landscape.crop) == "maize"
    poor, mean, rich = ground.reflectance(date(2022, 6, 15), DRY, 30.0)[:, : len(crop)][:, crop, BAND["B08"].band_id]
    assert poor.mean() < mean.mean() < rich.mean()


def test_weather_is_the_same_in_any_order_and_snow_falls_in_the_cold_season() -> None:
    days = [date(2022, month, day) for month in range(1, 13) for day in (5, 15, 25)]
    forward = [weather(1, day) for day in days]
    assert [weather(1, day) for day in reversed(days)] == forward[::-1]
    assert weather(2, days[0]) != forward[0]
    whole = [weather(1, date.fromordinal(date(2022, 1, 1).toordinal() + n)) for n in range(365)]
    snowy = [n for n, day in enumerate(whole) if day.snow > 2]
    assert 3 < len(snowy) < 90
    assert not any(120 < n < 280 for n in snowy)
    assert all(0 <= day.wetness <= 1 for day in whole)
