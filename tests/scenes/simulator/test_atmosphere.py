"""The atmosphere brightens what is dark, absorbs where gases do, and can be undone."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from cloudrobust.scenes import sun
from cloudrobust.scenes.bands import BAND, BANDS
from cloudrobust.scenes.simulator import sensor
from cloudrobust.scenes.simulator.atmosphere import air, correct, estimate_of, gases


def test_dark_targets_look_bright_in_the_blue() -> None:
    top = air(40.0, 0.1, 1.5, 0.33).top(np.full(13, 0.03))
    assert top[1] > 0.06
    assert top[0] > top[1] > top[2] > top[3]
    assert top[BAND["B11"].band_id] == pytest.approx(0.03, abs=0.006)


def test_reflectance_over_dark_vegetation_agrees_with_real_scenes() -> None:
    """Medians of B01 to B04 over a wooded place in Slovenia on a clear July day: 0.102, 0.073, 0.063, 0.036."""
    leaves = np.array([0.015, 0.02, 0.04, 0.018])
    top = air(27.0, 0.08, 1.8, 0.33).top(np.concatenate([leaves, np.full(9, 0.1)]))[:4]
    np.testing.assert_allclose(top, [0.102, 0.073, 0.063, 0.036], atol=0.012)


def test_haze_brightens_dark_and_darkens_bright_ground() -> None:
    thin, thick = (air(40.0, aerosol, 1.5, 0.33) for aerosol in (0.05, 0.6))
    assert (thick.top(np.full(13, 0.01))[:4] > thin.top(np.full(13, 0.01))[:4]).all()
    assert thick.top(np.full(13, 0.9))[3] < thin.top(np.full(13, 0.9))[3]


def test_water_vapour_blackens_the_cirrus_band_but_not_above_high_clouds() -> None:
    cirrus, vapour = BAND["B10"].band_id, BAND["B09"].band_id
    whole = gases(40.0, 1.8, 0.33)
    assert whole[cirrus] < 0.02
    assert 0.1 < whole[vapour] < 0.5
    low, high = gases(40.0, 1.8, 0.33, height=1.5), gases(40.0, 1.8, 0.33, height=10.0)
    assert low[cirrus] < 0.15
    assert high[cirrus] > 0.8
    assert np.delete(whole, [cirrus, vapour]).min() > 0.85


def test_correction_with_the_true_atmosphere_returns_the_ground() -> None:
    true = air(50.0, 0.2, 1.5, 0.33)
    ground = np.linspace(0.0, 0.6, 13)
    top = true.top(ground).astype(np.float32)
    for name in BANDS:
        i = BAND[name].band_id
        assert correct(top[i : i + 1], i, true)[0] == pytest.approx(ground[i], abs=2e-4)


def test_the_estimated_atmosphere_errs_but_not_much() -> None:
    errors = []
    for seed in range(200):
        estimate = estimate_of(np.random.default_rng(seed), 40.0, 0.12, 1.5, 0.0)
        top = air(40.0, 0.12, 1.5, 0.33).top(np.full(13, 0.04)).astype(np.float32)
        errors.append(correct(top[1:2], 1, estimate)[0] - 0.04)
    assert 0.001 < np.std(errors) < 0.01
    assert abs(np.mean(errors)) < 0.003


def test_the_sun_over_bavaria() -> None:
    zenith, azimuth = sun.position(datetime(2022, 6, 21, 10, 10, 31), 11.03, 48.38)
    assert zenith == pytest.approx(28.4, abs=0.6)
    assert 135 < azimuth < 155
    zenith, _ = sun.position(datetime(2022, 12, 21, 10, 10, 31), 11.03, 48.38)
    assert zenith == pytest.approx(73.4, abs=0.6)


def test_noise_has_the_required_ratio_at_the_reference_radiance() -> None:
    radiance, ratio = sensor.REQUIREMENT["B04"]
    reference = np.pi * radiance / BAND["B04"].irradiance
    image = np.full((400, 400), reference, dtype=np.float32)
    numbers = sensor.measure(image, "B04", 0.0, np.random.default_rng(0))
    assert numbers.dtype == np.int32
    assert numbers.mean() / numbers.std() == pytest.approx(ratio, rel=0.03)
