"""Figures that others published, which the report puts beside a study's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from .base import Part

Share = Annotated[float, Field(ge=-1, le=1)]
Figure = Annotated[tuple[Share, ...], Field(min_length=1, max_length=2)]
"""A score, or a score and its standard deviation."""
Figures = dict[str, dict[str, Figure]]


class Published(Part):
    """Published figures: model to branch to a score, or to a score with its standard deviation."""

    citation: str = Field(description="Where they are published, as the captions cite it.")
    decimals: int = Field(3, ge=1, le=4, description="Decimals that the figures are published with.")
    accuracy: Figures = Field(default_factory=dict, description="Overall accuracy, by model and branch.")
    kappa: Figures = Field(default_factory=dict, description="Cohen's kappa, by model and branch.")

    def figures(self) -> Iterator[tuple[str, str, str, Figure]]:
        """Metric, model, branch and figure, one after the other."""
        for metric in ("accuracy", "kappa"):
            for model, branches in getattr(self, metric).items():
                for branch, figure in branches.items():
                    yield metric, model, branch, figure
