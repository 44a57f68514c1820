"""References that are not deep."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..base import Part


class Forest(Part):
    """Random forest over the flattened series, as a reference that is not deep."""

    do: Literal["forest"] = "forest"
    trees: int = Field(500, ge=1, description="Number of trees.")

    def hyperparameters(self) -> dict[str, Any]:
        """The keywords of the classifier."""
        return {"trees": self.trees}


class Boosted(Part):
    """Gradient-boosted trees over the flattened series (LightGBM), as a reference that is not deep."""

    do: Literal["boosted"] = "boosted"
    rounds: int = Field(300, ge=1, description="Most rounds; each grows one tree for each class.")
    patience: int = Field(30, ge=1, description="Rounds without a better validation loss before boosting stops.")
    leaves: int = Field(31, ge=2, description="Most leaves of a tree.")
    minimum: int = Field(5, ge=1, description="Fewest parcels in a leaf.")
    learning_rate: float = Field(0.1, gt=0, description="Shrinkage: what each tree adds is multiplied by it.")
    parcels: float = Field(0.8, gt=0, le=1, description="Share of the parcels drawn for each round.")
    features: float = Field(0.5, gt=0, le=1, description="Share of the dates × bands drawn for each tree.")
    penalty: float = Field(0.0, ge=0, description="L2 penalty on what a leaf says.")

    def hyperparameters(self) -> dict[str, Any]:
        """Every key but `do`."""
        return self.model_dump(exclude={"do"})
