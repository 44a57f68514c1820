"""Mask by s2cloudless, which looks at top-of-atmosphere spectra (L1C)."""

from __future__ import annotations

import numpy as np

from ...config.steps import Cloudless
from ..cloudless import BANDS, cloud_mask, probability
from .ground import Found, Ground


def find(ground: Ground, method: Cloudless) -> Found:
    """Clouds as the package finds them on the grid of the method's resolution.

    Bands that are finer are averaged, coarser ones repeated. Averaging and dilation are the package's, their
    metres rounded to whole pixels. A pixel that lacks a band is unknown.
    """
    spectra = ground.spectra(BANDS, "L1C", method.resolution)
    chance = probability(spectra.values)
    side = float(np.mean(spectra.pixel))
    clouds = cloud_mask(chance, method.threshold, round(method.average / side), round(method.dilate / side))
    return Found(ground.brought(clouds, spectra), ground.brought(np.isnan(chance), spectra), grown=True)


def reach(ground: Ground, method: Cloudless) -> float:  # noqa: ARG001
    """The disk of the averaging, rounded up to a pixel of its grid."""
    return method.reach
