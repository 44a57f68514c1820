"""One month of one tile and level: search, leave out duplicates, fetch, index."""

from __future__ import annotations

from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd

from ..errors import InputError
from ..log import Progress, logger
from .index import relative_to_store, to_index, without_duplicates
from .manifest import file_checksum
from .metadata import find_metadata, read_metadata
from .source import Found, Source

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
) -> gpd.GeoDataFrame:
    """Fetch every scene of a calendar month.

    Parameters
    ----------
    source: where products come from.
    tile, level: MGRS tile and L1C or L2A.
    month: "YYYY-MM".
    start, end: period of the study, both days included; only their overlap with the month is searched.
    days: sensing days (UTC) to keep; None for all.
    store: folder that `file` is relative to; by default the source's attribute `store`, and absolute
        paths if it has none.

    Returns
    -------
    The month's index (`cloudrobust.scenes.index`); without a row if nothing was sensed.

    Raises
    ------
    InputError
        If a product is damaged; what was fetched before it stays in the store.
    """
    first, last = month_days(month)
    first, last = max(first, start), min(last, end)
    if first > last:
        return to_index([])
    found = [f for f in source.search(tile, level, first, last) if days is None or f.time.date() in days]
    chosen = without_duplicates(found)
    logger.info("%s %s %s: %d scenes", tile, level, month, len(chosen))
    store = store if store is not None else getattr(source, "store", None)
    progress = Progress(f"fetch {tile} {level} {month}", len(chosen))

    def row(product: Found) -> dict[str, Any]:
        return describe(source.fetch(product), store)

    rows = []
    with ThreadPoolExecutor(THREADS if getattr(source, "thread_safe", False) else 1) as pool:
        try:
            for product, described in zip(chosen, pool.map(row, chosen), strict=True):
                rows.append(described)
                progress.step(product.id)
        except BaseException:
            # one broken product ends the job: don't begin the rest of the queue
            pool.shutdown(cancel_futures=True)
            raise
    return to_index(rows)


def month_days(month: str) -> tuple[date, date]:
    """First and last day of "YYYY-MM"."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"month {month!r} is no calendar month; write it as 2022-05") from None
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def describe(product: Path, store: str | Path | None = None) -> dict[str, Any]:
    """The row of an index for a product in the store, see `cloudrobust.scenes.index.COLUMNS`."""
    metadata_file = find_metadata(product)
    metadata = read_metadata(metadata_file)
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
        "file": relative_to_store(product.absolute(), store) if store is not None else product.absolute().as_posix(),
        "bytes": sum(file.stat().st_size for file in product.rglob("*") if file.is_file()),
        # a product that a mirror holds without its manifest is known by its metadata
        "checksum": file_checksum(manifest if manifest.is_file() else metadata_file),
        "geometry": metadata.footprint,
    }
