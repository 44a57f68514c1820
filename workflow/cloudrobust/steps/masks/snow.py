"""Mask of snow: by scene classification, or by the normalised difference snow index."""

from __future__ import annotations

import numpy as np

from ...config.steps import Snow
from .ground import Found, Ground

CLASS = 11
"""Snow or ice in the scene classification."""


def find(ground: Ground, method: Snow) -> Found:
    """Snow; where there is no data nothing is known.

    ndsi: (B03 - B11) / (B03 + B11) above a threshold, and a near infrared that water does not have (Dozier, J.
    (1989), "Spectral signature of alpine snow cover from the Landsat Thematic Mapper", Remote Sensing of
    Environment 28; thresholds of Hall, D. K., Riggs, G. A. and Salomonson, V. V. (1995), "Development of methods
    for mapping global snow cover using moderate resolution imaging spectroradiometer data", ibid. 54).
    """
    if method.by == "scl":
        snow = ground.classification() == CLASS
        return Found(snow, np.zeros(snow.shape, dtype=bool))
    green, short_wave, near_infrared = ground.spectra(["B03", "B11", "B8A"], ground.level).values
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (green - short_wave) / (green + short_wave)
        snow = (index > method.ndsi) & (near_infrared > method.near_infrared)
    return Found(snow, np.isnan(green) | np.isnan(short_wave) | np.isnan(near_infrared))


def reach(ground: Ground, method: Snow) -> float:  # noqa: ARG001
    """A pixel's index is its own."""
    return 0.0
