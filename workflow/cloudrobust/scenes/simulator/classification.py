"""A scene classification that errs as a real one does.

Modelled on the decisions of Sen2Cor (Louis et al. 2016, Proc. Living Planet Symp., ESA SP-740; Sen2Cor's Level-2A
Algorithm Theoretical Basis Document): brightness and snow index for clouds, B10 for cirrus, dark areas along the
cloud's projection for shadows, vegetation index for the rest. It sees only an estimate of what is there, with errors
that are coherent over some hundred metres, so that it
- misses thin cloud and cloud edges, and calls dry bare soil, straw and roofs cloud;
- finds cirrus where the air is dry or a cloud is high, and overlooks thin cirrus;
- places shadows by a wrong cloud height, misses weak ones, and calls dark forest and water shadow;
- confuses snow and cloud.
On real scenes masks agree on about 90 % of the pixels (Skakun et al. 2022, Remote Sens. Environ. 274:112990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clouds import CELL, Light, Sky, unscattered
from .fractal import fractal

Field = NDArray[np.float32]

DARK, SHADOW, VEGETATION, BARE, WATER, UNCLASSIFIED, MEDIUM, HIGH, CIRRUS, SNOW = range(2, 12)
"""Classes of the scene classification; 0 no data and 1 defective do not occur."""
CLOUDS = (MEDIUM, HIGH, CIRRUS)


@dataclass(frozen=True)
class Evidence:
    """What the classification looks at, float32 (rows, columns) at 20 m.

    Attributes
    ----------
    ground: true brightness of the ground in the visible, without clouds.
    cirrus: B10 at the top of the atmosphere.
    green, red, infrared, shortwave: B03, B04, B08 and B11 of the Level-2A product.
    """

    ground: Field
    cirrus: Field
    green: Field
    red: Field
    infrared: Field
    shortwave: Field


def classify(
    sky: Sky, light: Light, evidence: Evidence, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Scene classification and cloud probability in percent, both uint8 (rows, columns) at 20 m.

    Parameters
    ----------
    sky, light: the true clouds and their light, at 20 m.
    evidence: what the products show.
    rng: source of the errors.
    """
    shape = light.low.shape
    doubt = [fractal(rng, shape, CELL, 350.0, 3.2) for _ in range(4)]
    e = evidence

    # thresholds of a real classification are tuned scene by scene no better than this
    bias = rng.normal(0, 0.3)
    bright = (light.low + 0.8 * light.high) * np.exp(0.5 * doubt[0] + np.float32(bias))
    false = 1.1 * np.maximum(e.ground - 0.11, 0)
    perceived = bright + false + 0.02 * doubt[1]
    probability = 100 / (1 + np.exp(-(perceived - 0.15) / 0.03))

    ndvi = (e.infrared - e.red) / np.maximum(e.infrared + e.red, 1e-3)
    snow_index = (e.green - e.shortwave) / np.maximum(e.green + e.shortwave, 1e-3)
    classes = np.full(shape, UNCLASSIFIED, dtype=np.uint8)
    classes[ndvi < 0.27 + 0.02 * doubt[2]] = BARE
    classes[ndvi > 0.38 + 0.02 * doubt[2]] = VEGETATION
    dark = e.infrared < 0.11 + 0.02 * doubt[2]
    classes[dark] = DARK
    classes[(ndvi < 0.1) & (e.infrared < 0.09) & (e.shortwave < 0.08) & (doubt[3] > -1.6)] = WATER

    # the projection of clouds with their height guessed, kept where it is dark enough for its surroundings
    guess = float(rng.lognormal(0, 0.12))
    sun = float(np.cos(np.radians(sky.acquisition.sun_zenith)))
    depth = 1 - np.minimum(*(unscattered(sky.shade(layer, guess), sun) for layer in sky.layers))
    plausible = e.infrared < np.maximum(0.3, 0.8 * np.float32(np.median(e.infrared)))
    classes[(depth > 0.5 + 0.12 * doubt[3]) & plausible] = SHADOW
    classes[dark & (classes == DARK) & (doubt[3] > 1.3)] = SHADOW

    classes[e.cirrus > 0.014 * np.exp(0.3 * doubt[3])] = CIRRUS
    classes[probability >= 35] = MEDIUM
    classes[probability >= 80] = HIGH
    snow = (snow_index > 0.4 + 0.05 * doubt[2]) & (e.green > 0.25) & (bright < 0.3 + 0.1 * doubt[1])
    classes[snow] = SNOW
    probability[snow] = np.minimum(probability[snow], 20)
    return classes, np.rint(probability).clip(0, 100).astype(np.uint8)
