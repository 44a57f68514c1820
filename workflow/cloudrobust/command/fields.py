"""What a file of parcels holds, read without reading its parcels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config.spelling import nearest
from ..errors import InputError


@dataclass(frozen=True)
class Fields:
    """A vector file: its columns, the number of its features, its reference system, and the box around it."""

    file: Path
    columns: tuple[str, ...]
    count: int
    crs: str | None
    bounds: tuple[float, float, float, float] | None


def look_into(file: Path, layer: str | None = None) -> Fields:
    """Columns, number, reference system and bounds of a vector file; of GeoParquet no bounds.

    Raises
    ------
    InputError
        If it is no vector file, or has several layers and none is named.
    """
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; check the path")
    if file.suffix.lower() in (".parquet", ".geoparquet"):
        return _parquet(file)
    import pyogrio

    try:
        layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
        if layer is None and len(layers) > 1:
            raise InputError(f"{file}: has the layers {', '.join(layers)}; name one with --layer or parcels.layer")
        if layer is not None and layer not in layers:
            raise InputError(f"{file}: has no layer {layer!r}{nearest(layer, layers)}")
        info = pyogrio.read_info(file, layer=layer, force_feature_count=True, force_total_bounds=True)
    except InputError:
        raise
    except Exception as error:  # every driver has its own
        raise InputError(f"{file}: cannot be read as a vector file ({' '.join(str(error).split())})") from error
    if info["geometry_type"] is None:
        raise InputError(f"{file}: holds no geometry; name a vector file")
    bounds = info["total_bounds"]
    box = tuple(float(side) for side in bounds) if bounds is not None else None
    return Fields(file, tuple(map(str, info["fields"])), int(info["features"]), info["crs"], box)  # type: ignore[arg-type]


def _parquet(file: Path) -> Fields:
    import json

    import pyarrow.parquet as pq

    try:
        head = pq.read_metadata(file)
        schema = pq.read_schema(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as Parquet ({error})") from error
    about = json.loads((schema.metadata or {}).get(b"geo", b"null"))
    if about is None:
        raise InputError(f"{file}: is Parquet without a geometry; write it as GeoParquet")
    main = about["primary_column"]
    crs = about["columns"][main].get("crs", "OGC:CRS84")
    box = about["columns"][main].get("bbox")
    columns = tuple(name for name in schema.names if name not in about["columns"])
    return Fields(file, columns, head.num_rows, json.dumps(crs) if crs else None, tuple(box) if box else None)


def require(fields: Fields, column: str, key: str) -> None:
    """Raise InputError if the file lacks a column that a key of the configuration names."""
    if column not in fields.columns:
        raise InputError(f"{fields.file}: has no column {column!r} ({key}){nearest(column, fields.columns)}")
