"""Cloud cover is U-shaped and seasonal; shadows lie away from the sun."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.scenes.simulator.acquisitions import Acquisition, passes
from cloudrobust.scenes.simulator.clouds import CELL, Layer, Sky, light, make_sky, mean_cover, reflected, unscattered
from cloudrobust.scenes.simulator.fractal import block_mean, fractal
from cloudrobust.scenes.simulator.randomness import generator
from cloudrobust.scenes.simulator.truth import THINNEST

SIDE = 90


def covers(cloudiness: float, years: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Cover of many acquisitions and their months."""
    found = passes(SimulatorSource(), date(2021, 1, 1), date(2020 + years, 12, 31))
    share = []
    for acquisition in found:
        sky = make_sky(acquisition, cloudiness, 1800, generator(3, "clouds", acquisition.stamp))
        share.append(np.mean(sky.view(sky.layers[0]) + sky.view(sky.layers[1]) >= THINNEST))
    return np.array(share), np.array([a.time.month for a in found])


@pytest.fixture(scope="module")
def default_covers() -> tuple[np.ndarray, np.ndarray]:
    return covers(0.5)


def test_mean_cover_is_what_was_asked_for(default_covers: tuple[np.ndarray, np.ndarray]) -> None:
    assert default_covers[0].mean() == pytest.approx(0.5, abs=0.1)
    assert covers(0.8, 1)[0].mean() == pytest.approx(0.8, abs=0.12)
    assert covers(0.0, 1)[0].max() == 0


def test_most_skies_are_clear_or_overcast(default_covers: tuple[np.ndarray, np.ndarray]) -> None:
    share, _ = default_covers
    assert ((share < 0.1) | (share > 0.9)).mean() > 0.4
    assert (share > 0.98).mean() > 0.08
    assert (share < 0.02).mean() > 0.08


def test_winter_is_cloudier_than_summer() -> None:
    assert mean_cover(0.5, 5) > 0.58
    assert mean_cover(0.5, 190) < 0.42
    assert np.mean([mean_cover(0.5, d) for d in range(1, 366)]) == pytest.approx(0.5, abs=0.01)


def one_cloud(height: float, zenith: float, azimuth: float) -> Sky:
    acquisition = Acquisition("S2A", 65, datetime(2022, 6, 10, 10, 20, 31), zenith, azimuth)
    thickness = np.zeros((512, 512), dtype=np.float32)
    thickness[40:46, 40:46] = 30
    empty = np.zeros_like(thickness)
    return Sky((Layer(thickness, height, 0.1), Layer(empty, 10.0, 1.0)), SIDE, acquisition)


@pytest.mark.parametrize(("height", "zenith", "azimuth"), [(1.0, 35.0, 150.0), (0.6, 50.0, 165.0), (0.5, 40.0, 200.0)])
def test_a_shadow_lies_away_from_the_sun_by_height_times_tangent(height: float, zenith: float, azimuth: float) -> None:
    sky = one_cloud(height, zenith, azimuth)
    shadow = np.argwhere(light(sky).sunlit < 0.7).mean(axis=0)
    cloud = np.argwhere(sky.view(sky.layers[0]) > 1).mean(axis=0)
    south, east = (shadow - cloud) * CELL
    length = 1000 * height * np.tan(np.radians(zenith))
    assert np.hypot(south, east) == pytest.approx(length, abs=CELL)
    assert -south == pytest.approx(-length * np.cos(np.radians(azimuth)), abs=CELL)  # north, as the sun is in the south
    assert east == pytest.approx(-length * np.sin(np.radians(azimuth)), abs=CELL)


def test_clouds_brighten_and_hide() -> None:
    thickness = np.array([0, 0.5, 3.6, 20], dtype=np.float32)
    brightness = reflected(thickness, 0.8)
    assert brightness[0] == 0
    assert (np.diff(brightness) > 0).all()
    assert brightness[1] < 0.1
    assert brightness[3] > 0.5
    assert unscattered(thickness, 1.0)[3] < 0.01
    # a lower sun is reflected more
    assert (reflected(thickness[1:], 0.4) > brightness[1:]).all()


def test_light_keeps_its_mean_from_grid_to_grid() -> None:
    at20 = light(one_cloud(1.0, 40.0, 160.0))
    at10, at60 = at20.fine(), at20.coarse(3)
    assert at10.low.shape == (180, 180)
    assert at60.low.shape == (30, 30)
    assert at60.low.mean() == pytest.approx(at20.low.mean(), rel=1e-4)
    assert at10.low.mean() == pytest.approx(at20.low.mean(), rel=0.02)


def test_fractal_fields_are_standard_and_periodic() -> None:
    field = fractal(np.random.default_rng(0), (256, 256), 20.0, 1000.0)
    assert field.mean() == pytest.approx(0, abs=1e-3)
    assert field.std() == pytest.approx(1, abs=1e-3)
    assert np.abs(field[0] - field[-1]).mean() < 3 * np.abs(np.diff(field, axis=0)).mean()


def test_block_means() -> None:
    field = np.arange(36, dtype=np.float32).reshape(6, 6)
    np.testing.assert_allclose(block_mean(field, 3), field.reshape(2, 3, 2, 3).mean(axis=(1, 3)))
