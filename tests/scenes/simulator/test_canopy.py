"""The table of canopies agrees with PROSAIL and gives the spectra one knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import prosail
import pytest

from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.simulator import canopy as module
from cloudrobust.scenes.simulator.canopy import Canopy, band_average, load_or_tabulate


@pytest.mark.parametrize(
    ("lai", "chlorophyll", "angle", "sun"), [(0.4, 30, 55, 50), (1.2, 55, 48, 35), (3.3, 45, 60, 30), (6.0, 25, 65, 60)]
)
def test_interpolation_is_close_to_prosail_itself(
    canopy: Canopy, lai: float, chlorophyll: float, angle: float, sun: float
) -> None:
    soils = prosail.spectral_lib.soil
    soil = 0.6 * soils.rsoil1 + 0.1 * soils.rsoil2
    exact = prosail.run_prosail(
        module.STRUCTURE, chlorophyll, chlorophyll / 5, 0.2, module.WATER * (1 - 0.6 * 0.2), module.DRY_MATTER, lai,
        angle, module.HOT_SPOT, sun, module.VIEW, module.AZIMUTH, ant=0.5, prospect_version="D", rsoil0=soil,
    )  # fmt: skip
    expected = band_average(exact, module.WAVELENGTHS.astype(float))
    ground = band_average(soil, module.WAVELENGTHS.astype(float))
    found = canopy.reflectance(*(np.array(v) for v in (lai, chlorophyll, 0.2, angle)), sun, ground)
    # brown pigments absorb very unevenly, and the table has but two of their levels
    np.testing.assert_allclose(found, expected, atol=0.035)


def test_without_leaves_the_soil_is_seen(canopy: Canopy) -> None:
    zero = np.zeros(())
    found = canopy.reflectance(zero, zero + 40, zero, zero + 55, 40.0, canopy.dry_soil)
    np.testing.assert_allclose(found, canopy.dry_soil, atol=1e-3)


def test_leaves_are_dark_in_red_and_bright_in_infrared(canopy: Canopy) -> None:
    values = canopy.reflectance(*(np.array(v) for v in (5.0, 45.0, 0.0, 55.0)), 35.0, canopy.dry_soil)
    spectrum = dict(zip(BANDS, values, strict=True))
    assert spectrum["B04"] < 0.04
    assert spectrum["B08"] > 0.35
    assert spectrum["B04"] < spectrum["B03"] < spectrum["B05"] < spectrum["B06"] < spectrum["B07"]


def test_the_table_is_made_once(tmp_path: Path, canopy: Canopy, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(module, "tabulate", lambda: made.append(1) or canopy)
    first, second = load_or_tabulate(tmp_path), load_or_tabulate(tmp_path)
    assert made == [1]
    np.testing.assert_array_equal(first.table, second.table)
