"""How models are trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Part


class Training(Part):
    """What all networks share in training."""

    seeds: tuple[int, ...] = Field(tuple(range(10)), min_length=1, description="One network is trained for each.")
    epochs: int = Field(
        300,
        ge=1,
        description="Most passes over the training part. A network whose best epoch lies in the last 5 % of them is "
        "called not converged.",
    )
    patience: int = Field(20, ge=1, description="Epochs without a better validation loss before training stops.")
    watch: Literal["loss", "refined loss"] = Field(
        "refined loss",
        description="Validation loss that decides when training stops and which weights are kept: as it is, or at the "
        "temperature where it is least, which overconfidence does not change.",
    )
    averaging: float = Field(
        3.0,
        ge=0,
        description="Epochs over which a network's weights are averaged, exponentially; 0: no average is taken.",
    )
    keep: Literal["best", "last"] = Field(
        "best",
        description="Weights that are kept: those of the least validation loss, or, without stopping early, those of "
        "the last epoch.",
    )
    inputs: Literal["standardised", "reflectance"] = Field(
        "standardised",
        description="What networks read: bands with the training part's mean subtracted and divided by its deviation, "
        "or reflectance as it is, as in 2019.",
    )
    batch: int = Field(64, ge=1, description="Series in one optimiser step.")
    dates: int = Field(
        70, ge=2, description="Dates drawn at random, sorted, for each series of uneven dates in each epoch."
    )
    prediction_dates: Literal["all", "drawn"] = Field(
        "all",
        description="Dates on which networks that were trained on drawn dates are asked: all, in evenly interleaved "
        "sets whose answers are averaged, or one set drawn at random for each series, as in 2019.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="Weight of each class in the loss: equal, or by inverse frequency."
    )
    sampling: Literal["none", "balanced"] = Field(
        "none",
        description="What an epoch of a network shows: every parcel once, or as many drawn with replacement, each "
        "class as often as every other.",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of each label's weight in a network's loss that is spread over all classes."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where networks are trained.")
