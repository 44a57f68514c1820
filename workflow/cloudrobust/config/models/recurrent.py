"""Recurrent networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import AnyNetwork


class _Bidirectional(AnyNetwork):
    """Layers of cells that run through a series in both directions; the defaults are those of the study's LSTM."""

    hidden: int = Field(32, ge=1, description="Hidden units in each direction.")
    layers: int = Field(4, ge=1, description="Stacked layers.")
    dropout: float = Field(0.71, ge=0, lt=1, description="Dropout between layers.")
    learning_rate: float = Field(0.0105, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(3.7e-4, ge=0, description="Weight decay of Adam.")


class Lstm(_Bidirectional):
    """Bidirectional LSTM of the study."""

    do: Literal["lstm"] = "lstm"


class Gru(_Bidirectional):
    """Bidirectional GRU (Cho et al. 2014); its defaults are those of the study's LSTM."""

    do: Literal["gru"] = "gru"


class StarRnn(AnyNetwork):
    """STAR, a stackable recurrent network (Turkoglu et al. 2019); its defaults are those that BreizhCrops publishes."""

    do: Literal["starrnn"] = "starrnn"
    hidden: int = Field(128, ge=1, description="Hidden units of each layer.")
    layers: int = Field(3, ge=1, description="Stacked layers.")
    dropout: float = Field(0.5, ge=0, lt=1, description="Dropout after each layer.")
    learning_rate: float = Field(8.96e-3, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(2.22e-6, ge=0, description="Weight decay of Adam.")
