"""Mask by the cloud probability that ESA's processor Sen2Cor delivers with L2A (QI_DATA/MSK_CLDPRB)."""

from __future__ import annotations

from ...config.steps import CloudProbability
from .ground import Found, Ground

NO_DATA = 0
"""Class of the scene classification; the probability itself is 0 where there is no data."""


def find(ground: Ground, method: CloudProbability) -> Found:
    """The pixels whose probability exceeds the threshold; where the scene has no data nothing is known."""
    return Found(ground.cloud_probability() > 100 * method.threshold, ground.classification() == NO_DATA)


def reach(ground: Ground, method: CloudProbability) -> float:  # noqa: ARG001
    """A pixel's probability is its own."""
    return 0.0
