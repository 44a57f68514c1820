"""What people take away: explanations, predictions for other parcels, and the report's page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .base import Part

BEST: Literal["best"] = "best"
"""The word for the model that is best on the validation part, in the configuration and in paths."""


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


class Costs(Part):
    """What a decision costs, in any one currency; the defaults are round numbers to be replaced by your own."""

    inspection: float = Field(100.0, ge=0, description="Inspecting one parcel.")
    missed_error: float = Field(500.0, ge=0, description="A wrong declaration that nobody inspects.")
    misdeclared: float = Field(
        0.05, ge=0, le=1, description="Share of declarations taken to be wrong when inspections are weighed."
    )


class Prediction(Part):
    """Answers to take away: cross-prediction of the study's parcels, and other parcels to predict."""

    models: Literal["best", "all"] | tuple[str, ...] = Field(
        BEST,
        description="Models that answer every parcel: the best one of the validation part, all, or a list of names. "
        "Each is trained once more for every fold, branch and seed.",
    )
    branches: tuple[str, ...] | None = Field(
        None, description="Branches whose models answer every parcel; by default the two that are compared."
    )
    folds: int = Field(
        5, ge=2, description="Folds of the cross-prediction: each labelled parcel is answered by the model of one fold."
    )
    seeds: int = Field(1, ge=1, description="How many of the training's seeds are trained in each fold.")
    confidence: float = Field(
        0.9, gt=0, lt=1, description="Share of parcels whose class is to be among the likely ones (conformal sets)."
    )
    costs: Costs = Field(Costs(), description="What inspections and missed errors cost.")
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
