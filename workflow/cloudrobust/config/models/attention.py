"""Networks of attention."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .base import POSITIONS, SCHEDULE, AnyNetwork


class Transformer(AnyNetwork):
    """Transformer encoder of the study."""

    do: Literal["transformer"] = "transformer"
    width: int = Field(128, ge=1, description="d_model.")
    heads: int = Field(3, ge=1, description="Attention heads; d_k = d_v = width // heads.")
    layers: int = Field(3, ge=1, description="Encoder layers.")
    inner: int = Field(512, ge=1, description="Width of the position-wise feed-forward network.")
    dropout: float = Field(0.26, ge=0, lt=1, description="Dropout.")
    learning_rate: float = Field(1.0, gt=0, description="Factor on the warm-up schedule's rate.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of Adam.")
    schedule: SCHEDULE = Field(
        "warmup", description="Learning rate: growing and then decaying, as published, or as it is."
    )
    positions: POSITIONS = Field(
        "order", description="Position of a date: its place among the observed dates, or its day of the year."
    )


class Ltae(AnyNetwork):
    """Lightweight temporal attention encoder, L-TAE (Garnot & Landrieu 2020)."""

    do: Literal["ltae"] = "ltae"
    width: int = Field(256, ge=1, description="d_model: channels of a date; heads divides it.")
    heads: int = Field(16, ge=1, description="H: attention heads, each of which sees width / heads channels.")
    keys: int = Field(8, ge=1, description="d_k: size of keys and master queries.")
    embedding: int = Field(128, ge=1, description="Size of the series' embedding, the last layer of MLP3.")
    decoder: tuple[int, ...] = Field((64, 32), description="Hidden layers of the decoder, MLP4.")
    period: float = Field(1000.0, gt=1, description="T: longest period of the positions is 2πT.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout after the perceptron MLP3.")
    learning_rate: float = Field(0.001, gt=0, description="Learning rate of Adam.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of Adam.")
    positions: POSITIONS = Field(
        "day", description="Position of a date: its day of the year, as published, or its place among observed dates."
    )

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Ltae:
        if self.width % self.heads:
            raise ValueError(f"each head sees width / heads channels, so heads divides width; {self.heads} does not "
                             f"divide {self.width}")  # fmt: skip
        return self
