"""Finished series from a table in long form: one row a parcel and date."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
from numpy.typing import NDArray

from ..config.finished import Level
from ..config.sources import TableSource
from ..config.spelling import nearest
from ..errors import InputError
from ..log import logger
from ..scenes.bands import BANDS, bands_of
from .finished import NEVER, HasDays, cube, frame
from .read import codes


class TableData:
    """A table behind the protocol of `finished.FinishedData`."""

    def __init__(self, config: TableSource, period: HasDays, part_column: str | None = None) -> None:
        self._series, self._parcels = read_table(config, period, part_column)

    def series(self, level: Level) -> xr.Dataset:  # noqa: ARG002
        """The table's one level."""
        return self._series

    def parcels(self) -> gpd.GeoDataFrame:
        """The table's parcels."""
        return self._parcels

    def mapping(self) -> None:
        """A table brings none; `parcels.classes` may name one."""


def read_table(
    config: TableSource, period: HasDays, part_column: str | None = None
) -> tuple[xr.Dataset, gpd.GeoDataFrame]:
    """Read a table of series and of the parcels that it is about.

    Parameters
    ----------
    config
        The file, its columns, and how its numbers become reflectance.
    period
        Dates outside it are left out (and counted in the log).
    part_column
        Column with the parts of a given split (`split.column`), constant within a parcel.

    Returns
    -------
    series
        Dims (parcel, time, band): `reflectance` (value x scale + offset; NaN for nodata and for dates that a
        parcel lacks) and `observed` (any band measured), on the sorted union of all dates. It has no statistics
        of pixels, since the table states none.
    parcels
        As `read.read_parcels` gives them, in the order of the series; no area, buffer or interior. Geometry is a point
        in the UTM zone of the whole if longitude and latitude are given, else empty.

    Raises
    ------
    InputError
        If the file is unreadable, lacks a column, repeats a parcel's date, has unreadable dates or numbers, has
        a label or position that is not constant within a parcel, or a band without any value.
    """
    file = Path(config.file)
    wanted = {
        "source.parcel": config.parcel,
        "source.time": config.time,
        "source.label": config.label,
        "source.longitude": config.longitude,
        "source.latitude": config.latitude,
        "split.column": part_column,
    } | {f"source.bands.{band}": column for band, column in config.bands.items()}
    _check_bands(config, file)
    table = _read(file, {field: column for field, column in wanted.items() if column is not None})
    if not len(table):
        raise InputError(f"{file}: holds no rows; name a file with series in source.file")
    table = _within(table, config, file, period)

    ids = codes(table[config.parcel])
    if ids.isna().any():
        raise InputError(f"{file}: {int(ids.isna().sum())} rows have no parcel in column {config.parcel!r}; fill it in")
    row, parcels = pd.factorize(ids, use_na_sentinel=False)
    times, date = np.unique(table[config.time].to_numpy("datetime64[ns]"), return_inverse=True)
    _check_unique(row, date, parcels, times, file)

    bands = [band for band in BANDS if band in config.bands]
    reflectance = np.stack([_reflectance(table[config.bands[band]], band, config, file) for band in bands], axis=1)
    series = cube(
        level=config.level,
        bands=bands,
        parcels=parcels,
        row=row,
        day=times[date],
        values=reflectance,
        period=period,
        facts={"table": file.name},
    )
    code = _constant(codes(table[config.label]), row, parcels, config.label, file)
    part = _constant(codes(table[part_column]), row, parcels, part_column, file) if part_column is not None else None
    never = ~series["observed"].values.astype(bool).any(axis=1)
    return series, _placed(frame(parcels, code, pd.Series(np.where(never, NEVER, "")), part), table, row, config, file)


def _check_bands(config: TableSource, file: Path) -> None:
    valid = bands_of(config.level)
    for band in config.bands:
        if band not in valid:
            raise InputError(f"source.bands: unknown band {band!r} of {config.level} for {file}{nearest(band, valid)}")


def _read(file: Path, wanted: dict[str, str]) -> pd.DataFrame:
    """Only the wanted columns of a Parquet or CSV file."""
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; mend source.file")
    parquet = file.suffix.lower() in (".parquet", ".geoparquet", ".pq")
    try:
        names = pq.read_schema(file).names if parquet else list(pd.read_csv(file, nrows=0).columns)
        for field, column in wanted.items():
            if column not in names:
                raise InputError(f"{file}: has no column {column!r} for {field}{nearest(column, names)}")
        columns = list(dict.fromkeys(wanted.values()))
        return pq.read_table(file, columns=columns).to_pandas() if parquet else pd.read_csv(file, usecols=columns)
    except InputError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        kind = "Parquet" if parquet else "CSV"
        raise InputError(f"{file}: cannot be read as {kind} ({' '.join(str(error).split())}); mend it") from error


def _within(table: pd.DataFrame, config: TableSource, file: Path, period: HasDays) -> pd.DataFrame:
    """The rows within the period, their time as naive datetimes of UTC."""
    column = table[config.time]
    if pd.api.types.is_numeric_dtype(column.dtype):
        raise InputError(f"{file}: column {config.time!r} (source.time) holds numbers; write dates like 2023-05-01")
    times = pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
    bad = times.isna()
    if bad.any():
        example = column[bad].iloc[0]
        raise InputError(
            f"{file}: column {config.time!r} (source.time) holds {int(bad.sum())} unreadable dates, the first "
            f"{str(example)!r}; write dates like 2023-05-01"
        )
    inside = (times >= pd.Timestamp(period.start)) & (times < pd.Timestamp(period.end) + pd.Timedelta(days=1))
    if not inside.any():
        raise InputError(
            f"{file}: holds no date from {period.start} to {period.end}, only {times.min():%Y-%m-%d} to "
            f"{times.max():%Y-%m-%d}; mend period"
        )
    if not inside.all():
        logger.info("%s: %d rows outside %s to %s left out", file, int((~inside).sum()), period.start, period.end)
    return table.assign(**{config.time: times})[inside].reset_index(drop=True)


def _check_unique(
    row: NDArray[np.int64], date: NDArray[np.int64], parcels: pd.Index, times: NDArray[np.datetime64], file: Path
) -> None:
    cell = row * len(times) + date
    order = np.argsort(cell, kind="stable")
    twice = order[1:][cell[order][1:] == cell[order][:-1]]
    if len(twice):
        names = "; ".join(
            f"{parcels[row[index]]!r} on {np.datetime_as_string(times[date[index]], 'D')}"
            for index in sorted(twice)[:3]
        )
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise InputError(f"{file}: parcel {names}{more} occurs more than once; keep one row a parcel and date")


def _reflectance(column: pd.Series, band: str, config: TableSource, file: Path) -> NDArray[np.float32]:
    try:
        values = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InputError(f"{file}: column {column.name!r} (band {band}) holds what is no number ({error})") from error
    missing = ~np.isfinite(values)
    if config.nodata is not None:
        missing |= values == config.nodata
    if missing.all():
        raise InputError(
            f"{file}: column {column.name!r} holds no value in the period; remove band {band} from source.bands"
        )
    return np.where(missing, np.nan, values * config.scale + config.offset).astype(np.float32)


def _constant(values: pd.Series, row: NDArray[np.int64], parcels: pd.Index, column: str, file: Path) -> pd.Series:
    """(parcel,) the one value of each parcel; empty cells do not count."""
    known = pd.DataFrame({"row": row, "value": values}).dropna().drop_duplicates()
    twice = known.loc[known["row"].duplicated(), "row"]
    if len(twice):
        first = int(twice.iloc[0])
        both = " and ".join(map(repr, sorted(known.loc[known["row"] == first, "value"].tolist(), key=str)[:2]))
        raise InputError(
            f"{file}: column {column!r} is not constant within parcel {parcels[first]!r}: {both}; keep one of them"
        )
    result = pd.Series([None] * len(parcels), dtype=object)
    result.iloc[known["row"].to_numpy()] = known["value"].to_numpy()
    return result


def _placed(
    parcels: gpd.GeoDataFrame, table: pd.DataFrame, row: NDArray[np.int64], config: TableSource, file: Path
) -> gpd.GeoDataFrame:
    """The parcels as points in the UTM zone of the whole; without longitude and latitude, nowhere."""
    if config.longitude is None or config.latitude is None:
        return parcels
    ids = pd.Index(parcels["parcel"])
    axes = []
    for column, limit in ((config.longitude, 180.0), (config.latitude, 90.0)):
        numbers = pd.to_numeric(table[column], errors="coerce")
        values = _constant(numbers, row, ids, column, file).astype(float)
        beyond = values.abs() > limit
        if beyond.any():
            raise InputError(
                f"{file}: column {column!r} says {values[beyond].iloc[0]:g} for parcel {ids[beyond][0]!r}; it must be "
                f"degrees from -{limit:g} to {limit:g}"
            )
        axes.append(values)
    points = gpd.GeoSeries(gpd.points_from_xy(*axes), crs=4326)
    points[axes[0].isna() | axes[1].isna()] = None
    if points.notna().any():
        points = points.to_crs(points[points.notna()].estimate_utm_crs())
    placed = gpd.GeoDataFrame(pd.DataFrame(parcels.drop(columns=["geometry", "interior"])), geometry=points)
    placed["interior"] = gpd.GeoSeries([None] * len(placed), crs=points.crs)
    return placed
