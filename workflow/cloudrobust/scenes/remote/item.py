"""A scene as a STAC API describes it; Sentinel Hub's catalogue is one, too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ..failures import SceneFailure
from ..source import Found


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one: items come from outside."""
    return value if isinstance(value, Mapping) else {}


def number(value: Any) -> float:
    """`value` as a number; nan where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


@dataclass(frozen=True)
class FoundItem(Found):
    """A scene in a catalogue; `item` is the STAC item as the API gave it."""

    item: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def cloud_cover(self) -> float:
        """Percent, by the catalogue's word; nan where it says none."""
        return number(mapping(self.item.get("properties")).get("eo:cloud_cover"))

    @property
    def footprint(self) -> BaseGeometry:
        """What was sensed, longitude and latitude."""
        try:
            return shape(self.item["geometry"])
        except Exception as error:  # shapely and GEOS have many for what is no GeoJSON
            raise SceneFailure(self.id, "the catalogue's item has no usable geometry") from error

    @property
    def sensed(self) -> datetime:
        """When the tile was sensed, naive UTC; the datatake's start, which is earlier, where the item does not tell."""
        try:
            moment = datetime.fromisoformat(
                str(mapping(self.item.get("properties"))["datetime"]).replace("Z", "+00:00")
            )
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (KeyError, ValueError, OverflowError):
            return self.time
