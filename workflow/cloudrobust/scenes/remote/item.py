"""A scene as a STAC API describes it; Sentinel Hub's catalogue is one, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ..source import Found


@dataclass(frozen=True)
class FoundItem(Found):
    """A scene in a catalogue; `item` is the STAC item as the API gave it."""

    item: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def cloud_cover(self) -> float:
        """Percent, by the catalogue's word; nan where it says none."""
        return float(self.item["properties"].get("eo:cloud_cover", "nan"))

    @property
    def footprint(self) -> BaseGeometry:
        """What was sensed, longitude and latitude."""
        return shape(self.item["geometry"])

    @property
    def sensed(self) -> datetime:
        """When the tile was sensed, naive UTC; the datatake's start, which is earlier, where the item does not tell."""
        try:
            moment = datetime.fromisoformat(str(self.item["properties"]["datetime"]).replace("Z", "+00:00"))
        except (KeyError, ValueError):
            return self.time
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
