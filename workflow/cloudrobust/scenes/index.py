"""The month index: one row a scene, GeoParquet; what travels through the workflow in place of images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ..atomic import atomic
from ..errors import InputError
from .merged import SEPARATOR, files_of

COLUMNS: dict[str, str] = {
    "id": "str",
    "tile": "str",
    "level": "str",
    "time": "datetime64[ns]",
    "platform": "str",
    "orbit": "int64",
    "baseline": "str",
    "quantification": "int64",
    "offset": "int64",
    "cloud_cover": "float64",
    "file": "str",
    "bytes": "int64",
    "checksum": "str",
}
"""Columns and their types, beside the footprint `geometry` (EPSG:4326) and, after a mask step, `mask`.

id: product name without `.SAFE`. time: datatake sensing start, naive UTC. orbit: relative. quantification,
offset: those of the product, harmonised DN = (raw + offset) x 10000 / quantification. cloud_cover: percent.
file: the `.SAFE` folder; of a scene that is cut apart, those of its parts (`merged.SEPARATOR`).
bytes: size of the product. checksum: MD5 of its manifest.safe.
mask: path of the mask raster, relative to the index's folder.
"""


def empty_index() -> gpd.GeoDataFrame:
    """An index without scenes: every column with its type, no row."""
    return to_index([])


def to_index(rows: Iterable[dict[str, Any]]) -> gpd.GeoDataFrame:
    """An index from rows with the keys of `COLUMNS` and `geometry`, sorted by time, then id."""
    frame = gpd.GeoDataFrame(list(rows), columns=[*COLUMNS, "geometry"], geometry="geometry", crs="EPSG:4326")
    return _ordered(frame)


def write_index(frame: gpd.GeoDataFrame, path: str | Path, store: str | Path | None = None) -> None:
    """Write an index, sorted by time, then id.

    Parameters
    ----------
    frame: the columns of `COLUMNS`, `geometry`, and `mask` if there is one; other columns are kept.
    path: GeoParquet file.
    store: folder of the products; a `file` below it is written relative to it.
    """
    missing = [name for name in (*COLUMNS, "geometry") if name not in frame]
    if missing:
        raise InputError(f"{path}: an index of scenes needs the column {missing[0]}")
    frame = _ordered(frame)
    if store is not None:
        frame["file"] = pd.Series([relative_to_store(file, store) for file in frame["file"]], frame.index, dtype="str")
    with atomic(path) as part:
        frame.to_parquet(part, index=False)


def read_index(path: str | Path, store: str | Path | None = None) -> gpd.GeoDataFrame:
    """Read an index.

    Parameters
    ----------
    path: GeoParquet file that `write_index` wrote.
    store: if given, a relative `file` becomes an absolute path below it; else `file` stays as written,
        to be opened with `open_scene(row, store)`.

    Raises
    ------
    InputError
        If the file is missing or is no index of scenes.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such index of scenes; run the rule that makes it")
    try:
        frame = gpd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: is no index of scenes ({error}); delete it and run again") from error
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise InputError(f"{path}: is no index of scenes, it has no column {missing[0]}; delete it and run again")
    frame = _ordered(frame)
    if store is not None:
        folder = Path(store).absolute()
        whole = [SEPARATOR.join(str(folder / part) for part in files_of(file)) for file in frame["file"]]
        frame["file"] = pd.Series(whole, frame.index, dtype="str")
    return frame


def relative_to_store(file: str | Path, store: str | Path) -> str:
    """`file` relative to `store` if it lies below it, else absolute; one that is relative already stays."""
    parts = files_of(file)
    if len(parts) > 1:
        return SEPARATOR.join(relative_to_store(part, store) for part in parts)
    path = Path(file)
    if not path.is_absolute() and not path.is_relative_to(store):
        return path.as_posix()
    path, folder = path.absolute(), Path(store).absolute()
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _ordered(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    types = {**COLUMNS, "mask": "str"}
    typed = frame.astype({name: kind for name, kind in types.items() if name in frame})
    return typed.sort_values(["time", "id"], ignore_index=True)
