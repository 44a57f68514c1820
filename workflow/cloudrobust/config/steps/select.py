"""Parameters of the temporal selection."""

from __future__ import annotations

import calendar
import datetime as dt
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..base import Part
from .common import DAY, Share


class Select(Part):
    """Temporal selection: keep the dates that fulfil every condition given."""

    do: Literal["select"] = "select"
    start: str = Field("01-01", pattern=DAY, description="First day of the window, MM-DD or YYYY-MM-DD, included.")
    end: str = Field(
        "12-31",
        pattern=DAY,
        description="Last day of the window, in the same form, included; without a year it may lie before the start, "
        "and the window then runs across New Year.",
    )
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        (), description="Months to keep, 1 to 12; [] keeps all."
    )
    days: tuple[Annotated[int, Field(ge=1, le=366)], ...] = Field(
        (), description="Days of the year to keep, 1 to 366; [] keeps all."
    )
    around: int = Field(0, ge=0, le=183, description="Days before and after each of `days` that are kept as well.")
    minimum_clear: Share = Field(
        0.0,
        description="Dates of which a smaller share is clear are left out: 1 - cloud cover of the product, or after "
        "the parcels are averaged the mean of their clear fractions.",
    )

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
        if self.start > self.end and len(self.start) == 10:
            raise ValueError(f"end {self.end!r} lies before start {self.start!r}; swap them")
        if self.around and not self.days:
            raise ValueError("around needs days, the days of the year around which dates are kept; add them")
        return self

    def keeps(self, day: dt.date) -> bool:
        """Whether `day` fulfils the conditions on dates."""
        text = day.isoformat()[-len(self.start) :]
        after_start, before_end = self.start <= text, text <= self.end
        across_new_year = self.start > self.end
        if not (after_start or before_end if across_new_year else after_start and before_end):
            return False
        if self.months and day.month not in self.months:
            return False
        if not self.days:
            return True
        length = 366 if calendar.isleap(day.year) else 365
        apart = [abs(day.timetuple().tm_yday - wanted) for wanted in self.days if wanted <= length]
        return any(min(days, length - days) <= self.around for days in apart)

    def in_month(self, month: str) -> Select:
        """The selection as far as it concerns a calendar month, YYYY-MM.

        Selections that keep the same days of a month give the same one, so that a season which gains a month changes
        nothing in the others.

        Raises
        ------
        ValueError
            If no day of the month is kept.
        """
        first = dt.date.fromisoformat(f"{month}-01")
        length = calendar.monthrange(first.year, first.month)[1]
        kept = [day for day in (first + dt.timedelta(n) for n in range(length)) if self.keeps(day)]
        if not kept:
            raise ValueError(f"no day of {month} is selected")
        gaps = any((after - before).days > 1 for before, after in pairwise(kept))
        return Select(
            start=str(kept[0]),
            end=str(kept[-1]),
            days=tuple(day.timetuple().tm_yday for day in kept) if gaps else (),
            minimum_clear=self.minimum_clear,
        )
