"""The ablation: factors whose levels are crossed into branches, to tell the effect of each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from .base import Part
from .sources import Level

WORD = r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$"
Word = Annotated[str, StringConstraints(pattern=WORD)]
NOTHING = "none"
"""The level of a factor that adds no step, where levels are listed by the names of steps."""


class FactorLevel(Part):
    """What a factor may be: no step, one or several, or one of the two levels of Sentinel-2."""

    name: Word = Field(description="Name, part of the branches' names.")
    steps: tuple[str, ...] = Field((), description="Names of steps, in their order.")
    level: Level | None = Field(None, description="L1C or L2A, in the factor that chooses between them.")


class Factor(Part):
    """One decision: its first level is what the others are held against."""

    name: Word = Field(description="Name, for example mask.")
    levels: tuple[FactorLevel, ...] = Field(
        description="Levels by name, each a list of steps; or a list of steps and `none`; or [L1C, L2A]. The first is "
        "the reference.",
    )

    @field_validator(
        "levels", mode="before", json_schema_input_type=list[str | FactorLevel] | dict[str, str | list[str]]
    )
    @classmethod
    def _written_shortly(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return [_level(name, content) for name, content in value.items()]
        if isinstance(value, list):
            return [_level(item, item) if isinstance(item, str) else item for item in value]
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Factor:
        names = [one.name for one in self.levels]
        if len(names) < 2:
            raise ValueError(f"{self.name!r} has {len(names)} of the two levels that a comparison needs; add one")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the level {twice!r} occurs twice; name each once")
        chosen = [one.level for one in self.levels]
        if any(chosen) and (None in chosen or any(one.steps for one in self.levels)):
            raise ValueError("L1C and L2A stand beside steps; give them a factor of their own")
        return self

    @property
    def chooses_level(self) -> bool:
        """Whether it is the factor that chooses between L1C and L2A."""
        return self.levels[0].level is not None


class Ablation(Part):
    """Which steps are crossed, and which models tell their effect; `snakemake ablation` computes it."""

    factors: tuple[Factor, ...] = Field(
        description="Factors by name; their steps stand in the branches in the order in which the factors are written.",
    )
    level: Level | None = Field(
        None, description="Level of all branches where no factor chooses it; by default L2A, or the table's."
    )
    design: Literal["full", "fraction"] = Field(
        "full", description="Every possible combination, or a D-optimal fraction that keeps all main effects estimable."
    )
    branches: int | None = Field(
        None, ge=2, description="Number of branches of a fraction; by default half of the possible ones."
    )
    models: tuple[str, ...] = Field((), description="Names of models; [] takes all.")
    seeds: tuple[int, ...] = Field((), description="Seeds that are trained; [] takes those of `training`.")
    resamples: int = Field(2000, ge=100, description="Bootstrap samples behind each confidence interval.")
    confidence: float = Field(0.95, gt=0, lt=1, description="Coverage that the confidence intervals aim at.")
    in_report: bool = Field(False, description="Whether the ablation belongs to the report, and runs with it.")

    @field_validator(
        "factors",
        mode="before",
        json_schema_input_type=list[Factor] | dict[str, list[str | FactorLevel] | dict[str, str | list[str]]],
    )
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return [{"name": name, "levels": levels} for name, levels in value.items()]
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Ablation:
        names = [factor.name for factor in self.factors]
        if not names:
            raise ValueError("names no factor; add one, for example mask: [none, clear]")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the factor {twice!r} occurs twice; name each once")
        choosing = [factor.name for factor in self.factors if factor.chooses_level]
        if len(choosing) > 1:
            raise ValueError(f"{choosing[0]!r} and {choosing[1]!r} both choose between L1C and L2A; keep one of them")
        if choosing and self.level is not None:
            raise ValueError(f"level and the factor {choosing[0]!r} both say which level; remove one of them")
        if self.branches is not None and self.design == "full":
            raise ValueError("branches is the size of a fraction; write design: fraction too, or remove it")
        return self


def _level(name: str, content: Any) -> Any:
    """A level as its class takes it, from the short forms."""
    if content == NOTHING:
        return {"name": name}
    if content in get_args(Level):
        return {"name": name, "level": content}
    if isinstance(content, str):
        return {"name": name, "steps": [content]}
    return content if isinstance(content, Mapping) else {"name": name, "steps": content}
