"""BreizhCrops: L1C and L2A of the same parcels of 2017, an index and an HDF5 file a region.

The layout is that of the package breizhcrops 0.0.4 (datasets/breizhcrops.py): `<folder>/2017/<level>/<region>.csv` with
the columns CODE_CULTU, path, sequencelength and id; `<region>.h5`, whose dataset at `path` holds a row a date; and
`<folder>/classmapping.csv` with the columns id, classname and code. Splits are by region, as in the paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import h5py
import numpy as np
import pandas as pd
import xarray as xr

from ...config.datasets import TEN, THIRTEEN, BreizhCropsSource
from ...config.finished import Level
from ...config.spelling import nearest
from ...errors import InputError
from ...log import Progress, logger
from ..finished import HasDays, frame
from ..read import codes
from .mapping import read_mapping
from .observations import Observations


def _names(bands: Iterable[str]) -> tuple[str, ...]:
    """The files' names of our bands: B01 is B1."""
    return tuple(f"B{band[1:].lstrip('0')}" for band in bands)


COLUMNS = {
    "L1C": (*_names(THIRTEEN), "QA10", "QA20", "QA60", "doa"),
    "L2A": ("doa", *_names(TEN), "CLD", "EDG", "SAT"),
}
"""Columns of a series in HDF5, in their order; `doa` is nanoseconds since 1970, bands are 10000 x reflectance."""


class BreizhCrops:
    """The data set behind the protocol of `finished.FinishedData`."""

    def __init__(self, config: BreizhCropsSource, period: HasDays, part_column: str | None = None) -> None:
        self.config, self.period, self.part_column = config, period, part_column
        self._mapping = read_mapping(config.mapping, "code")
        self._index = {level: self._read_indexes(level) for level in config.levels}
        for level in config.levels:
            for region in config.regions:
                _check_opens(config.series(level, region))
        # Why a parcel has no series of a level.
        self._missing: dict[Level, dict[str, str]] = {}

    def mapping(self) -> dict[str, str]:
        """Code (`CODE_CULTU`) to class."""
        return self._mapping

    def series(self, level: Level) -> xr.Dataset:
        """All regions of a level."""
        config, index = self.config, self._index[level]
        found = Observations(level, config.brings()[level], self.period)
        bands = [COLUMNS[level].index(name) for name in _names(found.bands)]
        date = COLUMNS[level].index("doa")
        missing: dict[str, str] = {}
        progress = Progress(f"{level}: parcels read", len(index))
        for region in config.regions:
            rows = index[index["region"] == region]
            with h5py.File(config.series(level, region), "r") as file:
                for parcel, path in rows[["parcel", "path"]].to_numpy(dtype=str):
                    why = _add(file, parcel, path, bands, date, found, len(COLUMNS[level]))
                    if why:
                        missing[parcel] = why
                    progress.step()
        self._missing[level] = missing
        for reason, number in pd.Series(missing, dtype=object).value_counts().items():
            logger.warning("%s: %d parcels without a series: %s", level, number, reason)
        if len(index) and not found.parcels:
            raise InputError(
                f"{config.series(level, config.regions[0])}: no parcel has a date from {self.period.start} to "
                f"{self.period.end}; mend period, which is 2017 for this data set"
            )
        return found.cube({"dataset": "BreizhCrops", "regions": list(config.regions)})

    def parcels(self) -> gpd.GeoDataFrame:
        """Every parcel of the indexes; one without a series at any level is excluded."""
        for level in self.config.levels:
            if level not in self._missing:
                self.series(level)
        # L1C and L2A list nearly the same parcels: the first index that has one names its code and part.
        table = pd.concat(self._index.values(), ignore_index=True)
        parcels = table.drop_duplicates("parcel").reset_index(drop=True)
        labels = table.dropna(subset="code").drop_duplicates(["parcel", "code"])
        code = parcels["parcel"].map(labels.drop_duplicates("parcel").set_index("parcel")["code"]).astype(object)
        lacking = pd.DataFrame({level: self._lacks(level, parcels["parcel"]) for level in self.config.levels})
        differs = parcels["parcel"].isin(labels.loc[labels["parcel"].duplicated(), "parcel"])
        reason = lacking.agg("; ".join, axis=1).where((lacking != "").all(axis=1), "")
        reason = reason.mask(differs & (reason == ""), "its code differs between levels")
        part = parcels["region"].map(self.config.part_of) if self.part_column is not None else None
        return frame(parcels["parcel"].tolist(), code.where(code.notna(), None), reason, part)

    def _lacks(self, level: Level, parcels: pd.Series) -> pd.Series:
        """(parcel,) why each has no series of a level; "" if it has."""
        lacks = parcels.map(self._missing[level]).astype(object).where(parcels.isin(list(self._missing[level])), "")
        return lacks.where(parcels.isin(self._index[level]["parcel"]), f"not listed in {level}")

    def _read_indexes(self, level: Level) -> pd.DataFrame:
        """Columns region, parcel, code, path: the parcels of all regions."""
        parts = []
        for region in self.config.regions:
            file = self.config.index(level, region)
            table = _read_index(file)
            table["region"] = region
            parts.append(table)
            logger.info("%s: %d parcels", file, len(table))
        index = pd.concat(parts, ignore_index=True)
        twice = index["parcel"][index["parcel"].duplicated()]
        if len(twice):
            regions = index.loc[index["parcel"] == twice.iloc[0], "region"].tolist()
            raise InputError(
                f"{self.config.index(level, regions[-1])}: parcel {twice.iloc[0]!r} is listed in "
                f"{' and in '.join(regions)}; each parcel belongs to one part, keep it once"
            )
        return index


def _read_index(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise InputError(f"{file}: there is no such index; mend source.folder or the regions")
    try:
        table = pd.read_csv(file, dtype={"CODE_CULTU": str, "path": str}, index_col=None)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read as CSV ({' '.join(str(error).split())}); mend it") from error
    for column in ("CODE_CULTU", "path", "id"):
        if column not in table.columns:
            raise InputError(f"{file}: has no column {column!r}{nearest(column, map(str, table.columns))}")
    if not len(table):
        raise InputError(f"{file}: lists no parcel; fetch it again")
    if table["id"].isna().any() or table["path"].isna().any():
        raise InputError(f"{file}: has rows without an id or a path; fetch it again")
    return pd.DataFrame(
        {"parcel": codes(table["id"]), "code": codes(table["CODE_CULTU"]), "path": table["path"].astype(object)}
    )


def _check_opens(file: Path) -> None:
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; mend source.folder or the regions")
    try:
        h5py.File(file, "r").close()
    except OSError as error:
        raise InputError(f"{file}: cannot be read as HDF5 ({error}); fetch it again") from error


def _add(file: h5py.File, parcel: str, path: str, bands: list[int], date: int, found: Observations, width: int) -> str:
    """Add a parcel's dates; returns why it has none ("" if it has)."""
    try:
        # Asking first whether it is there takes longer than reading it.
        values = file[path][()]
    except KeyError:
        return "not in the HDF5 file"
    except (OSError, TypeError):
        return "its series cannot be read"
    if values.ndim != 2 or values.shape[1] != width:
        return f"its series has the shape {values.shape}, not dates x {width}"
    days = values[:, date].astype(np.int64).astype("datetime64[ns]")
    return "" if found.add(parcel, days, values[:, bands]) else "no date with all bands in the period"
