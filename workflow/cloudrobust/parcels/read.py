"""From any vector file to the parcels of a study: checked, mended, shrunk, and none lost.

The frame has one row for each row of the file:

parcel, code
    Id and raw label as text; code is None without a label.
class
    Name of the class (None here; `labels.label_parcels` fills it).
area
    Square metres before the buffer; NaN without a polygon.
geometry
    Mended polygon, before the buffer, in a CRS in metres.
interior
    What the buffer leaves, in the same CRS; this is what is averaged.
status, reason
    "usable", "unlabelled" or "excluded", and why ("" if usable).
note
    What was done to the parcel, for example "geometry mended"; else "".
part
    Only if a column with parts was asked for: its values.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..atomic import atomic
from ..config.sources import Parcels
from ..config.spelling import nearest
from ..errors import InputError
from ..log import logger

PIXEL = 100.0
"""Square metres of a pixel of the finest bands of Sentinel-2, 10 m x 10 m."""

MENDED = "geometry mended"
NO_LABEL = "no label"


def read_parcels(config: Parcels, part_column: str | None = None) -> gpd.GeoDataFrame:
    """Read, check and mend a vector file of parcels.

    Parameters
    ----------
    config
        Where the file is, its columns, buffer and smallest size; `config.file` must be set.
    part_column
        Column with the parts of a given split (`split.column`); kept as column `part`.

    Returns
    -------
    The frame that this module describes. Geographic coordinates, and those not in metres, are projected
    to the UTM zone of the whole; every parcel that cannot be used is kept with its reason.

    Raises
    ------
    InputError
        If the file is missing or unreadable, lacks a column, a CRS, rows or any polygon, or has empty or
        repeated ids.
    """
    if config.file is None:
        raise InputError("parcels.file: is not set; name the vector file with your parcels")
    file = Path(config.file)
    table = _read(file, config.layer)
    columns = [str(name) for name in table.columns if name != table.geometry.name]
    wanted = {"id": config.id, "label": config.label, "split.column": part_column}
    for field, column in wanted.items():
        if column is not None and column not in columns:
            key = field if field.startswith("split") else f"parcels.{field}"
            raise InputError(f"{file}: has no column {column!r} for {key}{nearest(column, columns)}")
    if not len(table):
        raise InputError(f"{file}: holds no rows; name a file with parcels in parcels.file")
    if table.crs is None:
        raise InputError(f"{file}: states no coordinate reference system; add it, for example with QGIS or a .prj file")

    frame = pd.DataFrame({"parcel": identifiers(table[config.id], file, f"column {config.id!r} (parcels.id)")})
    frame["code"] = codes(table[config.label]) if config.label is not None else None
    frame["class"] = None
    polygons, reasons, notes = polygonal(np.asarray(table.geometry.array, dtype=object))
    if not any(reason == "" for reason in reasons):
        raise InputError(f"{file}: holds no polygon ({_commonest(reasons)}); parcels must be polygons")
    shapes = gpd.GeoSeries(polygons, crs=table.crs)
    shapes = _in_metres(shapes, file)
    interiors, small = _shrunk(shapes, config)
    reasons = [reason or other for reason, other in zip(reasons, small, strict=True)]
    frame["area"] = shapes.area.to_numpy()
    frame["status"] = np.where(np.array(reasons) == "", "usable", "excluded")
    frame["reason"] = reasons
    frame["note"] = notes
    if part_column is not None:
        frame["part"] = codes(table[part_column])
    parcels = gpd.GeoDataFrame(frame, geometry=shapes.to_numpy(), crs=shapes.crs)
    parcels["interior"] = gpd.GeoSeries(interiors, crs=shapes.crs)
    unlabelled = parcels["code"].isna() & (parcels["status"] == "usable")
    parcels.loc[unlabelled, ["status", "reason"]] = ["unlabelled", NO_LABEL]
    _tell(file, parcels)
    return parcels


def identifiers(column: pd.Series, file: Path, field: str) -> list[str]:
    """Ids as text, checked to be there and unique; `file` and `field` are named in the error sentence."""
    ids = codes(column)
    empty = ids.isna()
    if empty.any():
        raise InputError(f"{file}: {int(empty.sum())} rows have no id in {field}; give each parcel one")
    repeated = ids[ids.duplicated()].unique().tolist()
    if repeated:
        names = ", ".join(map(repr, repeated[:3])) + (f" and {len(repeated) - 3} more" if len(repeated) > 3 else "")
        raise InputError(f"{file}: {field} holds {names} more than once; ids must be unique")
    return ids.tolist()


def codes(column: pd.Series) -> pd.Series:
    """A column as text, None where empty; 3.0, as files with gaps hold an integer, becomes "3"."""
    values = column.reset_index(drop=True)
    if pd.api.types.is_float_dtype(values.dtype):
        filled = values.to_numpy(float, na_value=np.nan)
        there = np.isfinite(filled)
        words = [
            (str(int(v)) if v.is_integer() else repr(v)) if ok else None
            for v, ok in zip(filled.tolist(), there, strict=True)
        ]
    else:
        words = [None if missing else str(v).strip() or None for v, missing in zip(values, values.isna(), strict=True)]
    return pd.Series(words, dtype=object)


def polygonal(geometries: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[str], list[str]]:
    """The polygons among geometries, mended where they need it.

    Returns
    -------
    polygons
        Two-dimensional valid polygons or multipolygons; None where there is none.
    reasons
        "" for a polygon, else why there is none.
    notes
        "geometry mended" where the file's geometry was invalid (for example crossed itself).
    """
    count = len(geometries)
    reasons = np.full(count, "", dtype=object)
    reasons[shapely.is_missing(geometries)] = "no geometry"
    reasons[shapely.is_empty(geometries)] = "empty geometry"
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    reasons[np.unique(owner[~np.isfinite(coordinates).all(axis=1)])] = "geometry with coordinates that are not numbers"
    kinds = shapely.get_type_id(geometries)
    for index in np.flatnonzero((reasons == "") & ~np.isin(kinds, (3, 6, 7))):
        reasons[index] = f"geometry is a {geometries[index].geom_type}, not a polygon"

    polygons = np.full(count, None, dtype=object)
    polygons[reasons == ""] = shapely.force_2d(geometries[reasons == ""])
    # A collection may hold polygons; those are its polygon part, found by the same mending.
    broken = (reasons == "") & (~shapely.is_valid(polygons) | (kinds == 7))
    polygons[broken] = _polygon_part(shapely.make_valid(polygons[broken], method="structure", keep_collapsed=False))
    hollow = (reasons == "") & ~(shapely.area(polygons) > 0)
    reasons[hollow] = "geometry without an area"
    polygons[hollow] = None
    notes = np.where(broken & ~hollow, MENDED, "")
    return polygons, reasons.tolist(), notes.tolist()


def _polygon_part(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    parts, owner = shapely.get_parts(geometries, return_index=True)
    flat = shapely.get_type_id(parts) == 3
    result = np.full(len(geometries), None, dtype=object)
    for index in range(len(geometries)):
        mine = parts[(owner == index) & flat]
        result[index] = shapely.union_all(mine) if len(mine) else shapely.Polygon()
    return result


def _read(file: Path, layer: str | None) -> gpd.GeoDataFrame:
    if not file.exists():
        raise InputError(f"{file}: there is no such file; mend parcels.file")
    try:
        if file.suffix.lower() in (".parquet", ".geoparquet"):
            with np.errstate(invalid="ignore"):  # coordinates that are not numbers are told below
                table = gpd.read_parquet(file)
        else:
            with warnings.catch_warnings():
                # Unclosed or otherwise broken rings come in as they are; they are mended and recorded here.
                warnings.simplefilter("ignore")
                table = gpd.read_file(file, engine="pyogrio", layer=_layer(file, layer), on_invalid="ignore")
    except InputError:
        raise
    except Exception as error:
        # Every driver has its own exceptions; what the user needs to know is the same.
        message = " ".join(str(error).split())
        raise InputError(f"{file}: cannot be read as a vector file ({message}); mend it or parcels.file") from error
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"{file}: holds no geometry; name a vector file in parcels.file")
    return table


def _layer(file: Path, layer: str | None) -> str | None:
    layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
    if layer is None:
        if len(layers) > 1:
            raise InputError(f"{file}: has the layers {', '.join(layers)}; name one in parcels.layer")
        return None
    if layer not in layers:
        raise InputError(f"{file}: has no layer {layer!r} (parcels.layer){nearest(layer, layers)}")
    return layer


def _in_metres(shapes: gpd.GeoSeries, file: Path) -> gpd.GeoSeries:
    """The shapes in their own CRS if that is projected, in metres and true to scale; else in their UTM zone."""
    crs: CRS = shapes.crs
    metric = crs.is_projected and all(axis.unit_name in ("metre", "meter", "m") for axis in crs.axis_info[:2])
    # Web Mercator's metre shrinks with the latitude: 0.66 m at 49 degrees.
    if metric and crs.to_epsg() != 3857:
        return shapes
    try:
        target = shapes[shapes.notna()].estimate_utm_crs()
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{file}: its coordinates do not fit its coordinate reference system {crs.name} ({error}); mend one of them"
        ) from error
    logger.info("%s: coordinates in %s are projected to %s", file, crs.name, target.name)
    projected = shapes.to_crs(target)
    far = ~np.isfinite(shapely.bounds(np.asarray(projected[shapes.notna()].array, dtype=object))).all(axis=1)
    if far.any():
        raise InputError(
            f"{file}: {int(far.sum())} parcels lie outside the range of its coordinate reference system {crs.name}; "
            "mend the coordinates or the reference system"
        )
    return projected


def _shrunk(shapes: gpd.GeoSeries, config: Parcels) -> tuple[NDArray[np.object_], list[str]]:
    """What the buffer leaves (None for nothing), and why a parcel is too small ("" if it is not)."""
    polygons = np.asarray(shapes.array, dtype=object)
    interiors = shapely.buffer(polygons, config.buffer) if config.buffer else polygons.copy()
    area = shapely.area(interiors)
    small = ~(area >= config.minimum_pixels * PIXEL)
    after = " after the buffer" if config.buffer else ""
    reason = f"smaller than {config.minimum_pixels:g} pixels{after}"
    interiors[~(area > 0)] = None
    return interiors, [reason if is_small else "" for is_small in small]


def _commonest(reasons: Iterable[str]) -> str:
    return str(pd.Series(list(reasons)).mode().iloc[0])


def _tell(file: Path, parcels: gpd.GeoDataFrame) -> None:
    counts: dict[Any, int] = parcels["status"].value_counts().to_dict()
    logger.info("%s: %d parcels: %s", file, len(parcels), ", ".join(f"{n} {status}" for status, n in counts.items()))
    for reason, number in parcels.loc[parcels["status"] == "excluded", "reason"].value_counts().items():
        logger.warning("%s: %d parcels excluded: %s", file, number, reason)
    mended = int((parcels["note"] == MENDED).sum())
    if mended:
        logger.warning("%s: the geometry of %d parcels was invalid and is mended", file, mended)


def write_parcels(parcels: gpd.GeoDataFrame, path: str | Path) -> None:
    """Write parcels as GeoParquet with both geometry columns; the file appears whole or not at all."""
    with atomic(path) as part:
        parcels.to_parquet(part, index=False)


def load_parcels(path: str | Path) -> gpd.GeoDataFrame:
    """Read what `write_parcels` wrote."""
    if not Path(path).is_file():
        raise InputError(f"{path}: there are no parcels yet; run the rule that makes them")
    return gpd.read_parquet(path)
