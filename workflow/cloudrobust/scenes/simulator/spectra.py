"""Reflectance of what is no living canopy, in Sentinel-2's bands.

Rounded from typical spectra of the ECOSTRESS spectral library (Meerdink et al. 2019, Remote Sens. Environ. 230:111196:
roofing tile, concrete, asphalt, medium granular snow) and of the USGS spectral library version 7 (Kokaly et al. 2017,
USGS Data Series 1035: dry grass and straw); rapeseed flowers after field spectra of Sulik & Long 2016 (Remote Sens.
Environ. 184:161-167); water as of a moderately turbid lake (Mobley 1994, "Light and Water"). Snow agrees with Warren &
Wiscombe 1980 (J. Atmos. Sci. 37:2712-2733): bright in the visible, dark beyond 1.4 µm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _spectrum(*values: float) -> NDArray[np.float64]:
    """In the order B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12."""
    assert len(values) == 13
    return np.array(values)


STRAW = _spectrum(0.09, 0.12, 0.17, 0.23, 0.26, 0.28, 0.31, 0.33, 0.35, 0.36, 0.32, 0.36, 0.27)
FLOWERS = _spectrum(0.04, 0.05, 0.23, 0.22, 0.31, 0.42, 0.46, 0.48, 0.50, 0.48, 0.30, 0.25, 0.13)
WATER = _spectrum(0.032, 0.036, 0.044, 0.028, 0.022, 0.012, 0.012, 0.009, 0.008, 0.007, 0.003, 0.004, 0.003)
SNOW = _spectrum(0.95, 0.95, 0.95, 0.94, 0.93, 0.92, 0.90, 0.88, 0.86, 0.80, 0.30, 0.10, 0.08)
ASPHALT = _spectrum(0.08, 0.09, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.165, 0.17, 0.18, 0.20, 0.18)
CONCRETE = _spectrum(0.18, 0.21, 0.25, 0.28, 0.29, 0.30, 0.31, 0.32, 0.325, 0.33, 0.33, 0.35, 0.32)
ROOF_TILES = _spectrum(0.05, 0.06, 0.10, 0.20, 0.23, 0.25, 0.26, 0.27, 0.28, 0.29, 0.30, 0.34, 0.30)


def mix(
    share: NDArray[np.float64] | float, over: NDArray[np.float64], under: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A linear mixture: `share` (…) of the spectrum `over`, the rest of `under` (…, band)."""
    part = np.asarray(share)[..., None]
    return np.asarray(part * over + (1 - part) * under)
