"""Preprocessing steps: functions of a cube along `time`, one file each, one registry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from ..config.steps import AnyStep

# Kind of step -> its module. Names, not modules: importing one step must not import the others.
REGISTRY = {
    "select": "select",
    "mask": "mask",
    "interpolate": "interpolate",
    "composite": "composite",
    "smooth": "smooth",
    "index": "index",
    "normalise": "normalise",
    "bands": "bands",
    "aggregate": "pixels",
    "custom": "custom",
}


def available() -> list[str]:
    """Kinds of steps, as the key `do` names them."""
    return sorted(REGISTRY)


def modules_of(step: AnyStep) -> tuple[str, ...]:
    """Names of the modules that a step is found in at run time, for the hash of the code that a rule stands on."""
    from ..config.steps import Mask
    from .masks import REGISTRY as METHODS

    modules = [f"{__package__}.{REGISTRY[step.do]}"]
    if isinstance(step, Mask):
        methods = {method.do for method in step.resolved}
        methods |= {clouds.do for method in step.resolved if method.do == "shadow" for clouds in method.casters}
        modules += [f"{__package__}.masks.{METHODS[name]}" for name in sorted(methods)]
    return tuple(modules)


def apply(cube: xr.Dataset, step: Any) -> xr.Dataset:
    """Apply one step to a cube.

    Parameters
    ----------
    cube
        Dataset with the variable `reflectance` and the dimension `time`: a series (parcel, time, band)
        or pixels (time, band, y, x).
    step
        The step's typed configuration, or a mapping such as ``{"do": "interpolate", "every": "14d"}``.

    Raises
    ------
    InputError
        If the step is unknown, a parameter does not fit, or the cube lacks what the step needs.
    """
    from pydantic import TypeAdapter, ValidationError

    from ..config.spelling import nearest
    from ..config.steps import Step
    from ..errors import InputError

    if isinstance(step, dict):
        if step.get("do") not in REGISTRY:
            raise InputError(f"unknown step {step.get('do')!r}{nearest(str(step.get('do')), REGISTRY)}")
        try:
            step = TypeAdapter(Step).validate_python(step)
        except ValidationError as error:
            detail = error.errors()[0]
            where = [str(part) for part in detail["loc"][1:]]
            message = detail["msg"].removeprefix("Value error, ")
            raise InputError(
                ": ".join([f"step {step['do']}", *([".".join(where)] if where else []), message])
            ) from None
    return import_module(f".{REGISTRY[step.do]}", __package__).apply(cube, step)
