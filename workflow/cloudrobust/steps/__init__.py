"""Preprocessing steps: functions of a cube along `time`, one file each, one registry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

# Kind of step -> its module. Names, not modules: importing one step must not import the others.
REGISTRY = {"select": "select", "mask": "mask", "interpolate": "interpolate"}


def available() -> list[str]:
    """Kinds of steps, as the key `do` names them."""
    return sorted(REGISTRY)


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

    from ..config.nearest import nearest
    from ..config.steps import Step
    from ..errors import InputError

    if isinstance(step, dict):
        if step.get("do") not in REGISTRY:
            raise InputError(f"unknown step {step.get('do')!r}{nearest(str(step.get('do')), REGISTRY)}")
        try:
            step = TypeAdapter(Step).validate_python(step)
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(str(part) for part in detail["loc"][1:])
            raise InputError(f"step {step['do']}: {where}: {detail['msg']}") from None
    return import_module(f".{REGISTRY[step.do]}", __package__).apply(cube, step)
