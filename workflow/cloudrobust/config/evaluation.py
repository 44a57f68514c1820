"""How the comparison is judged: how sure it is, what other splits say, and how it bears clouds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Part, canonical

Share = Annotated[float, Field(gt=0, lt=1)]


class Evaluation(Part):
    """How sure the comparison is, and what other splits of the same parcels say."""

    resamples: int = Field(2000, ge=100, description="Bootstrap samples behind each confidence interval.")
    models: tuple[str, ...] | None = Field(
        None,
        description="Models that `snakemake split_claims` and `snakemake cross_validation` train on other splits; by "
        "default all.",
    )
    in_report: tuple[Literal["split_claims", "cross_validation"], ...] = Field(
        (), description="Of these two, what stands in the report; it is then made with it."
    )


class Robustness(Part):
    """How the trained models bear fewer clear dates, more clouds and an earlier end (`snakemake robustness`)."""

    in_report: bool = Field(False, description="Whether the curves stand in the report; they are then made with it.")
    parcels: int = Field(1000, ge=10, description="Most test parcels that are degraded, drawn by class.")
    shares: tuple[Share, ...] = Field(
        (0.2, 0.4, 0.6, 0.8, 0.9), min_length=1, description="Shares of a parcel's clear dates that are lost."
    )
    draws: int = Field(3, ge=1, description="Random draws of these dates.")
    every: int = Field(14, ge=1, description="Days between the ends of season that are tried.")
    bins: int = Field(4, ge=2, description="Bins of the number of clear dates, and of the share of cloudy ones.")

    def tried(self) -> str:
        """Canonical form of what decides the numbers; where they are shown does not."""
        return canonical(self.model_dump(mode="json", exclude={"in_report"}))
