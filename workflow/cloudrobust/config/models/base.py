"""What all networks share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..base import Part

SCHEDULE = Literal["constant", "warmup"]
POSITIONS = Literal["order", "day"]


class AnyNetwork(Part):
    """Training settings that a network may have of its own."""

    batch: int | None = Field(None, ge=1, description="Batch size; by default the one of `training`.")
    epochs: int | None = Field(None, ge=1, description="Most epochs; by default those of `training`.")
    patience: int | None = Field(
        None,
        ge=1,
        description="Epochs without a better validation loss before training stops; by default those of `training`.",
    )
    schedule: SCHEDULE = Field("constant", description="Learning rate: as it is, or growing and then decaying.")
    warmup: int = Field(1000, ge=1, description="Optimiser steps over which the rate grows (schedule warmup).")

    def hyperparameters(self) -> dict[str, Any]:
        """The keywords of the network itself, as `cloudrobust.models.create` takes them."""
        outside = {"do", "batch", "epochs", "patience", "learning_rate", "weight_decay", "schedule", "warmup"}
        return {key: value for key, value in self.model_dump().items() if key not in outside}
