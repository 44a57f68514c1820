"""Parameters of normalisation."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ..base import Part


class Normalise(Part):
    """Values brought to a common scale, each series by itself, so that no parcel learns of another."""

    do: Literal["normalise"] = "normalise"
    method: Literal["series", "spectrum", "range"] = Field(
        "series",
        description="Each parcel's band to mean 0 and deviation 1 over its dates; or each spectrum to length 1; or "
        "low to 0 and high to 1.",
    )
    low: float = Field(0.0, description="Value that becomes 0 (range).")
    high: float = Field(1.0, description="Value that becomes 1 (range).")

    @model_validator(mode="after")
    def _fits_together(self) -> Normalise:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}; swap them")
        for field in ("low", "high"):
            if field in self.model_fields_set and self.method != "range":
                raise ValueError(f"{field} belongs to method range, not to {self.method}; remove one of them")
        return self

    @model_serializer(mode="wrap")
    def _what_counts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = handler(self)
        return content if self.method == "range" else {"do": self.do, "method": self.method}
