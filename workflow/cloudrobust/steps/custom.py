"""A user's own step: a function in a Python file, checked before and after it runs."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import xarray as xr

from ..config.steps import Custom
from ..errors import InputError
from .cubes import FILLED_IN, checked, filled_in, finite, recorded


def load(step: Custom) -> Callable[..., Any]:
    """The function that `step` names.

    Raises
    ------
    InputError
        If there is no such file, it does not run, it has no such function, or the function does not take
        (cube, **parameters) with the parameters that the step gives.
    """
    try:
        step.code()
    except ValueError as error:
        raise InputError(f"custom step: {error}") from None
    module = _module(step.file, step.file.stat().st_mtime_ns)
    function = getattr(module, step.function, None)
    if not callable(function):
        raise InputError(f"{step.file}: has no function {step.function!r}; write it, or mend the step's key function")
    try:
        inspect.signature(function).bind(None, **step.parameters)
    except TypeError as error:
        raise InputError(
            f"{step.file}: {step.function} cannot be called as {step.function}(cube"
            f"{''.join(f', {name}=…' for name in step.parameters)}): {error}"
        ) from None
    return function


@lru_cache(maxsize=8)
def _module(file: Path, changed: int) -> ModuleType:  # noqa: ARG001
    """The file's code, run once as long as it does not change: pieces of pixels come by the hundred."""
    specification = importlib.util.spec_from_file_location(f"cloudrobust_custom_{file.stem}", file)
    if specification is None or specification.loader is None:
        raise InputError(f"{file}: is no Python file; name one that ends in .py")
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{file}: fails when it is loaded ({type(error).__name__}: {error}); mend it") from error
    return module


def apply(cube: xr.Dataset, step: Custom) -> xr.Dataset:
    """What the user's function makes of `cube`, once it has been checked.

    The function gets a copy, (cube, **parameters), and returns a Dataset with the same parcels (or pixels), the
    same dimensions, dates in ascending order without repetition, and unique bands. `reflectance` becomes float32,
    what is not finite in it missing. `observed` may be left out while the dates stay the same. `filled` is the
    function's own if it has set it; else values that it has put where none were count as filled in. Attributes and
    coordinates that the function has lost are put back where they still fit.

    Raises
    ------
    InputError
        If the function cannot be loaded, fails, or returns something else.
    """
    cube = checked(cube, "custom step")
    function = load(step)
    who = f"{step.file}: {step.function}"
    try:
        result = function(cube.copy(deep=True), **step.parameters)
        if isinstance(result, xr.Dataset):
            result = result.load()  # what is lazy is computed here, so that its errors are the function's
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{who} failed ({type(error).__name__}: {error}); mend it") from error
    completed = _completed(cube, _accepted(cube, result, who))
    return recorded(completed.assign(filled=_filled(cube, completed)))


def _accepted(cube: xr.Dataset, result: Any, who: str) -> xr.Dataset:
    """`result`, if it is a cube of the same series."""
    if not isinstance(result, xr.Dataset):
        raise InputError(f"{who} returns {type(result).__name__}, not an xarray.Dataset; return the cube")
    for name in result.variables:
        if not isinstance(name, str) or "/" in name or not name:
            raise InputError(f"{who} returns the variable {name!r}, which NetCDF cannot name; use letters and digits")
    for where, attributes in (("the cube", result.attrs), *((f"{n!r}", v.attrs) for n, v in result.variables.items())):
        for name, value in attributes.items():
            if not isinstance(name, str) or "/" in name or not _can_be_stored(value):
                raise InputError(
                    f"{who} gives {where} the attribute {name!r} of type {type(value).__name__}, which NetCDF cannot "
                    "store; write it as a text or a number"
                )
    values = result.get("reflectance")
    expected = cube["reflectance"].dims
    if values is None:
        raise InputError(f"{who} returns a cube without the variable 'reflectance'; keep it")
    if set(values.dims) != set(expected):
        raise InputError(
            f"{who} returns reflectance over {_words(values.dims)}, not over {_words(expected)}; keep them"
        )
    if values.dtype.kind not in "fiu":
        raise InputError(f"{who} returns reflectance of type {values.dtype}; return numbers")
    for dim in ("time", "band"):
        names = result.indexes.get(dim)
        if names is None or names.size == 0:
            raise InputError(f"{who} returns a cube without any {dim}; keep the coordinate {dim!r}")
        if not names.is_unique:
            raise InputError(f"{who} returns {dim} {names[names.duplicated()][0]} twice; keep one")
    times = result.indexes["time"]
    if times.dtype.kind != "M" or not times.is_monotonic_increasing:
        raise InputError(f"{who} returns dates that do not ascend; sort the cube by time")
    for series in (dim for dim in expected if dim not in ("time", "band")):
        _same_series(cube, result, str(series), who)
    if "observed" not in result and not times.equals(cube.indexes["time"]):
        raise InputError(f"{who} changes the dates and returns no 'observed'; say what was measured on the new ones")
    if "filled" in result and set(result["filled"].dims) != set(expected):
        raise InputError(f"{who} returns filled over {_words(result['filled'].dims)}; give it the dims of reflectance")
    if "observed" in result and set(result["observed"].dims) != set(expected) - {"band"}:
        raise InputError(f"{who} returns observed over {_words(result['observed'].dims)}; keep all dimensions but band")
    return result


def _can_be_stored(value: Any) -> bool:
    """Whether a value fits a NetCDF attribute: a text, a number, or a list of either kind."""
    if isinstance(value, str | int | float | np.number) and not isinstance(value, bool):
        return True
    if isinstance(value, list | tuple | np.ndarray):
        return np.asarray(value).dtype.kind in "iufU"
    return False


def _same_series(cube: xr.Dataset, result: xr.Dataset, dim: str, who: str) -> None:
    if dim not in cube.indexes:
        if result.sizes[dim] != cube.sizes[dim]:
            raise InputError(f"{who} returns {result.sizes[dim]} along {dim}, not {cube.sizes[dim]}; keep them all")
        return
    before = cube.indexes[dim]
    after = result.indexes.get(dim)
    if after is None:
        raise InputError(f"{who} returns a cube without the coordinate {dim!r}; keep it")
    invented, lost = after.difference(before), before.difference(after)
    if invented.size:
        raise InputError(f"{who} returns {dim} {invented[0]!r}, which it was not given; invent none")
    if lost.size:
        raise InputError(f"{who} loses {dim} {lost[0]!r}; keep them all, with missing values if need be")
    if after.size != before.size:
        raise InputError(f"{who} returns {dim} {after[after.duplicated()][0]!r} twice; keep one")


def _completed(cube: xr.Dataset, result: xr.Dataset) -> xr.Dataset:
    """`result` in the order, types and with the attributes of `cube`."""
    dims = cube["reflectance"].dims
    series = {dim: cube.indexes[dim] for dim in dims if dim not in ("time", "band") and dim in cube.indexes}
    result = result.sel(series).transpose(*dims, ..., missing_dims="ignore")
    values = result["reflectance"].astype(np.float32)
    result = result.assign(reflectance=values.where(np.isfinite(values)))
    if "observed" not in result:
        result = result.assign(observed=cube["observed"])
    result["observed"] = (result["observed"].fillna(0) != 0).astype(np.int8)
    for key in set(result.variables) & set(cube.variables):
        result[key].attrs = {**cube[key].attrs, **result[key].attrs}
    for key, coordinate in cube.coords.items():
        fits = all(dim in result.indexes and result.indexes[dim].equals(cube.indexes[dim]) for dim in coordinate.dims)
        if key not in result.variables and fits:
            result = result.assign_coords({key: coordinate})
    return result.assign_attrs({**cube.attrs, **result.attrs})


def _filled(cube: xr.Dataset, result: xr.Dataset) -> xr.DataArray:
    """Which values of `result` were not measured, int8: as the function says, or by comparison with `cube`."""
    values, old = result["reflectance"], filled_in(cube)
    unseen = (~result["observed"].astype(bool)).expand_dims(band=result["band"].values)
    if "filled" in result and not ("filled" in cube and _same(result["filled"], cube["filled"])):
        filled = result["filled"].fillna(0) != 0
    elif not result.indexes["time"].equals(cube.indexes["time"]):
        filled = unseen
    else:
        # A band of before keeps what it was, but for values where there were none; a new one is as good as the bands.
        missing = ~finite(cube["reflectance"])
        parts = []
        for band in result["band"].values:
            known = band in cube.indexes["band"]
            flag = (old | missing).sel(band=band, drop=True) if known else old.any("band")
            parts.append(flag.drop_vars("wavelength", errors="ignore").expand_dims(band=[band]))
        filled = xr.concat(parts, "band", coords="minimal", compat="override") | unseen
    filled = (filled & finite(values)).transpose(*values.dims)
    return xr.DataArray(filled.values.astype(np.int8), dims=values.dims, attrs=FILLED_IN)


def _same(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether the function has handed on what it was given."""
    return one.sizes == other.sizes and bool((one.transpose(*other.dims).values == other.values).all())


def _words(dims: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(str, dims)) + ")"
