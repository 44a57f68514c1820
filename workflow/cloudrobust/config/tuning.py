"""The search for hyperparameters, and what it found for each branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from .base import Part
from .models import Forest, Model
from .spelling import nearest


class Tuning(Part):
    """`snakemake tune`: hyperparameters of each model in each branch, by the validation part alone."""

    models: tuple[str, ...] | None = Field(
        None, description="Models that are tuned; by default all but random forests, which have nothing to tune."
    )
    branches: tuple[str, ...] | None = Field(None, description="Branches in which they are tuned; by default all.")
    trials: int = Field(40, ge=1, description="Sets of hyperparameters tried for each model and branch.")
    startup: int = Field(10, ge=1, description="How many of them are drawn at random before the search learns.")
    epochs: int | None = Field(None, ge=1, description="Most epochs of a trial; by default as without tuning.")
    seeds: tuple[int, ...] = Field((0,), min_length=1, description="Networks trained in each trial; their mean counts.")
    seed: int = Field(0, ge=0, description="Seed of the search itself.")


def with_hyperparameters(model: Model, changes: Mapping[str, Any]) -> Model:
    """A model with some other hyperparameters."""
    if not changes:
        return model
    changed: Model = TypeAdapter(Model).validate_python(model.model_dump() | dict(changes) | {"do": model.do})
    return changed


def problems(
    tuning: Tuning,
    tuned: Mapping[str, Mapping[str, Mapping[str, Any]]],
    models: Mapping[str, Model],
    branches: Mapping[str, Any],
) -> Iterator[str]:
    """What does not fit between the search, what it found, and the study's models and branches."""
    for name in tuning.models or ():
        if name not in models:
            yield f"tuning.models: unknown model {name!r}{nearest(name, models)}"
        elif isinstance(models[name], Forest):
            yield f"tuning.models: {name!r} is a random forest, which has nothing to tune; leave it out"
    for name in tuning.branches or ():
        if name not in branches:
            yield f"tuning.branches: unknown branch {name!r}{nearest(name, branches)}"
    for branch, by_model in tuned.items():
        if branch not in branches:
            yield f"tuned: unknown branch {branch!r}{nearest(branch, branches)}"
        for name, changes in by_model.items():
            if name not in models:
                yield f"tuned.{branch}: unknown model {name!r}{nearest(name, models)}"
            else:
                yield from _misfits(f"tuned.{branch}.{name}", models[name], changes)


def _misfits(where: str, model: Model, changes: Mapping[str, Any]) -> Iterator[str]:
    try:
        with_hyperparameters(model, changes)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][-1])
        if first["type"] == "extra_forbidden":
            yield f"{where}: unknown key {key!r}{nearest(key, type(model).model_fields)}"
        else:
            message = first["msg"].removeprefix("Value error, ")
            yield f"{where}.{key}: {message[0].lower()}{message[1:]}"
