"""What a study's scenes cost to fetch, month by month: estimated before, and beside it what was charged since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Set
from datetime import date
from typing import Any

import pandas as pd

from .cost import Cost
from .duplicates import settled
from .grid import Grid
from .source import Found, Source

KEYS = ("tile", "level", "month")
NUMBERS = ("requests", "processing_units", "megabytes")
COLUMNS = (
    *KEYS,
    "scenes",
    *NUMBERS,
    "fetched",
    *(f"spent_{name}" for name in NUMBERS),
    "to_fetch",
    *(f"to_fetch_{name}" for name in NUMBERS),
)
"""One row a month. scenes, requests, processing_units, megabytes: estimate for all scenes. fetched, spent_...: those of
them that the store holds, and what they cost when they were fetched. to_fetch, to_fetch_...: the others, estimated."""

FREE = "costs nothing: its products are read where they are"


def estimate(source: Source, tile: str, level: str, days: Set[date], grid: Grid) -> pd.DataFrame:
    """Ask the catalogue, and only that, which scenes there are, and estimate what they cost.

    Parameters
    ----------
    source: where scenes come from; one without `estimate` costs nothing.
    tile, level: MGRS tile and L1C or L2A.
    days: sensing days (UTC) that count; not empty.
    grid: of the tile.

    Returns
    -------
    `COLUMNS`, one row a calendar month that has a scene.
    """
    found = [f for f in source.search(tile, level, min(days), max(days)) if f.time.date() in days]
    price: Callable[[Found, Grid], Cost] | None = getattr(source, "estimate", None)
    paid: Callable[[Found], Cost | None] | None = getattr(source, "paid", None)
    whole: dict[str, Cost] = defaultdict(Cost)
    spent: dict[str, Cost] = defaultdict(Cost)
    left: dict[str, Cost] = defaultdict(Cost)
    for scene in (part for acquisition in settled(source, found) for part in acquisition.parts):
        month = f"{scene.time:%Y-%m}"
        cost = price(scene, grid) if price is not None else Cost(scenes=1)
        charged = paid(scene) if paid is not None else Cost(scenes=1)
        whole[month] += cost
        if charged is None:
            left[month] += cost
        else:
            spent[month] += charged
    rows = [
        (tile, level, month, *_numbers(whole[month]), *_numbers(spent[month]), *_numbers(left[month]))
        for month in sorted(whole)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def total(table: pd.DataFrame) -> pd.DataFrame:
    """The sum of all rows, as one row whose keys are "all"."""
    sums = {str(name): value for name, value in table.drop(columns=list(KEYS)).sum().items()}
    return pd.DataFrame([{**dict.fromkeys(KEYS, "all"), **sums}]).astype(table.dtypes.to_dict())


def estimate_text(table: pd.DataFrame, free: bool) -> str:
    """The table and its sum for the terminal."""
    if table.empty:
        return "no scene of the study's days is there"
    both = pd.concat([table, total(table)], ignore_index=True)
    words = f"{both.round(2).to_string(index=False)}\n"
    last = both.iloc[-1]
    if free:
        return f"{words}the source {FREE}"
    return (
        f"{words}to fetch: {last['to_fetch']:.0f} of {last['scenes']:.0f} scenes, about "
        f"{last['to_fetch_requests']:.0f} requests, {last['to_fetch_processing_units']:.1f} processing units, "
        f"{last['to_fetch_megabytes']:.0f} MB; spent so far: {last['spent_requests']:.0f} requests, "
        f"{last['spent_processing_units']:.1f} processing units, {last['spent_megabytes']:.0f} MB"
    )


def _numbers(cost: Cost) -> tuple[Any, ...]:
    return cost.scenes, cost.requests, round(cost.units, 4), round(cost.bytes / 1e6, 3)
