"""How models are trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Part


class Training(Part):
    """What all networks share in training."""

    seeds: tuple[int, ...] = Field(tuple(range(10)), min_length=1, description="One network is trained for each.")
    epochs: int = Field(60, ge=1, description="Most passes over the training part.")
    patience: int = Field(15, ge=1, description="Epochs without a better validation loss before training stops.")
    batch: int = Field(64, ge=1, description="Series in one optimiser step.")
    dates: int = Field(
        70, ge=2, description="Dates drawn at random, sorted, for each series of uneven dates in each epoch."
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
