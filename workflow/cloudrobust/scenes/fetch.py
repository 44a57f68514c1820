"""One month of one tile and level: search, settle duplicates, fetch, index."""

from __future__ import annotations

import hashlib
from collections.abc import Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import shapely

from ..errors import InputError
from ..log import logger
from .cost import Cost
from .duplicates import Acquisition, settled
from .failures import JobFailure, SceneFailure
from .index import relative_to_store, to_index
from .merged import SEPARATOR, merged_id
from .rasters.scene import RasterScene, is_raster
from .remote.progress import Transfer
from .safe.manifest import file_checksum
from .safe.metadata import find_metadata, read_metadata
from .source import Found, Source
from .store.scene import describe as describe_stored
from .store.scene import is_stored, paid

THREADS = 4
"""Fetches that run at once where the source allows it."""


def fetch_month(
    source: Source,
    tile: str,
    level: str,
    month: str,
    start: date,
    end: date,
    days: Set[date] | None = None,
    store: str | Path | None = None,
    missing: Literal["fail", "gap"] | None = None,
) -> gpd.GeoDataFrame:
    """Fetch every scene of a calendar month.

    A scene that can't be had does not keep the others from being fetched. What is then missing is either an
    error that names each such scene and its reason, or recorded in the index.

    Parameters
    ----------
    source: where products come from.
    tile, level: MGRS tile and L1C or L2A.
    month: "YYYY-MM".
    start, end: period of the study, both days included; only their overlap with the month is searched.
    days: sensing days (UTC) to keep; None for all.
    store: folder that `file` is relative to; by default the source's attribute `store`, and absolute
        paths if it has none.
    missing: whether a scene that can't be had is an error or a recorded gap; by default the source's
        attribute `missing`, and an error if it has none.

    Returns
    -------
    The month's index (`cloudrobust.scenes.index`); without a row if nothing was sensed. Its `attrs` account for
    every product that the search found: `found` (their number), `missing` (id, time and reason of each that can't be
    had), `left_out` (id and reason of each in whose place another of the same acquisition is taken) and `merged` (id
    of each scene of several products, and theirs as `parts`); and `spent` is what the products of the index cost when
    they were fetched, where that is known: `requests`, `processing_units`, `bytes`.

    Raises
    ------
    InputError
        If scenes can't be had, unless gaps are allowed; what was fetched stays in the store.
    JobFailure
        If no further scene can be had.
    """
    first, last = month_days(month)
    first, last = max(first, start), min(last, end)
    if first > last:
        return _with_record(to_index([]), [], {}, [])
    found = [f for f in source.search(tile, level, first, last) if days is None or f.time.date() in days]
    acquisitions = settled(source, found)
    chosen = [part for acquisition in acquisitions for part in acquisition.parts]
    logger.info("%s %s %s: %d scenes", tile, level, month, len(acquisitions))
    store = store if store is not None else getattr(source, "store", None)
    transfer = Transfer(f"fetch {tile} {level} {month}", len(chosen), getattr(source, "meter", None))
    rows, failures = _fetched(source, chosen, store, transfer)
    lost = [{"id": f.id, "time": f.time.isoformat(), "reason": failures[f.id]} for f in chosen if f.id in failures]
    for scene in lost:
        logger.warning("%s is missing: %s", scene["id"], scene["reason"])
    policy = missing if missing is not None else getattr(source, "missing", "fail")
    if lost and policy == "fail":
        raise InputError(
            f"{len(lost)} of {len(chosen)} scenes of {tile} {level} {month} can't be had ("
            + "; ".join(f"{scene['id']}: {scene['reason']}" for scene in lost)
            + "); the others are kept: run again, or allow gaps with source.missing: gap"
        )
    return _with_record(_indexed(acquisitions, rows), acquisitions, rows, lost)


def _fetched(
    source: Source, chosen: list[Found], store: str | Path | None, transfer: Transfer
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Rows of the index, and the reason for each product that can't be had, both by id."""
    rows: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}

    def row(product: Found) -> dict[str, Any]:
        return describe(source.fetch(product), store, getattr(source, "missing_offset", None))

    with ThreadPoolExecutor(THREADS if getattr(source, "thread_safe", False) else 1) as pool:
        pending: dict[Future[dict[str, Any]], Found] = {pool.submit(row, product): product for product in chosen}
        try:
            while pending:
                done, _ = wait(pending, timeout=transfer.every, return_when=FIRST_COMPLETED)
                for future in done:
                    product = pending.pop(future)
                    try:
                        rows[product.id] = future.result()
                    except JobFailure:
                        raise
                    except SceneFailure as failure:
                        failures[product.id] = failure.reason
                    except InputError as error:
                        failures[product.id] = str(error)
                    transfer.finished()
                transfer.say()
        except BaseException:
            # no further scene can be had: don't begin the rest of the queue
            pool.shutdown(cancel_futures=True)
            raise
    return rows, failures


def _indexed(acquisitions: list[Acquisition[Found]], rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    """One row for each acquisition of which a part is there."""
    there = ([rows[part.id] for part in a.parts if part.id in rows] for a in acquisitions)
    return to_index(_merged(parts) for parts in there if parts)


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a scene of several products: what it says of numbers is that of the first."""
    if len(parts) == 1:
        return parts[0]
    areas = [part["geometry"].area for part in parts]
    clouds = sum(part["cloud_cover"] * area for part, area in zip(parts, areas, strict=True)) / sum(areas)
    return {
        **parts[0],
        "id": merged_id([part["id"] for part in parts]),
        "cloud_cover": clouds,
        "file": SEPARATOR.join(part["file"] for part in parts),
        "bytes": sum(part["bytes"] for part in parts),
        "checksum": hashlib.md5("".join(part["checksum"] for part in parts).encode()).hexdigest(),
        "geometry": shapely.union_all([part["geometry"] for part in parts]),
    }


def _with_record(
    frame: gpd.GeoDataFrame,
    acquisitions: list[Acquisition[Found]],
    rows: dict[str, dict[str, Any]],
    missing: list[dict[str, Any]],
) -> gpd.GeoDataFrame:
    there = [[part.id for part in a.parts if part.id in rows] for a in acquisitions]
    spent = sum((cost for row in rows.values() if (cost := row["spent"]) is not None), Cost())
    frame.attrs |= {
        "found": sum(len(a.parts) + len(a.left_out) for a in acquisitions),
        "missing": missing,
        "left_out": [{"id": product.id, "reason": reason} for a in acquisitions for product, reason in a.left_out],
        "merged": [{"id": merged_id(ids), "parts": ids} for ids in there if len(ids) > 1],
        "spent": {"requests": spent.requests, "processing_units": spent.units, "bytes": spent.bytes},
    }
    return frame


def month_days(month: str) -> tuple[date, date]:
    """First and last day of "YYYY-MM"."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"month {month!r} is no calendar month; write it as 2022-05") from None
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def describe(product: Path, store: str | Path | None = None, missing_offset: int | None = None) -> dict[str, Any]:
    """The row of an index for a product in the store, see `cloudrobust.scenes.index.COLUMNS`; and what it `spent`.

    `missing_offset` is the offset of a product that should list its offsets and does not.
    """
    file = relative_to_store(product.absolute(), store) if store is not None else product.absolute().as_posix()
    if is_raster(product):
        return {**RasterScene(product).row(), "file": file, "spent": None}
    if is_stored(product):
        return {**describe_stored(product), "file": file, "spent": paid(product)}
    metadata_file = find_metadata(product)
    metadata = read_metadata(metadata_file, missing_offset)
    manifest = product / "manifest.safe"
    return {
        "id": metadata.id,
        "tile": metadata.tile,
        "level": metadata.level,
        "time": metadata.time,
        "platform": metadata.platform,
        "orbit": metadata.orbit,
        "baseline": metadata.baseline,
        "quantification": metadata.quantification,
        "offset": metadata.offset,
        "cloud_cover": metadata.cloud_cover,
        "file": file,
        "bytes": sum(file.stat().st_size for file in product.rglob("*") if file.is_file()),
        # a product that a mirror holds without its manifest is known by its metadata
        "checksum": file_checksum(manifest if manifest.is_file() else metadata_file),
        "geometry": metadata.footprint,
        "spent": None,
    }
