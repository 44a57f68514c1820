"""Months and tiles put together to one series."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..log import logger
from .series import make_series, read_series

CUBES = ("reflectance", "reflectance_std")
TABLES = ("observed", "pixel_count", "clear_fraction")


def collect(
    monthly: Sequence[str | Path],
    parcels: Sequence[str],
    *,
    chain: str,
    period: tuple[dt.date, dt.date] | None = None,
) -> xr.Dataset:
    """Put the observations of all months and tiles into one cube.

    Every file is opened twice, first for its coordinates, then for its numbers, which go straight to
    their place: the memory needed is the result and one month.

    Parameters
    ----------
    monthly
        Files that `observe` made, in any order.
    parcels
        Ids in the order of the result; those that no tile owns are not in it.
    chain
        Level and steps, for example `L2A/season/clear`.
    period
        First and last day of the window that the chain covers; recorded only.

    Returns
    -------
    Dataset with dims (parcel, time, band), times ascending and unique. Where two tiles have scenes of one
    time, as neighbours in one swath do, that is one date, and `scene` holds both ids with a space between.
    A parcel is missing (NaN, observed 0, clear fraction 0) where only another tile was seen.

    Raises
    ------
    InputError
        If files do not fit together.
    """
    if not monthly:
        raise InputError(f"{chain}: there are no months to collect; mend period or the selecting step")
    headers = [_header(path, chain) for path in monthly]
    order = {str(parcel): number for number, parcel in enumerate(parcels)}
    times = np.unique(np.concatenate([h["time"] for h in headers]).astype("datetime64[ns]"))
    bands = headers[0]["band"]
    owned = _owned(headers, order)
    rows = {parcel: row for row, parcel in enumerate(owned)}

    shape = (len(owned), len(times), len(bands))
    cubes = {name: np.full(shape, np.nan, np.float32) for name in CUBES}
    tables = {name: np.zeros(shape[:2], np.float32) for name in TABLES if name != "observed"}
    tables["observed"] = np.zeros(shape[:2], bool)
    filled = np.zeros(shape[:2], bool)
    scenes: list[set[str]] = [set() for _ in times]
    for path, header in zip(monthly, headers, strict=True):
        if not len(header["time"]) or not len(header["parcel"]):
            continue
        month = read_series(path)
        columns = np.searchsorted(times, header["time"])
        place = np.ix_([rows[parcel] for parcel in header["parcel"]], columns)
        if filled[place].any():
            raise InputError(f"{path}: holds dates that another month of its tile holds too; delete both and run again")
        filled[place] = True
        for name in CUBES:
            cubes[name][place] = month[name].values
        for name, table in tables.items():
            table[place] = month[name].values
        for column, scene in zip(columns.tolist(), month["scene"].values.tolist(), strict=True):
            scenes[column].add(scene)
        month.close()
    logger.info("%s: %d parcels, %d dates from %d files", chain, *shape[:2], len(monthly))
    return make_series(
        parcels=owned,
        times=times,
        bands=bands,
        chain=chain,
        reflectance=cubes["reflectance"],
        deviation=cubes["reflectance_std"],
        observed=tables["observed"],
        pixel_count=tables["pixel_count"],
        clear_fraction=tables["clear_fraction"],
        scenes=[" ".join(sorted(ids)) for ids in scenes],
        period=period,
        facts=_facts(headers),
    )


def _header(path: str | Path, chain: str) -> dict[str, Any]:
    """Coordinates and provenance of one file, without its numbers."""
    coordinates = read_series(path, variables=())
    if coordinates.attrs.get("chain") != chain:
        raise InputError(f"{path}: is of chain {coordinates.attrs.get('chain')}, not {chain}; delete it and run again")
    return {
        "path": path,
        "parcel": coordinates["parcel"].values.tolist() if "parcel" in coordinates.coords else [],
        "time": coordinates["time"].values.astype("datetime64[ns]"),
        "band": coordinates["band"].values.tolist(),
        "provenance": json.loads(coordinates.attrs["provenance"]),
    }


def _owned(headers: list[dict[str, Any]], order: dict[str, int]) -> list[str]:
    """Parcels that the files hold, in the wanted order; checked against that order and against each other."""
    bands = headers[0]["band"]
    found: set[str] = set()
    for header in headers:
        if header["band"] != bands:
            raise InputError(f"{header['path']}: has other bands than {headers[0]['path']}; delete both and run again")
        strangers = [parcel for parcel in header["parcel"] if parcel not in order]
        if strangers:
            raise InputError(
                f"{header['path']}: holds parcel {strangers[0]!r}, which is unknown; delete it and run again"
            )
        found.update(header["parcel"])
    return sorted(found, key=order.__getitem__)


def _facts(headers: list[dict[str, Any]]) -> dict[str, Any]:
    """What the months' provenance states beside versions, put together."""
    facts: dict[str, Any] = {}
    for name in ("baselines", "offsets"):
        facts[name] = sorted({value for header in headers for value in header["provenance"].get(name, [])})
    thresholds = {header["provenance"].get("minimum_clear") for header in headers}
    facts["minimum_clear"] = thresholds.pop() if len(thresholds) == 1 else sorted(thresholds, key=str)
    return facts
