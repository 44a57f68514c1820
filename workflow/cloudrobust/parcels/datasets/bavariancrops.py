"""BavarianCrops: raw series of 2018, one CSV a parcel, split by lists of ids.

The layout is that of the authors' own loader (github.com/MarcCoru/crop-type-mapping, src/datasets/
BavarianCrops_Dataset.py): `csv/<region>/<id>.csv` with a row a date and the columns B1, B10, B11, B12, B2 ... B8, B8A,
B9 (10000 = reflectance 1), QA10, QA20, QA60, doa, label and id; `ids/blocks/<region>_train.txt`, `_valid.txt` and
`_test.txt` (or `ids/random/` with train and test) with an id a line; `classmapping12.csv` and `classmapping23.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr
from numpy.typing import NDArray
from pyarrow import csv

from ...config.datasets import THIRTEEN, BavarianCropsSource
from ...config.finished import Level
from ...config.spelling import nearest
from ...errors import InputError
from ...log import Progress, logger
from ..finished import HasDays, frame
from ..read import codes
from .engine import read_engine
from .mapping import read_mapping
from .observations import Observations

COLUMNS = tuple(f"B{band[1:].lstrip('0')}" for band in THIRTEEN)
"""The files' names of our bands, in our order: B01 is B1."""
NO_DATE = "no date with all bands in the period"


class BavarianCrops:
    """The data set behind the protocol of `finished.FinishedData`."""

    def __init__(self, config: BavarianCropsSource, period: HasDays, part_column: str | None = None) -> None:
        self.config, self.period, self.part_column = config, period, part_column
        self._mapping = read_mapping(config.mapping, "nutzcode") if config.mapping is not None else None
        self._table = pd.concat([_listed(config, region) for region in config.regions], ignore_index=True)
        twice = self._table["parcel"][self._table["parcel"].duplicated()]
        if len(twice):
            regions = self._table.loc[self._table["parcel"] == twice.iloc[0], "region"]
            raise InputError(
                f"{config.folder / 'csv'}: parcel {twice.iloc[0]!r} lies in {' and '.join(regions)}; keep it in one"
            )
        if config.scheme == "random":
            self._draw_validation()
        for region in config.regions:
            _check_columns(config.parcels(region))

    def mapping(self) -> dict[str, str] | None:
        """Code (`nutzcode`) to class."""
        return self._mapping

    def series(self, level: Level) -> xr.Dataset:
        """L1C from the CSV files, L2A from the preprocessed HDF5 files."""
        if level == "L1C":
            return self._raw()
        found = Observations(level, self.config.brings()[level], self.period)
        listed = set(self._table.loc[self._table["reason"] == "", "parcel"])
        for region in self.config.regions:
            engine = read_engine(self.config.engine(region), self.config.brings()[level])
            taken = [n for n, parcel in enumerate(engine.parcels) if parcel in listed]
            logger.info("%s: %d of %d parcels are listed", region, len(taken), len(engine.parcels))
            for number in taken:
                found.add(engine.parcels[number], engine.days, engine.values[number])
        return found.cube({"dataset": "BavarianCrops, preprocessed", "regions": list(self.config.regions)})

    def parcels(self) -> gpd.GeoDataFrame:
        """Every id that is listed, or that has a file."""
        if "code" not in self._table:
            self._raw()
        part = self._table["part"] if self.part_column is not None else None
        return frame(self._table["parcel"], self._table["code"], self._table["reason"], part)

    def _raw(self) -> xr.Dataset:
        table, config = self._table, self.config
        found = Observations("L1C", config.brings()["L1C"], self.period)
        code: list[str | None] = [None] * len(table)
        reason = table["reason"].tolist()
        progress = Progress("parcels read", len(table))
        for number, (region, parcel) in enumerate(zip(table["region"], table["parcel"], strict=True)):
            if not reason[number]:
                code[number], reason[number] = _add(config.parcels(region) / f"{parcel}.csv", parcel, found)
            progress.step()
        table["code"], table["reason"] = pd.Series(code, dtype=object), pd.Series(reason, dtype=object)
        return found.cube({"dataset": "BavarianCrops", "regions": list(config.regions), "scheme": config.scheme})

    def _draw_validation(self) -> None:
        """A share of the training ids becomes validation: the random lists have none."""
        usable = self._table[(self._table["part"] == "train") & (self._table["reason"] == "")].sort_values("parcel")
        drawn = np.random.default_rng(self.config.seed).permutation(len(usable))
        chosen = usable.index[drawn[: int(len(usable) * self.config.validation)]]
        self._table.loc[chosen, "part"] = "validation"


def _listed(config: BavarianCropsSource, region: str) -> pd.DataFrame:
    """Columns region, parcel, part, reason: every id of a region's lists, and every file that is in none."""
    folder = config.parcels(region)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; {config.provide()}")
    there = {path.stem for path in folder.glob("*.csv")}
    lists: dict[str, list[str]] = {}
    part: dict[str, str] = {}
    for ending, name in config.parts.items():
        for parcel in dict.fromkeys(_ids(config.ids(region, ending))):
            lists.setdefault(parcel, []).append(ending)
            part[parcel] = name
    rows = []
    for parcel, endings in lists.items():
        reason = ""
        if len(endings) > 1:
            reason = f"its id stands in the lists {' and '.join(endings)}"
        elif parcel not in there:
            reason = f"listed, but it has no file in csv/{region}"
        rows.append((region, parcel, "" if reason else part[parcel], reason))
    rows += [(region, parcel, "", f"in no list of ids/{config.scheme}") for parcel in sorted(there - set(lists))]
    table = pd.DataFrame(rows, columns=["region", "parcel", "part", "reason"], dtype=object)
    logger.info("%s: %d ids listed, %d files", region, len(lists), len(there))
    return table


def _ids(file: Path) -> Iterator[str]:
    if not file.is_file():
        raise InputError(f"{file}: there is no such list of ids; mend source.folder or source.scheme")
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        text = line.strip()
        if text:
            if not text.isdigit():
                raise InputError(f"{file}: line {number} holds {text!r}, which is no id; write one number a line")
            yield text


def _check_columns(folder: Path) -> None:
    """The files of a region have the columns; a wrong format is told before thousands are read.

    Three are looked at, so that a single spoilt file is not taken for a wrong format.
    """
    files = nsmallest(3, folder.glob("*.csv"))
    if not files:
        raise InputError(f"{folder}: holds no CSV file; each parcel has one, named by its id")
    heads = [_head(file) for file in files]
    for column in (*COLUMNS, "doa", "label"):
        if not any(column in head for head in heads):
            raise InputError(f"{files[0]}: has no column {column!r}{nearest(column, heads[0])}")


def _head(file: Path) -> list[str]:
    with file.open(errors="replace") as opened:
        return [name.strip() for name in opened.readline().split(",")]


def _add(file: Path, parcel: str, found: Observations) -> tuple[str | None, str]:
    """Add a parcel's dates; returns its code, and why it can't be used ("" if it can)."""
    try:
        day, values, labels = read_parcel(file)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        # The id is not part of the reason, so that equal reasons can be counted together.
        logger.warning("%s: %s", file, " ".join(str(error).split()))
        return None, "its file cannot be read"
    if len(labels) > 1:
        return None, "its label changes within the year"
    if not labels:
        return None, "" if found.add(parcel, day, values) else NO_DATE
    return labels[0], "" if found.add(parcel, day, values) else NO_DATE


def read_parcel(file: Path) -> tuple[NDArray[np.datetime64], NDArray[np.float64], list[str]]:
    """Days (date,), digital numbers (date, band) in our order of bands, and the labels that occur."""
    table = csv.read_csv(
        file,
        csv.ReadOptions(use_threads=False),
        convert_options=csv.ConvertOptions(
            include_columns=[*COLUMNS, "doa", "label"],
            column_types={name: pa.float64() for name in COLUMNS} | {"doa": pa.string(), "label": pa.float64()},
        ),
    )
    values = np.stack([table[name].to_numpy() for name in COLUMNS], axis=1)
    day = np.array([text[:10] for text in table["doa"].to_pylist()], dtype="datetime64[D]")
    labels = codes(pd.Series(table["label"].to_numpy())).dropna().unique().tolist()
    return day, values, labels
