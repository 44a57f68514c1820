"""Models and their optimisers: one class a kind, found by the key `do`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..base import Part
from .attention import Ltae, Transformer
from .convolutional import InceptionTime, MsResnet, OmniScale, TempCnn
from .recurrent import Gru, Lstm, StarRnn
from .trees import Boosted, Forest

Network = Lstm | Transformer | MsResnet | TempCnn | Ltae | InceptionTime | OmniScale | StarRnn | Gru
Trees = Forest | Boosted
Model = Annotated[Network | Trees, Field(discriminator="do")]

KINDS: tuple[type[Part], ...] = (
    Lstm, Transformer, MsResnet, TempCnn, Ltae, InceptionTime, OmniScale, StarRnn, Gru, Forest, Boosted,
)  # fmt: skip

__all__ = [
    "KINDS",
    "Boosted",
    "Forest",
    "Gru",
    "InceptionTime",
    "Lstm",
    "Ltae",
    "Model",
    "MsResnet",
    "Network",
    "OmniScale",
    "StarRnn",
    "TempCnn",
    "Transformer",
    "Trees",
]
