"""The place at which pixels become parcels."""

from __future__ import annotations

from typing import Literal

from ..base import Part


class Aggregate(Part):
    """Pixels become parcels here, so that steps before it work on pixels; else they do before the first such step."""

    do: Literal["aggregate"] = "aggregate"
