"""Answers during the season: which models are trained for them, and on which days they are asked."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from .base import Part, canonical

CHEAP = ("tempcnn", "forest", "boosted")
"""Kinds of models that train in minutes on the smallest of machines."""


class InSeason(Part):
    """Models that are trained for answers before the season ends (`snakemake in_season`)."""

    branches: tuple[str, ...] | None = Field(
        None, description="Branches whose models are trained for it; by default the two that are compared."
    )
    models: tuple[str, ...] | None = Field(
        None, description="Models that are trained for it; by default TempCNN, forest and boosted trees."
    )
    seeds: tuple[int, ...] | None = Field(None, min_length=1, description="Seeds; by default those of `training`.")
    ends: tuple[dt.date, ...] = Field(
        (), description="Last days that are known, at which answers are given; by default every so many days."
    )
    every: int = Field(14, ge=1, description="Days between these ends, where none are named.")
    per_end: bool = Field(
        False, description="Whether a model of its own is trained for each end, beside the one for all of them."
    )
    loss: float = Field(
        0.02,
        ge=0,
        lt=1,
        description="Accuracy on the validation part, against waiting for the last end, that an earlier answer may "
        "cost; it decides the confidence from which a parcel is answered.",
    )

    def judged(self) -> str:
        """Canonical form of what decides the stopping rule; which models are trained does not."""
        return canonical({"loss": self.loss})
