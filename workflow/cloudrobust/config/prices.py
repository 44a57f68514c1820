"""What a unit of each resource costs, and how long archives take to publish a scene."""

from __future__ import annotations

from pydantic import Field

from .base import Part
from .finished import Level


class Prices(Part):
    """What a unit of each resource costs; without prices the report gives quantities alone."""

    currency: str = Field("EUR", min_length=1, description="Currency of the prices, as it is to be printed.")
    core_hour: float | None = Field(None, ge=0, description="Price of one core for one hour.")
    gigabyte: float | None = Field(None, ge=0, description="Price of downloading a gigabyte (1e9 bytes).")
    processing_unit: float | None = Field(None, ge=0, description="Price of a processing unit of Sentinel Hub.")
    kilowatt_hour: float | None = Field(
        None, ge=0, description="Price of a kilowatt hour; leave it out where the price of a core hour contains it."
    )
    publication_hours: dict[Level, float] = Field(
        default_factory=dict,
        description="Hours from the acquisition of a scene until your archive offers it, by level; not measured here.",
    )
