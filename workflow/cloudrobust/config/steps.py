"""The preprocessing steps' parameters: one class a kind of step, documented where it is defined."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from .base import Part

DAY = r"^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class Select(Part):
    """Temporal selection: keep the dates within a window, of every year (MM-DD) or of one (YYYY-MM-DD)."""

    do: Literal["select"] = "select"
    start: str = Field("01-01", pattern=DAY, description="First day of the window, MM-DD or YYYY-MM-DD, included.")
    end: str = Field("12-31", pattern=DAY, description="Last day of the window, in the same form, included.")

    @model_validator(mode="after")
    def _in_order(self) -> Select:
        for field in ("start", "end"):
            text = getattr(self, field)
            try:
                dt.date.fromisoformat(text if len(text) == 10 else f"2024-{text}")
            except ValueError:
                raise ValueError(f"{field} {text!r} is no day; write MM-DD or YYYY-MM-DD") from None
        if len(self.start) != len(self.end):
            raise ValueError(
                f"start {self.start!r} and end {self.end!r} differ in form; write both with or without year"
            )
        if self.start > self.end:
            raise ValueError(f"end {self.end!r} lies before start {self.start!r}; swap them")
        return self

    def keeps(self, day: dt.date) -> bool:
        """Whether `day` lies in the window."""
        return self.start <= day.isoformat()[-len(self.start) :] <= self.end


class Mask(Part):
    """Cloud mask: pixels whose scene classification is listed count as not observed."""

    do: Literal["mask"] = "mask"
    method: Literal["scl"] = Field("scl", description="Scene classification layer of L2A.")
    classes: tuple[Annotated[int, Field(ge=0, le=11)], ...] = Field(
        (0, 1, 3, 8, 9, 10, 11), min_length=1, description="SCL classes that are masked (0 and 1 hold no data)."
    )
    dilate: float = Field(0.0, ge=0, le=1000, description="Metres by which the masked area grows on every side.")
    minimum_clear: float = Field(
        0.5, ge=0, le=1, description="A parcel clear by a smaller share than this counts as not observed on that date."
    )


class Interpolate(Part):
    """Temporal interpolation onto equal dates."""

    do: Literal["interpolate"] = "interpolate"
    method: Literal["linear"] = Field("linear", description="Linear between the observations on either side.")
    every: str = Field("14d", description="Distance of the dates, whole days written like 14d.")
    edges: Literal["nearest", "missing"] = Field(
        "nearest", description="Before the first and after the last observation: repeat the nearest, or leave missing."
    )

    @field_validator("every")
    @classmethod
    def _whole_days(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d{0,2}d", value):
            raise ValueError(f"{value!r} is no distance of dates; write whole days like 14d")
        return value

    @property
    def days(self) -> int:
        """Distance of the dates in days."""
        return int(self.every[:-1])


Step = Annotated[Select | Mask | Interpolate, Field(discriminator="do")]
