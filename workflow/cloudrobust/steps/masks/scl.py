"""Mask by ESA's scene classification of L2A (SCL).

Classes as in the Sen2Cor software user manual, S2-PDGS-MPC-L2A-SUM: 0 no data, 1 saturated or defective, 2 dark or
topographic shadow, 3 cloud shadow, 4 vegetation, 5 not vegetated, 6 water, 7 unclassified, 8 cloud of medium and
9 of high probability, 10 thin cirrus, 11 snow or ice.
"""

from __future__ import annotations

import numpy as np

from ...config.steps import SceneClasses
from .ground import Found, Ground


def find(ground: Ground, method: SceneClasses) -> Found:
    """The pixels of the listed classes; that there is no data is a class (0) like any other."""
    classification = ground.classification()
    return Found(np.isin(classification, method.classes), np.zeros(classification.shape, dtype=bool))


def reach(ground: Ground, method: SceneClasses) -> float:  # noqa: ARG001
    """A pixel's class is its own."""
    return 0.0
