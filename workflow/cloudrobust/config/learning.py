"""Networks, their optimisers and how they are trained."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from .base import Part

SCHEDULE = Literal["constant", "warmup"]


class _Network(Part):
    batch: int | None = Field(None, ge=1, description="Batch size; by default the one of `training`.")
    epochs: int | None = Field(None, ge=1, description="Most epochs; by default those of `training`.")
    warmup: int = Field(1000, ge=1, description="Optimiser steps over which the rate grows (schedule warmup).")

    def hyperparameters(self) -> dict[str, Any]:
        """The keywords of the network itself, as `cloudrobust.models.create` takes them."""
        outside = {"do", "batch", "epochs", "learning_rate", "weight_decay", "schedule", "warmup"}
        return {key: value for key, value in self.model_dump().items() if key not in outside}


class Lstm(_Network):
    """Bidirectional LSTM of the study."""

    do: Literal["lstm"] = "lstm"
    hidden: int = Field(32, ge=1, description="Hidden units in each direction.")
    layers: int = Field(4, ge=1, description="Stacked layers.")
    dropout: float = Field(0.71, ge=0, lt=1, description="Dropout between layers.")
    learning_rate: float = Field(0.0105, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(3.7e-4, ge=0, description="Weight decay of Adam.")
    schedule: SCHEDULE = "constant"


class Transformer(_Network):
    """Transformer encoder of the study."""

    do: Literal["transformer"] = "transformer"
    width: int = Field(128, ge=1, description="d_model.")
    heads: int = Field(3, ge=1, description="Attention heads; d_k = d_v = width // heads.")
    layers: int = Field(3, ge=1, description="Encoder layers.")
    inner: int = Field(512, ge=1, description="Width of the position-wise feed-forward network.")
    dropout: float = Field(0.26, ge=0, lt=1, description="Dropout.")
    learning_rate: float = Field(1.0, gt=0, description="Factor on the warm-up schedule's rate.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of Adam.")
    schedule: SCHEDULE = "warmup"
    positions: Literal["order", "day"] = Field(
        "order", description="Position of a date: its place among the observed dates, or its day of the year."
    )


class MsResnet(_Network):
    """Multi-scale residual network of the study."""

    do: Literal["msresnet"] = "msresnet"
    hidden: int = Field(64, ge=1, description="Channels of the first block.")
    learning_rate: float = Field(6.6e-4, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(5.9e-5, ge=0, description="Weight decay of Adam.")
    schedule: SCHEDULE = "constant"


class TempCnn(_Network):
    """Temporal convolutional network of the study."""

    do: Literal["tempcnn"] = "tempcnn"
    hidden: int = Field(64, ge=1, description="Filters of each convolution.")
    kernel: int = Field(5, ge=1, description="Length of the filters in dates; odd.")
    dropout: float = Field(0.5, ge=0, lt=1, description="Dropout.")
    learning_rate: float = Field(0.001, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(1e-6, ge=0, description="Weight decay of Adam.")
    schedule: SCHEDULE = "constant"

    @field_validator("kernel")
    @classmethod
    def _is_odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"a filter has a date at its centre, so its length is odd; {kernel} is not")
        return kernel


class Forest(Part):
    """Random forest over the flattened series, as a reference that is not deep."""

    do: Literal["forest"] = "forest"
    trees: int = Field(500, ge=1, description="Number of trees.")

    def hyperparameters(self) -> dict[str, Any]:
        """The keywords of the classifier."""
        return {"trees": self.trees}


Model = Annotated[Lstm | Transformer | MsResnet | TempCnn | Forest, Field(discriminator="do")]


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
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where networks are trained.")
