"""Parameters of smoothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ..base import Part


class Smooth(Part):
    """Smoothing along time; what is missing stays missing."""

    do: Literal["smooth"] = "smooth"
    method: Literal["whittaker", "savitzky-golay"] = Field(
        "whittaker", description="Penalised least squares, for any dates; or moving polynomials, for equal dates."
    )
    smoothness: float = Field(10.0, gt=0, le=1e9, description="Weight of the penalty, lambda (whittaker).")
    order: int = Field(2, ge=1, le=3, description="Order of the differences that are penalised (whittaker).")
    window: int = Field(7, ge=3, le=99, description="Dates in the moving window; odd (savitzky-golay).")
    degree: int = Field(2, ge=0, le=6, description="Degree of the polynomials (savitzky-golay).")

    @model_validator(mode="after")
    def _fits_together(self) -> Smooth:
        belongs = {"whittaker": ("smoothness", "order"), "savitzky-golay": ("window", "degree")}
        other = "savitzky-golay" if self.method == "whittaker" else "whittaker"
        for field in belongs[other]:
            if field in self.model_fields_set:
                raise ValueError(f"{field} belongs to method {other}, not to {self.method}; remove one of them")
        if self.window % 2 == 0:
            raise ValueError(f"window {self.window} has no middle date; write an odd number")
        if self.degree >= self.window:
            raise ValueError(f"degree {self.degree} needs a window of more dates than {self.window}; widen it")
        return self

    @model_serializer(mode="wrap")
    def _what_counts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = handler(self)
        used = ("smoothness", "order") if self.method == "whittaker" else ("window", "degree")
        return {key: content[key] for key in ("do", "method", *used)}
