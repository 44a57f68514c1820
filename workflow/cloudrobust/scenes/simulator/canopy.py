"""Reflectance of leaf canopies: PROSAIL, tabulated once and interpolated.

Leaves by PROSPECT-D (Féret et al. 2017, Remote Sens. Environ. 193:204-215), canopies by 4SAIL (Verhoef 1984, Remote
Sens. Environ. 16:125-141; Jacquemoud et al. 2009, Remote Sens. Environ. 113:S56-S66), both from the package
`prosail`. 4SAIL gives the canopy's own reflectances and transmittances; the soil below enters analytically, so it
needs no axis in the table. Spectra are averaged over Sentinel-2's bands with Gaussian responses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from ...atomic import atomic
from ..bands import BAND

Array = NDArray[np.float64]

LAI = np.array([0.0, 0.2, 0.5, 0.9, 1.4, 2.0, 2.8, 3.8, 5.2, 7.5])
CHLOROPHYLL = np.array([8.0, 20.0, 40.0, 70.0])  # µg/cm²
BROWN = np.array([0.0, 1.0])
ANGLE = np.array([40.0, 55.0, 70.0])  # degrees, mean of an ellipsoidal leaf angle distribution
SUN = np.array([24.0, 40.0, 55.0, 68.0, 76.0])  # zenith, degrees
AXES = (LAI, CHLOROPHYLL, BROWN, ANGLE, SUN)

# the other inputs, customary values for crops: leaf structure, equivalent water and dry matter (g/cm²), hot spot
STRUCTURE, WATER, DRY_MATTER, HOT_SPOT = 1.5, 0.014, 0.005, 0.1
VIEW, AZIMUTH = 6.0, 60.0  # view zenith and azimuth between sun and view, degrees, as at the edge of two orbits
WAVELENGTHS = np.arange(400, 2501)
STEP = 5  # nm between the wavelengths that are computed


@dataclass(frozen=True)
class Canopy:
    """The table, and the soil spectra that come with the package.

    Attributes
    ----------
    table: float64, one axis for each of `AXES`, then 4 × bands + 3 values: for each band the canopy's reflectance
        for direct light `rso` and for diffuse light `rdd`, its transmittances from direct to diffuse `tsd` and from
        diffuse to the view `tdo`; then the direct transmittances `tss`, `too` and the joint one `tsstoo`.
    dry_soil, wet_soil: reflectance (band,).
    """

    table: Array
    dry_soil: Array
    wet_soil: Array

    @cached_property
    def _interpolator(self) -> RegularGridInterpolator:
        return RegularGridInterpolator(AXES, self.table)

    def reflectance(
        self, lai: Array, chlorophyll: Array, brown: Array, angle: Array, sun_zenith: float, soil: Array
    ) -> Array:
        """Bidirectional reflectance of canopies over Lambertian soil.

        Parameters
        ----------
        lai, chlorophyll, brown, angle: arrays of one shape (…); beyond the table's range they are clipped.
        sun_zenith: degrees.
        soil: reflectance of the ground (…, band).

        Returns
        -------
        (…, band), after 4SAIL: rso + tsstoo ρ + ((tss + tsd) tdo + (tsd + tss ρ rdd) too) ρ / (1 - ρ rdd).
        """
        values = (lai, chlorophyll, brown, angle, np.full(np.shape(lai), sun_zenith))
        points = np.stack([np.clip(v, axis[0], axis[-1]) for v, axis in zip(values, AXES, strict=True)], axis=-1)
        found = self._interpolator(points).reshape(*np.shape(lai), -1)
        bands = len(BAND)
        rso, rdd, tsd, tdo = (found[..., i * bands : (i + 1) * bands] for i in range(4))
        tss, too, tsstoo = (found[..., 4 * bands + i, None] for i in range(3))
        below = ((tss + tsd) * tdo + (tsd + tss * soil * rdd) * too) * soil / (1 - soil * rdd)
        return np.asarray(rso + tsstoo * soil + below)


def band_average(spectra: Array, wavelengths: Array) -> Array:
    """Means of spectra (…, wavelength) over the bands, weighted with Gaussians of the bands' widths: (…, band)."""
    sigma = np.array([b.bandwidth for b in BAND.values()]) / 2.3548
    center = np.array([b.wavelength for b in BAND.values()])
    weight = np.exp(-0.5 * ((wavelengths[:, None] - center) / sigma) ** 2)
    return np.asarray(spectra @ (weight / weight.sum(axis=0)))


def tabulate() -> Canopy:
    """Compute the table: 1,200 canopies, half a second."""
    # numba, which prosail compiles with, costs a second to import: only where the table is made
    import prosail
    from prosail.FourSAIL import foursail

    every = slice(None, None, STEP)
    wavelengths = WAVELENGTHS[every].astype(float)
    black = np.zeros(len(wavelengths))
    table = np.empty((*(len(axis) for axis in AXES), 4 * len(BAND) + 3))
    for c, chlorophyll in enumerate(CHLOROPHYLL):
        for b, brown in enumerate(BROWN):
            _, leaf, through = prosail.run_prospect(
                STRUCTURE, chlorophyll, chlorophyll / 5, brown, WATER * (1 - 0.6 * brown), DRY_MATTER, ant=0.5
            )
            leaf, through = leaf[every].copy(), through[every].copy()
            for a, angle in enumerate(ANGLE):
                for s, sun in enumerate(SUN):
                    spectra = np.empty((len(LAI), 4, len(wavelengths)))
                    for i, lai in enumerate(LAI):
                        (tss, too, tsstoo, rdd, _, _, tsd, _, tdo, rso, *_) = foursail(
                            leaf, through, angle, 0.0, 2, lai, HOT_SPOT, sun, VIEW, AZIMUTH, black
                        )
                        for q, quantity in enumerate((rso, rdd, tsd, tdo)):
                            spectra[i, q] = quantity
                        table[i, c, b, a, s, -3:] = tss, too, tsstoo
                    table[:, c, b, a, s, :-3] = band_average(spectra, wavelengths).reshape(len(LAI), -1)
    soils = prosail.spectral_lib.soil
    dry, wet = (band_average(s[every], wavelengths) for s in (soils.rsoil1, soils.rsoil2))
    return Canopy(table, dry, wet)


def load_or_tabulate(folder: Path) -> Canopy:
    """The table from a file in `folder`, which is written where it is missing; its name tells what is in it."""
    parts = [*AXES, WAVELENGTHS[::STEP], [STRUCTURE, WATER, DRY_MATTER, HOT_SPOT, VIEW, AZIMUTH]]
    parts += [[b.wavelength, b.bandwidth] for b in BAND.values()]
    key = hashlib.sha256(repr([np.asarray(p, dtype=float).tolist() for p in parts]).encode()).hexdigest()[:12]
    path = folder / f"canopy-{key}.npz"
    if not path.is_file():
        canopy = tabulate()
        with atomic(path) as part:
            np.savez(part, table=canopy.table, dry_soil=canopy.dry_soil, wet_soil=canopy.wet_soil)
    with np.load(path) as file:
        return Canopy(file["table"], file["dry_soil"], file["wet_soil"])
