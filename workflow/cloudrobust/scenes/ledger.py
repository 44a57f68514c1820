"""What became of every product that the searches found: used, left out, or missing, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from ..errors import InputError
from .cost import Cost

Key = tuple[str, str, str]
"""Tile, level, month."""

COUNTS = ("tile", "level", "month", "found", "used", "scenes", "left_out", "missing", "requests", "processing_units",
          "megabytes")  # fmt: skip
"""One row a month. found: products of the search; of them used, left_out and missing, which sum to it. scenes: rows of
the index, fewer than `used` where a scene has several parts. requests, processing_units, megabytes: spent on `used`."""
NAMED = ("tile", "level", "month", "id", "what", "reason")
"""One row for each product that is no scene of its own."""

LEFT_OUT, MISSING, PART = "left out", "missing", "part of a scene"


def account(indexes: Mapping[Key, str | Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the accounts of all months together; nothing but the indexes' heads is read.

    Parameters
    ----------
    indexes: files that `fetch_month` made, by tile, level and month.

    Returns
    -------
    Tables of `COUNTS` and of `NAMED`.

    Raises
    ------
    InputError
        If a file is no such index.
    RuntimeError
        If a month's numbers do not add up; a fault of the program.
    """
    counts, named = [], []
    for key, path in sorted(indexes.items()):
        scenes, attrs = _head(path)
        parts = [(name, scene["id"]) for scene in attrs["merged"] for name in scene["parts"]]
        used = scenes + len(parts) - len(attrs["merged"])
        left_out, missing = attrs["left_out"], attrs["missing"]
        if attrs["found"] != used + len(left_out) + len(missing):
            raise RuntimeError(
                f"{path}: {attrs['found']} products were found, but {used} are used, {len(left_out)} left out and "
                f"{len(missing)} missing"
            )
        spent = attrs["spent"]
        cost = (spent["requests"], round(spent["processing_units"], 4), round(spent["bytes"] / 1e6, 3))
        counts.append((*key, attrs["found"], used, scenes, len(left_out), len(missing), *cost))
        named += [(*key, one["id"], MISSING, one["reason"]) for one in missing]
        named += [(*key, one["id"], LEFT_OUT, one["reason"]) for one in left_out]
        named += [(*key, name, PART, f"part of {whole}") for name, whole in parts]
    return pd.DataFrame(counts, columns=list(COUNTS)), pd.DataFrame(named, columns=list(NAMED))


def by_level(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts of all tiles and months, one row a level."""
    sums = counts.drop(columns=["tile", "month"]).groupby("level", as_index=False).sum()
    return sums.loc[:, [name for name in COUNTS if name in sums]].round(3)


def spent_on(path: str | Path) -> Cost:
    """What the scenes of a month's index cost when they were fetched; nothing where they were read in place."""
    scenes, attrs = _head(path)
    spent = attrs["spent"]
    return Cost(scenes, int(spent["requests"]), float(spent["processing_units"]), int(spent["bytes"]))


def _head(path: str | Path) -> tuple[int, dict[str, Any]]:
    """Number of rows and account of an index."""
    try:
        file = pq.read_metadata(path)
        attrs = json.loads((file.metadata or {})[b"PANDAS_ATTRS"])
        if not {"found", "missing", "left_out", "merged", "spent"} <= set(attrs):
            raise KeyError("found")
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: is no index of a month's scenes, or does not account for them; delete it and run again"
        ) from error
    return int(file.num_rows), attrs
