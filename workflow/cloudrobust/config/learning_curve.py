"""The learning curve: how raw and preprocessed do with fewer labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Part

Share = Annotated[float, Field(gt=0, le=1)]


class LearningCurve(Part):
    """Shares of the training parcels that both branches are trained on; `snakemake learning_curve` computes it."""

    shares: tuple[Share, ...] = Field(
        (0.05, 0.1, 0.2, 0.4, 0.7, 1.0),
        min_length=2,
        description="Shares of the training parcels of each class; smaller ones lie within larger ones.",
    )
    models: tuple[str, ...] = Field(
        (), description="Names of models; [] takes the random forest and TempCNN, those of them that the study has."
    )
    seeds: tuple[int, ...] = Field((), description="Seeds that are trained; [] takes those of `training`.")
    draw: int = Field(0, ge=0, description="Seed by which parcels are drawn.")
