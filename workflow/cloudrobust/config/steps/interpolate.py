"""Parameters of the temporal interpolation."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from ..base import Part


class Interpolate(Part):
    """Temporal interpolation onto equal dates."""

    do: Literal["interpolate"] = "interpolate"
    method: Literal["linear", "nearest", "previous", "cubic", "akima", "truth"] = Field(
        "linear",
        description="Between the observations on either side: a line, the nearer or the earlier of them, or a smooth "
        "curve through all (cubic spline, or Akima's, which overshoots less). truth: what the ground really reflected, "
        "which the simulator knows; for experiments.",
    )
    every: str = Field("14d", description="Distance of the dates, whole days written like 14d.")
    edges: Literal["nearest", "missing"] = Field(
        "nearest", description="Before the first and after the last observation: repeat the nearest, or leave missing."
    )
    maximum_gap: int | None = Field(
        None,
        ge=1,
        description="Days between two observations beyond which dates between them are missing; at the edges, and for "
        "nearest and previous, days to the observation that is repeated.",
    )

    @field_validator("every")
    @classmethod
    def _whole_days(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d{0,2}d", value):
            raise ValueError(f"{value!r} is no distance of dates; write whole days like 14d")
        return value

    @field_validator("edges", mode="before")
    @classmethod
    def _no_extrapolation(cls, value: Any) -> Any:
        if isinstance(value, str) and "extrapol" in value.lower():
            raise ValueError(f"{value!r} would invent values outside the observations; write nearest or missing")
        return value

    @property
    def needs_truth(self) -> bool:
        """Whether it looks at what only the simulator knows."""
        return self.method == "truth"

    @property
    def days(self) -> int:
        """Distance of the dates in days."""
        return int(self.every[:-1])
