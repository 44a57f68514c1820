from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from cloudrobust.scenes.bands import BAND, BANDS, bands_of

L1C = "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248.SAFE__MTD_MSIL1C.xml"


def test_bands_stand_in_the_order_of_their_numbers() -> None:
    expected = "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12"
    assert " ".join(BANDS) == expected
    assert [BAND[name].band_id for name in BANDS] == list(range(13))


def test_level_2a_has_no_cirrus_band() -> None:
    assert bands_of("L1C") == BANDS
    assert set(bands_of("L1C")) - set(bands_of("L2A")) == {"B10"}
    with pytest.raises(ValueError, match="L3A"):
        bands_of("L3A")


def test_spectral_facts_are_those_of_real_product_metadata(real_data: Path) -> None:
    root = etree.parse(real_data / "safe-metadata" / L1C).getroot()
    irradiance = {int(e.get("bandId")): float(e.text) for e in root.iter("SOLAR_IRRADIANCE")}
    read = {}
    for e in root.iter("Spectral_Information"):
        read[e.get("physicalBand")] = (
            int(e.get("bandId")),
            int(e.findtext("RESOLUTION")),
            float(e.findtext("Wavelength/CENTRAL")),
            (int(e.findtext("Wavelength/MIN")), int(e.findtext("Wavelength/MAX"))),
            irradiance[int(e.get("bandId"))],
        )
    assert read == {b.physical: (b.band_id, b.resolution, b.wavelength, b.limits, b.irradiance) for b in BAND.values()}


def test_bandwidths_are_those_of_the_spectral_responses_in_real_product_metadata(real_data: Path) -> None:
    root = etree.parse(real_data / "safe-metadata" / L1C).getroot()
    widths = {}
    for e in root.iter("Spectral_Information"):
        response = np.array(e.findtext("Spectral_Response/VALUES").split(), float)
        above = np.flatnonzero(response >= response.max() / 2)
        # as ESA's table counts: whole steps, the first and the last above the half included
        widths[e.get("physicalBand")] = (above[-1] - above[0] + 1) * float(e.findtext("Spectral_Response/STEP"))
    assert {b.physical: b.bandwidth for b in BAND.values()} == pytest.approx(widths, abs=1)
