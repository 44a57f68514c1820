"""What the instrument adds: noise and quantisation.

Signal-to-noise ratios at reference radiances are the requirements of the mission (ESA, Sentinel-2 Mission
Requirements Document; Drusch et al. 2012, Remote Sens. Environ. 120:25-36, table 1). Noise grows with the square root
of the radiance (photon noise).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bands import BAND
from ..radiometry import SCALE

# band: reference radiance in W/m²/sr/µm, signal-to-noise ratio there
REQUIREMENT = {
    "B01": (129, 129), "B02": (128, 154), "B03": (128, 168), "B04": (108, 142), "B05": (74.5, 117), "B06": (68, 89),
    "B07": (67, 105), "B08": (103, 174), "B8A": (52.5, 72), "B09": (9, 114), "B10": (6, 50), "B11": (4, 100),
    "B12": (1.5, 100),
}  # fmt: skip


def noise_at_one(band: str) -> float:
    """Deviation of the noise at reflectance 1 under a sun in the zenith; it goes with the root of reflectance."""
    radiance, ratio = REQUIREMENT[band]
    reference = np.pi * radiance / BAND[band].irradiance  # reflectance of the reference radiance
    return float(np.sqrt(reference) / ratio)


def measure(
    reflectance: NDArray[np.float32], band: str, sun_zenith: float, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Harmonised digital numbers (10000 = reflectance 1) of a true reflectance at the top of the atmosphere."""
    # a low sun means less light for the same reflectance
    factor = np.float32(noise_at_one(band) / np.sqrt(np.cos(np.radians(sun_zenith))))
    noise = rng.standard_normal(reflectance.shape, dtype=np.float32)
    noise *= np.sqrt(np.maximum(reflectance, np.float32(1e-3))) * factor
    noise += reflectance
    noise *= SCALE
    return np.rint(noise).astype(np.int32)
