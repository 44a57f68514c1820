"""Networks of convolutions over time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from .base import AnyNetwork


class MsResnet(AnyNetwork):
    """Multi-scale residual network of the study."""

    do: Literal["msresnet"] = "msresnet"
    hidden: int = Field(64, ge=1, description="Channels of the first block.")
    learning_rate: float = Field(6.6e-4, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(5.9e-5, ge=0, description="Weight decay of Adam.")


class TempCnn(AnyNetwork):
    """Temporal convolutional network of the study."""

    do: Literal["tempcnn"] = "tempcnn"
    hidden: int = Field(64, ge=1, description="Filters of each convolution.")
    kernel: int = Field(5, ge=1, description="Length of the filters in dates; odd.")
    dropout: float = Field(0.5, ge=0, lt=1, description="Dropout.")
    learning_rate: float = Field(0.001, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(1e-6, ge=0, description="Weight decay of Adam.")

    @field_validator("kernel")
    @classmethod
    def _is_odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"a filter has a date at its centre, so its length is odd; {kernel} is not")
        return kernel


class InceptionTime(AnyNetwork):
    """One network of InceptionTime (Fawaz et al. 2020), which averages five of them."""

    do: Literal["inceptiontime"] = "inceptiontime"
    filters: int = Field(32, ge=1, description="Filters of each convolution, m = 32 of the bottleneck included.")
    depth: int = Field(6, ge=1, description="Inception modules; a shortcut spans every three.")
    kernel: int = Field(
        40, ge=4, description="Length of the longest filters in dates; the others are 1/2 and 1/4 of it."
    )
    learning_rate: float = Field(0.001, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of Adam.")


class OmniScale(AnyNetwork):
    """Omni-scale CNN, OS-CNN (Tang et al. 2020); its rate and decay are those that BreizhCrops publishes."""

    do: Literal["omniscale"] = "omniscale"
    first: int = Field(1024, ge=1, description="Weights of the first layer for each band; 8 · 128 as published.")
    second: int = Field(229_376, ge=1, description="Weights of the second layer; 5·128·256 + 2·256·128 as published.")
    learning_rate: float = Field(1.06e-3, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(2.25e-7, ge=0, description="Weight decay of Adam.")
