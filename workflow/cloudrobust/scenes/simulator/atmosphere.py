"""From the ground to the top of the atmosphere and back.

The form of 6S for a uniform Lambertian ground (Vermote et al. 1997, IEEE Trans. Geosci. Remote Sens. 35:675-686):
ρ_TOA = Tg (ρ_path + T↓ T↑ ρ / (1 - S ρ)). Its terms:

- Rayleigh optical thickness: Hansen & Travis 1974 (Space Sci. Rev. 16:527-610); aerosol by Ångström's law, exponent
  1.3, single scattering albedo 0.93, two-lobed Henyey-Greenstein phase function (Kattawar 1975, J. Quant. Spectrosc.
  Radiat. Transf. 15:839-849) like that of continental aerosol.
- Path reflectance: single scattering, and for further orders a term (1 - exp(-τ/μs)) (1 - exp(-τ/μv)) Δ as in Vermote &
  Tanré 1992 (J. Quant. Spectrosc. Radiat. Transf. 47:305-314), with their fitted Δ(τ, μ) held at 0.3.
- Transmittances exp(-(0.52 τR + 0.167 τa) / μ) and spherical albedo (0.92 τR + 0.333 τa) exp(-(τR + τa)): Tanré et al.
  1979 (Appl. Opt. 18:3587-3594).
- Gases: ozone by Beer's law with Chappuis coefficients; water vapour exp(-a (w m)^b) and constant well-mixed gases as
  in SMAC (Rahman & Dedieu 1994, Int. J. Remote Sens. 15:123-143), the coefficients chosen so that clear and cloudy
  reflectances of B09 and B10 agree with real Sentinel-2 scenes of Bavaria and Slovenia.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bands import BAND
from .canopy import AZIMUTH, VIEW

Array = NDArray[np.float64]

WAVELENGTH = np.array([band.wavelength for band in BAND.values()]) / 1000  # µm
PRESSURE = np.exp(-0.45 / 8.4)  # of 450 m above sea level, relative to sea level
ANGSTROM, ALBEDO, MULTIPLE = 1.3, 0.93, 0.3
LOBES = ((0.93, 0.75), (0.07, -0.5))  # share and asymmetry of the forward and the backward lobe
ASYMMETRY = sum(share * g for share, g in LOBES)
VAPOUR_SCALE = 2.1  # km, scale height of water vapour
# in the order B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12
OZONE = np.array([0.003, 0.021, 0.10, 0.048, 0.018, 0.009, 0.002, 0, 0, 0, 0, 0, 0])  # 1/(atm-cm)
VAPOUR_A = np.array([0, 0, 0.001, 0.003, 0.006, 0.012, 0.003, 0.017, 0.003, 0.58, 1.65, 0.006, 0.014])
VAPOUR_B = np.array([1, 1, 0.7, 0.7, 0.7, 0.7, 0.7, 0.6, 0.7, 0.55, 0.85, 0.6, 0.6])
MIXED = np.array([0, 0, 0, 0.002, 0.002, 0.001, 0.001, 0.001, 0, 0, 0.005, 0.012, 0.025])  # optical thickness


@dataclass(frozen=True)
class Air:
    """The atmosphere of an acquisition, arrays (band,).

    Attributes
    ----------
    path: reflectance of the air itself.
    down, up: transmittances from the sun to the ground and from there to the satellite, direct and diffuse light.
    spherical: spherical albedo of the air seen from the ground.
    direct: share of direct light in what reaches the ground.
    gas: two-way transmittance of absorbing gases.
    """

    path: Array
    down: Array
    up: Array
    spherical: Array
    direct: Array
    gas: Array

    def top(self, surface: Array) -> Array:
        """Reflectance at the top of the atmosphere of a uniform ground (…, band)."""
        return np.asarray(self.gas * (self.path + self.down * self.up * surface / (1 - self.spherical * surface)))


def air(sun_zenith: float, aerosol: float, water_vapour: float, ozone: float) -> Air:
    """The atmosphere for a sun zenith (degrees), an aerosol optical thickness at 550 nm, and columns of water (cm) and
    ozone (atm-cm)."""
    sun, view = np.cos(np.radians(sun_zenith)), np.cos(np.radians(VIEW))
    rayleigh = PRESSURE * 0.008569 * WAVELENGTH**-4 * (1 + 0.0113 * WAVELENGTH**-2 + 0.00013 * WAVELENGTH**-4)
    haze = aerosol * (WAVELENGTH / 0.55) ** -ANGSTROM
    thickness = rayleigh + haze
    sines = np.sin(np.radians(sun_zenith)) * np.sin(np.radians(VIEW))
    scattering = -(sun * view + sines * np.cos(np.radians(AZIMUTH)))
    phase_rayleigh = 0.75 * (1 + scattering**2)
    phase_haze = sum(share * _henyey_greenstein(g, scattering) for share, g in LOBES)
    phase = (rayleigh * phase_rayleigh + ALBEDO * haze * phase_haze) / thickness
    single = phase / (4 * (sun + view)) * -np.expm1(-thickness * (1 / sun + 1 / view))
    effective = rayleigh + (1 - ASYMMETRY) * haze
    multiple = MULTIPLE * np.expm1(-effective / sun) * np.expm1(-effective / view)
    loss = 0.52 * rayleigh + 0.167 * haze
    down = np.exp(-loss / sun)
    return Air(
        path=single + multiple,
        down=down,
        up=np.exp(-loss / view),
        spherical=(0.92 * rayleigh + 0.333 * haze) * np.exp(-thickness),
        direct=np.exp(-thickness / sun) / down,
        gas=gases(sun_zenith, water_vapour, ozone),
    )


def _henyey_greenstein(g: float, cosine: float) -> float:
    """Phase function of asymmetry g at a scattering angle with the given cosine."""
    return float((1 - g**2) / (1 + g**2 - 2 * g * cosine) ** 1.5)


def gases(sun_zenith: float, water_vapour: float, ozone: float, height: float = 0.0) -> Array:
    """Two-way transmittance of the gases above `height` (km), (band,); ozone lies above every cloud."""
    mass = 1 / np.cos(np.radians(sun_zenith)) + 1 / np.cos(np.radians(VIEW))
    vapour = water_vapour * np.exp(-height / VAPOUR_SCALE) * mass
    mixed = MIXED * np.exp(-height / 8.4) * mass
    return np.asarray(np.exp(-OZONE * ozone * mass - VAPOUR_A * vapour**VAPOUR_B - mixed))


def correct(top: NDArray[np.float32], band: int, estimate: Air) -> NDArray[np.float32]:
    """Ground reflectance that a correction finds: the form above solved for ρ, with an estimated atmosphere.

    Parameters
    ----------
    top: reflectance at the top of the atmosphere in one band, any shape.
    band: its number.
    estimate: the atmosphere that the correction believes in; it knows of no clouds.
    """
    scattered = top / np.float32(estimate.gas[band]) - np.float32(estimate.path[band])
    through = np.float32(estimate.down[band] * estimate.up[band])
    return np.asarray(scattered / (through + np.float32(estimate.spherical[band]) * scattered), dtype=np.float32)


def estimate_of(rng: np.random.Generator, sun_zenith: float, aerosol: float, water_vapour: float, cloud: float) -> Air:
    """What an atmospheric correction makes of an atmosphere.

    Aerosol retrievals over land err by 0.05 + 15 % or so (Vermote & Kotchenova 2008, J. Geophys. Res. 113:D23S90;
    similar in the atmospheric correction inter-comparison of Doxani et al. 2018, Remote Sens. 10:352); water vapour
    by 10 %. The more `cloud` (0..1) there is, the fewer dark pixels, and the closer is the retrieval to its default
    of 0.15.
    """
    retrieved = aerosol * rng.lognormal(0, 0.15) + rng.normal(0, 0.025)
    believed = float(np.clip((1 - cloud) * retrieved + cloud * 0.15, 0.02, 1.0))
    return air(sun_zenith, believed, water_vapour * rng.lognormal(0, 0.1), 0.33)
