"""What people take away: explanations, predictions for other parcels, and the report's page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .base import Part


class Explanations(Part):
    """How the networks are explained."""

    in_report: tuple[str, ...] | None = Field(
        None,
        description="Models whose explanations stand in the report (an empty list: none); by default Transformers and "
        "LSTMs. `snakemake explain` explains every network.",
    )
    parcels: int = Field(48, ge=2, description="Test parcels over which explanations are aggregated, by class.")
    shown: tuple[str, ...] = Field((), description="Ids of parcels shown one by one; by default a typical one.")
    attention: int = Field(
        500, ge=0, description="Most parcels whose attention the page shows when they are clicked; test parcels first."
    )
    gradient_of: Literal["logit", "probability"] = Field(
        "logit",
        description="Score whose gradients are shown: the logit of the class predicted, or its probability, as in the "
        "study.",
    )
    steps: int = Field(
        16,
        ge=2,
        description="Points on the path of integrated gradients at first; they are doubled for parcels where the "
        "contributions do not add up to the change of the score.",
    )
    most_steps: int = Field(512, ge=2, description="Points on the path at most; a parcel that needs more is named.")
    tolerance: float = Field(
        0.05, gt=0, lt=1, description="Greatest error of that sum, as a share of the change of the score."
    )
    draws: int = Field(3, ge=1, description="Random orders of deletion that an explanation is held against.")
    resamples: int = Field(1000, ge=100, description="Bootstrap samples behind each confidence interval.")


class Prediction(Part):
    """What is made of the predictions, and other parcels to predict."""

    file: Path | None = Field(
        None,
        description="Vector file (of a table source: a table) with other parcels, which `snakemake predict` "
        "classifies with the networks trained here.",
    )
    layer: str | None = Field(None, description="Layer of that file, where it has several.")
    id: str | None = Field(None, description="Its column with a unique id; by default `parcels.id`.")
    label: str | None = Field(
        None, description="Its column with the declared crop, shown beside the predicted one; by default none."
    )
    confident: float = Field(
        0.8, gt=0, le=1, description="Probability from which a prediction that contradicts the label is listed."
    )


class Page(Part):
    """The report's page."""

    series: int = Field(
        1500, ge=0, description="Most parcels whose series go into the page; test parcels first. Others have none."
    )
    pictures: float = Field(
        0.5, ge=0, description="Scenes go into the page as pictures if one has at most so many million pixels."
    )
