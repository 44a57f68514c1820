"""The thirteen bands of Sentinel-2's MultiSpectral Instrument.

Central wavelength, the limits of the spectral response and the solar irradiance are those that
the product metadata of Sentinel-2A state (`Spectral_Information_List`, `Solar_Irradiance_List`).
Bandwidths are the full widths at half maximum of Sentinel-2A in ESA's "MultiSpectral Instrument
overview" (Sentinel-2 User Handbook, later SentiWiki), from the spectral responses
COPE-GSEG-EOPG-TN-15-0007. Sentinel-2B and 2C differ by a few nanometres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["L1C", "L2A"]


@dataclass(frozen=True)
class Band:
    """One spectral band.

    Attributes
    ----------
    name: B01 to B12 and B8A.
    band_id: its number in product metadata, 0 to 12.
    resolution: native pixel side in metres: 10, 20 or 60.
    wavelength: central wavelength in nm.
    bandwidth: full width at half maximum in nm.
    limits: first and last wavelength of the spectral response in nm.
    irradiance: solar irradiance at one astronomical unit in W/m²/µm.
    """

    name: str
    band_id: int
    resolution: int
    wavelength: float
    bandwidth: float
    limits: tuple[int, int]
    irradiance: float

    @property
    def physical(self) -> str:
        """The name in product metadata, without the leading zero: B1, B8A, B12."""
        return "B" + self.name[1:].lstrip("0")


BAND: dict[str, Band] = {
    band.name: band
    for band in (
        Band("B01", 0, 60, 442.7, 21, (412, 456), 1884.69),
        Band("B02", 1, 10, 492.7, 66, (456, 533), 1959.66),
        Band("B03", 2, 10, 559.8, 36, (538, 583), 1823.24),
        Band("B04", 3, 10, 664.6, 31, (646, 684), 1512.06),
        Band("B05", 4, 20, 704.1, 15, (695, 714), 1424.64),
        Band("B06", 5, 20, 740.5, 15, (731, 749), 1287.61),
        Band("B07", 6, 20, 782.8, 20, (769, 797), 1162.08),
        Band("B08", 7, 10, 832.8, 106, (760, 907), 1041.63),
        Band("B8A", 8, 20, 864.7, 21, (837, 881), 955.32),
        Band("B09", 9, 60, 945.1, 20, (932, 958), 812.92),
        Band("B10", 10, 60, 1373.5, 31, (1337, 1412), 367.15),
        Band("B11", 11, 20, 1613.7, 91, (1539, 1682), 245.59),
        Band("B12", 12, 20, 2202.4, 175, (2078, 2320), 85.25),
    )
}
"""Bands by name, in the order of their numbers."""

BANDS: tuple[str, ...] = tuple(BAND)
"""Names of the thirteen bands, in the order of their numbers."""


def bands_of(level: str) -> tuple[str, ...]:
    """Names of the bands that a level holds: all thirteen for L1C, without the cirrus band B10 for L2A."""
    if level == "L1C":
        return BANDS
    if level == "L2A":
        return tuple(name for name in BANDS if name != "B10")
    raise ValueError(f"level must be L1C or L2A, not {level!r}")
