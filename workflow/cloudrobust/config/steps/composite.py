"""Parameters of composites."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..base import Part


class Composite(Part):
    """One value for each part of a month, from the observations in it."""

    do: Literal["composite"] = "composite"
    window: Literal["dekad", "half-month", "month"] = Field(
        "dekad", description="A third of a month (days 1-10, 11-20, 21-end), a half (1-15, 16-end), or all of it."
    )
    method: Literal["median", "mean", "clearest", "best"] = Field(
        "median",
        description="Statistic of the observations, band by band; or the whole observation with the highest clear "
        "fraction; or the one with the best score of clear fraction and nearness to the window's middle.",
    )
