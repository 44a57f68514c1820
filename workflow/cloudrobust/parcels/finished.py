"""Sources of finished series: one small protocol for tables and published data sets, and what they share."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from ..config.finished import FinishedSource, Level
from ..log import logger
from .read import NO_LABEL
from .series import make_series, text

NEVER = "never measured in the period"


class HasDays(Protocol):
    """First and last day, both included (`cloudrobust.config.study.Period`)."""

    @property
    def start(self) -> dt.date: ...
    @property
    def end(self) -> dt.date: ...


class FinishedData(Protocol):
    """Parcels and their series, read once."""

    def series(self, level: Level) -> xr.Dataset:
        """The cube of a level: dims (parcel, time, band), as `series.make_series` makes it."""
        ...

    def parcels(self) -> gpd.GeoDataFrame:
        """Every parcel, as `frame` makes them; call it after `series` of every level."""
        ...

    def mapping(self) -> dict[str, str] | None:
        """Code to class, where the source brings a class mapping of its own."""
        ...


# kind in the configuration -> module and class; imported only when it is used
_KINDS = {
    "table": ("cloudrobust.parcels.table", "TableData"),
    "bavariancrops": ("cloudrobust.parcels.datasets.bavariancrops", "BavarianCrops"),
    "breizhcrops": ("cloudrobust.parcels.datasets.breizhcrops", "BreizhCrops"),
}


def open_finished(config: FinishedSource, period: HasDays, part_column: str | None = None) -> FinishedData:
    """What the configuration of a source describes.

    Parameters
    ----------
    config
        A source of finished series; its field `kind` decides.
    period
        Dates outside it are left out (and counted in the log).
    part_column
        The column with the parts of a given split (`split.column`), or None.

    Raises
    ------
    InputError
        If the source's files are not what they should be; one sentence.
    """
    module, name = _KINDS[config.kind]  # type: ignore[attr-defined]
    data: FinishedData = getattr(importlib.import_module(module), name)(config, period, part_column)
    return data


def cube(
    *,
    level: Level,
    bands: Sequence[str],
    parcels: ArrayLike,
    row: NDArray[np.int64],
    day: NDArray[np.datetime64],
    values: NDArray[np.float32],
    period: HasDays,
    facts: dict[str, Any],
) -> xr.Dataset:
    """Series of uneven dates, each parcel its own, on the sorted union of all dates.

    Parameters
    ----------
    row, day, values
        One entry a parcel and date: position in `parcels` (n,), time (n,), reflectance (n, band).
    facts
        What the provenance should state of the source.

    Notes
    -----
    Memory is parcels x all dates x bands x 4 bytes for the cube, besides `values`.
    """
    names = text(parcels)
    times, date = np.unique(day.astype("datetime64[ns]"), return_inverse=True)
    reflectance = np.full((len(names), len(times), len(bands)), np.nan, np.float32)
    reflectance[row, date] = values
    observed = np.zeros(reflectance.shape[:2], bool)
    observed[row, date] = np.isfinite(values).any(axis=1)
    logger.info("%s: %d parcels, %d dates, %d bands", level, *reflectance.shape)
    return make_series(
        parcels=names,
        times=times,
        bands=bands,
        chain=level,
        reflectance=reflectance,
        observed=observed,
        period=(period.start, period.end),
        facts=facts,
    )


def frame(
    parcels: Iterable[str],
    code: pd.Series,
    excluded: pd.Series,
    part: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """Parcels as `read.read_parcels` gives them; they have no area, no interior and no position.

    Parameters
    ----------
    parcels
        Ids.
    code
        Raw label of each as text, None without one.
    excluded
        Why each can't be used; "" if it can.
    part
        Part of a given split.
    """
    table = pd.DataFrame({"parcel": pd.Series(list(parcels), dtype=object)})
    table["code"] = pd.Series(code.to_numpy(), dtype=object)
    table["class"], table["area"] = None, np.nan
    unlabelled = table["code"].isna()
    table["status"] = np.where(unlabelled, "unlabelled", "usable")
    table["reason"] = np.where(unlabelled, NO_LABEL, "")
    table["note"] = ""
    why = excluded.to_numpy(dtype=object)
    table.loc[why != "", "status"] = "excluded"
    table.loc[why != "", "reason"] = why[why != ""]
    if part is not None:
        table["part"] = pd.Series(part.to_numpy(), dtype=object)
    nowhere = gpd.GeoSeries([None] * len(table))
    result = gpd.GeoDataFrame(table, geometry=nowhere)
    result["interior"] = nowhere
    return result
