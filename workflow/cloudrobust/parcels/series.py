"""The one form of a cube of parcels: observations of a month and series alike, in NetCDF-4 with CF attributes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from .. import provenance
from ..atomic import atomic
from ..errors import InputError
from ..scenes.bands import BAND

DIMENSIONS = ("parcel", "time", "band")
EPOCH = "1970-01-01"
CHUNK = 2**21
"""Bytes of a chunk before compression; whole series of a few hundred parcels."""


def make_series(
    *,
    parcels: ArrayLike,
    times: ArrayLike,
    bands: Sequence[str],
    chain: str,
    reflectance: NDArray[np.float32],
    observed: NDArray[np.bool_],
    deviation: NDArray[np.float32] | None = None,
    pixel_count: NDArray[np.float32] | None = None,
    clear_fraction: NDArray[np.float32] | None = None,
    scenes: ArrayLike | None = None,
    period: tuple[dt.date, dt.date] | None = None,
    facts: dict[str, Any] | None = None,
) -> xr.Dataset:
    """Put arrays into the cube parcel x time x band with all of its attributes.

    Parameters
    ----------
    parcels, times, bands
        Ids, naive UTC times, band names.
    chain
        Level and steps as a path, for example `L2A/season/clear`; its first word is the level.
    reflectance, deviation
        (parcel, time, band), unit 1, NaN where missing; mean and standard deviation of the parcel's pixels.
    observed, pixel_count, clear_fraction
        (parcel, time).
    scenes
        (time,) product ids.
    period
        First and last day of the window that the chain covers.
    facts
        What else the provenance should state, beside the versions.
    """
    level = chain.split("/")[0]
    flat = DIMENSIONS[:2]
    variables: dict[str, tuple] = {
        "reflectance": (DIMENSIONS, reflectance, _reflectance_attributes(level)),
        "observed": (flat, observed.astype(np.int8), OBSERVED),
    }
    if deviation is not None:
        variables["reflectance_std"] = (DIMENSIONS, deviation, DEVIATION)
    if pixel_count is not None:
        variables["pixel_count"] = (flat, pixel_count, PIXEL_COUNT)
    if clear_fraction is not None:
        variables["clear_fraction"] = (flat, clear_fraction, CLEAR_FRACTION)
    coordinates: dict[str, tuple] = {
        "parcel": ("parcel", text(parcels), {"long_name": "parcel id", "cf_role": "timeseries_id"}),
        "time": ("time", np.asarray(times, "datetime64[ns]"), {"standard_name": "time", "long_name": "sensing start"}),
        "band": ("band", text(bands), {"long_name": "Sentinel-2 band"}),
        "wavelength": ("band", np.array([BAND[b].wavelength for b in bands], np.float64), WAVELENGTH),
    }
    if scenes is not None:
        coordinates["scene"] = ("time", text(scenes), {"long_name": "product id"})
    attributes = {
        "Conventions": "CF-1.11",
        "title": f"Sentinel-2 reflectance of parcels, {chain}",
        "level": level,
        "chain": chain,
        "filled_fraction": 0.0,  # until a step fills in
        "provenance": json.dumps({"versions": provenance.versions(), **(facts or {})}, sort_keys=True),
    }
    if period is not None:
        attributes |= {"time_coverage_start": f"{period[0]}", "time_coverage_end": f"{period[1]}"}
    return xr.Dataset(variables, coordinates, attributes)


OBSERVED = {
    "long_name": "whether the parcel was measured on that date, in one band at least",
    "standard_name": "status_flag",
    "flag_values": np.array([0, 1], np.int8),
    "flag_meanings": "missing measured",
}
DEVIATION = {
    "long_name": "standard deviation of reflectance within the parcel",
    "units": "1",
    "cell_methods": "area: standard_deviation",
}
PIXEL_COUNT = {"long_name": "pixels that count, by their shares, on the finest grid", "units": "1"}
CLEAR_FRACTION = {"long_name": "share of the parcel that counts", "units": "1", "valid_min": 0.0, "valid_max": 1.0}
WAVELENGTH = {"standard_name": "radiation_wavelength", "long_name": "central wavelength", "units": "nm"}


def _reflectance_attributes(level: str) -> dict[str, str]:
    # Names of the CF standard name table; version 85 has both.
    standard = {"L1C": "toa_bidirectional_reflectance", "L2A": "surface_bidirectional_reflectance"}
    return {
        "long_name": f"mean {level} reflectance of the parcel",
        "standard_name": standard[level],
        "units": "1",
        "cell_methods": "area: mean",
    }


def write_dataset(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a cube as compressed NetCDF-4; the file appears whole or not at all.

    Floats are kept exactly; times are whole seconds since 1970 (microseconds if seconds do not do);
    chunks hold whole series of some parcels, because that is how series are read.
    """
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        if variable.dtype.kind not in "fiub" or variable.ndim == 0:
            continue
        encoding[str(name)] = {"zlib": True, "complevel": 1, "shuffle": True}
        if variable.dtype.kind == "f" and name not in dataset.coords:
            encoding[str(name)]["_FillValue"] = variable.dtype.type(np.nan)
        if variable.size:
            row = variable.dtype.itemsize * int(np.prod(variable.shape[1:]))
            rows = int(np.clip(CHUNK // row, 1, variable.shape[0]))
            encoding[str(name)]["chunksizes"] = (rows, *variable.shape[1:])
    if "time" in dataset.variables:
        encoding["time"] = {"units": f"{_time_unit(dataset['time'].values)} since {EPOCH}", "dtype": "int64"}
    with atomic(path) as part:
        dataset.to_netcdf(part, engine="netcdf4", format="NETCDF4", encoding=encoding)


def read_series(path: str | Path, variables: Iterable[str] | None = None) -> xr.Dataset:
    """Read a cube that `write_dataset` wrote into memory; `variables` names those wanted, by default all.

    Raises
    ------
    InputError
        If the file is missing, is no NetCDF file or lacks a variable.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such series; run the rule that makes it")
    coder = xr.coders.CFDatetimeCoder(time_unit="ns")
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=coder) as opened:
            if variables is not None:
                missing = sorted(set(variables) - set(map(str, opened.data_vars)))
                if missing:
                    raise InputError(f"{path}: has no variable {missing[0]!r}; delete it and run again")
                opened = opened.drop_vars(set(opened.data_vars) - set(variables))
            dataset = opened.load()
    except OSError as error:
        raise InputError(f"{path}: is no readable NetCDF file ({error}); delete it and run again") from error
    for name in ("parcel", "band", "scene"):
        if name in dataset.coords:
            coordinate = dataset[name]
            dataset = dataset.assign_coords({name: (coordinate.dims, text(coordinate.values), coordinate.attrs)})
    return dataset


def text(values: ArrayLike) -> NDArray[np.str_]:
    """Strings as a numpy array of fixed width, also where there are none."""
    array = np.asarray(values, dtype=object)
    return array.astype(str) if array.size else np.empty(array.shape, "<U1")


def _time_unit(times: NDArray[np.datetime64]) -> str:
    nanoseconds = pd.DatetimeIndex(times).as_unit("ns").asi8
    return "seconds" if not (nanoseconds % 1_000_000_000).any() else "microseconds"
