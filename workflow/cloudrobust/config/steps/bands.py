"""Parameters of the choice of bands."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ..base import Part


class Bands(Part):
    """Keep the named bands (or indices) and no others, or drop them."""

    do: Literal["bands"] = "bands"
    keep: tuple[str, ...] = Field((), description="Bands to keep, in this order.")
    drop: tuple[str, ...] = Field((), description="Bands to leave out.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Bands:
        if bool(self.keep) == bool(self.drop):
            raise ValueError("give either keep or drop, a list of bands such as [B02, B03]")
        names = self.keep or self.drop
        if len(set(names)) < len(names):
            raise ValueError("a band occurs twice; write it once")
        return self
