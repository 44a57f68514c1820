"""The commercially preprocessed series of BavarianCrops' parcels: frames of pandas in HDF5, in its fixed format.

The layout is that of the authors' own loader (github.com/MarcCoru/crop-type-mapping, src/datasets/GAFDataset.py): the
keys `train_data` and `test_data`, a row a parcel, the column `ID`, and a column `<anything>/B02_2018-01-12_median` for
each band and date (10000 = reflectance 1). Only the numeric blocks are read: pandas keeps text as pickles, which are
never opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

KEYS = ("train_data", "test_data")
COLUMN = re.compile(r"(?:.*/)?(B\d\d|B8A)_(\d{4}-\d{2}-\d{2})_median")


@dataclass(frozen=True)
class Engine:
    """Series of one region: `parcels` ids, `days` (date,), `values` (parcel, date, band) in digital numbers."""

    parcels: list[str]
    days: NDArray[np.datetime64]
    values: NDArray[np.float32]


def read_engine(file: Path, bands: tuple[str, ...]) -> Engine:
    """Read a region's preprocessed series, training and test rows alike.

    Raises
    ------
    InputError
        If the file is not such a file, lacks a band or the ids, or has bands of different dates.
    """
    try:
        with h5py.File(file, "r") as opened:
            frames = [_numbers(opened, key, file) for key in KEYS]
    except OSError as error:
        raise InputError(f"{file}: cannot be read as HDF5 ({error}); mend source.preprocessed") from error
    places = _places([name for name in frames[0] if name != "ID"], bands, file)
    parcels: list[str] = []
    parts = []
    days = sorted(next(iter(places.values())))
    for columns in frames:
        if "ID" not in columns:
            raise InputError(f"{file}: has no numeric column 'ID'; it names the parcels")
        if not np.isfinite(columns["ID"]).all():
            raise InputError(f"{file}: has rows without an ID; fill them in or remove them")
        parcels += [str(int(number)) for number in columns["ID"]]
        stacked = [[columns[places[band][day]] for band in bands] for day in days]
        parts.append(np.asarray(stacked, np.float32).transpose(2, 0, 1))
    return Engine(parcels, np.array(days, "datetime64[D]"), np.concatenate(parts))


def _numbers(opened: h5py.File, key: str, file: Path) -> dict[str, NDArray[np.float64]]:
    """The numeric columns of one frame by name."""
    if key not in opened or "axis0" not in opened[key]:
        raise InputError(f"{file}: holds no frame {key!r} in pandas' fixed format; mend source.preprocessed")
    group, columns = opened[key], dict[str, NDArray[np.float64]]()
    for name in group:
        if not re.fullmatch(r"block\d+_values", name) or group[name].dtype.kind not in "iuf":
            continue
        items = [item.decode() if isinstance(item, bytes) else str(item) for item in group[name[:-7] + "_items"][()]]
        values = group[name][()]
        columns |= {item: values[:, place].astype(np.float64) for place, item in enumerate(items)}
    return columns


def _places(names: list[str], bands: tuple[str, ...], file: Path) -> dict[str, dict[str, str]]:
    """Column by band and day."""
    found: dict[str, dict[str, str]] = {band: {} for band in bands}
    for name in names:
        match = COLUMN.fullmatch(name)
        if match and match[1] in found:
            if match[2] in found[match[1]]:
                raise InputError(f"{file}: has two columns of {match[1]} on {match[2]}; keep one")
            found[match[1]][match[2]] = name
    for band in bands:
        if not found[band]:
            raise InputError(f"{file}: has no column of band {band}, such as 'x/{band}_2018-01-12_median'")
        if found[band].keys() != found[bands[0]].keys():
            raise InputError(f"{file}: bands {bands[0]} and {band} have different dates; complete them")
    return found
