"""What scenes cost to fetch: requests, processing units, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which loads the libraries of rasters
    from .store.record import SceneRecord


@dataclass(frozen=True)
class Cost:
    """What something costs.

    Attributes
    ----------
    scenes: how many.
    requests: for data; searches and tokens, of which there are few, do not count.
    units: processing units of Sentinel Hub; nothing elsewhere.
    bytes: to receive.
    """

    scenes: int = 0
    requests: int = 0
    units: float = 0.0
    bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.scenes + other.scenes,
            self.requests + other.requests,
            self.units + other.units,
            self.bytes + other.bytes,
        )

    def __str__(self) -> str:
        return (
            f"{self.scenes} scenes, {self.requests} requests, {self.units:.1f} processing units, "
            f"{self.bytes / 1e6:.1f} MB"
        )


def spent(record: SceneRecord) -> Cost:
    """What a scene of the store cost, by its record."""
    told = record.source.get("spent", {})
    return Cost(1, int(told.get("requests", 0)), float(told.get("processing_units", 0)), int(told.get("bytes", 0)))
