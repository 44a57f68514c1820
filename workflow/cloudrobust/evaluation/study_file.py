"""The small file of a study that can be shared: its differences with their errors, and no parcel."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..atomic import atomic
from ..errors import InputError

FORMAT = 1
NAME = "study.json"
DEGREES = 0.1
"""The region's box is widened to multiples of so many degrees (about 10 km), which names a region and no farm."""
WHERE = ("", "evaluation", "results/evaluation")
"""Below a given folder, where the file may lie."""


def region(parcels: gpd.GeoDataFrame) -> list[float] | None:
    """West, south, east, north (EPSG:4326) of a box around the parcels, widened to `DEGREES`; None without places."""
    placed = parcels[parcels.geometry.notna() & ~parcels.geometry.is_empty]
    if placed.empty or placed.crs is None:
        return None
    west, south, east, north = placed.to_crs(4326).total_bounds / DEGREES
    box = (math.floor(west), math.floor(south), math.ceil(east), math.ceil(north))
    return [round(side * DEGREES, 6) for side in box]


def differences(intervals: pd.DataFrame, scores: pd.DataFrame, raw: str, preprocessed: str) -> list[dict[str, Any]]:
    """One entry a model and metric: preprocessed - raw, its standard error over blocks, and the scores of both.

    Parameters
    ----------
    intervals
        Of `evaluation.confidence.intervals`; where the split has no blocks, the error is that over parcels.
    scores
        Of `evaluation.compare.scores`.
    raw, preprocessed
        The two branches.
    """
    found = []
    for (model, metric), mine in intervals.groupby(["model", "metric"], sort=False):
        unit = "blocks" if (mine["unit"] == "blocks").any() else "parcels"
        row = mine[mine["unit"] == unit].iloc[0]
        runs = scores[scores["model"] == model].groupby("branch")
        mean = {branch: rounded(float(value)) for branch, value in runs[str(metric)].mean().items()}
        found.append(
            {"model": str(model), "metric": str(metric),
             **{key: rounded(float(row[key])) for key in ("estimate", "error", "low", "high")},
             "unit": unit, "note": row["note"] if isinstance(row.get("note"), str) else "", "drawn": int(row["drawn"]),
             "raw": mean[raw], "preprocessed": mean[preprocessed], "seeds": int(runs.size().min())}
        )  # fmt: skip
    return found


def rounded(value: float) -> float | None:
    """Six digits after the point are far beyond any error; JSON has no NaN."""
    return round(value, 6) if math.isfinite(value) else None


def study_content(
    head: Mapping[str, Any],
    parcels: gpd.GeoDataFrame,
    split: pd.DataFrame,
    scored: Sequence[str],
    compared: list[dict[str, Any]],
    verdicts: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What `write_study_file` writes.

    Parameters
    ----------
    head
        What the configuration says: title, period, source kind, branches, split method.
    parcels, split
        Of the study; only their box and their numbers go into the file.
    scored
        Ids of the test parcels that every branch classifies; only their number goes into the file.
    compared
        Of `differences`.
    verdicts
        By model, of `evaluation.verdict.verdicts`.
    versions
        Of `provenance.versions`.
    """
    blocks = split.set_index(split["parcel"].astype(str))["block"].astype(str).reindex([str(p) for p in scored])
    parts = split["part"].astype(str).value_counts()
    labelled = parcels["class"].dropna()
    return {
        "format": FORMAT,
        **head,
        "region": region(parcels),
        "parcels": {
            "test": len(scored),
            "train": int(parts.get("train", 0)),
            "test_blocks": int(blocks[blocks != ""].nunique()),
            "classes": int(labelled.nunique()),
        },
        "differences": compared,
        "verdicts": dict(verdicts) if verdicts is not None else None,
        "versions": dict(versions or {}),
    }


def write_study_file(content: Mapping[str, Any], path: str | Path) -> None:
    """Write the file; it appears whole or not at all."""
    with atomic(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def find_study_file(given: str | Path) -> Path:
    """The file of a study: the one given, or the one below the given folder of a project or of its results.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(given)
    if path.is_file():
        return path
    for below in WHERE:
        if (path / below / NAME).is_file():
            return path / below / NAME
    raise InputError(f"{given}: there is no {NAME} here or in {', '.join(w for w in WHERE if w)}; run the study first")


def read_study_file(path: str | Path) -> dict[str, Any]:
    """Read and check a study's file.

    Raises
    ------
    InputError
        If it is no such file; the sentence names what is wrong.
    """
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no file of a study ({error}); ask for a new one") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        known = content.get("format") if isinstance(content, dict) else None
        raise InputError(f"{path}: is of format {known}, and this version reads format {FORMAT}; make it anew")
    missing = [key for key in ("title", "branches", "differences") if key not in content]
    if missing:
        raise InputError(f"{path}: lacks {missing[0]}; make it anew")
    for row in content["differences"]:
        absent = [key for key in ("model", "metric", "estimate", "error") if key not in row]
        if absent:
            raise InputError(f"{path}: a difference lacks {absent[0]}; make it anew")
    return content


def table_of(studies: Mapping[str, Mapping[str, Any]], metric: str) -> pd.DataFrame:
    """One row a study and model that it compares.

    Returns
    -------
    DataFrame
        `study` (its label), `model`, `estimate`, `error`, `unit`, `test`, `blocks`; an error that is unknown is NaN.
    """
    rows = [
        (
            label,
            row["model"],
            row["estimate"],
            row["error"],
            row.get("unit", ""),
            content.get("parcels", {}).get("test"),
        )
        for label, content in studies.items()
        for row in content["differences"]
        if row["metric"] == metric
    ]
    frame = pd.DataFrame(rows, columns=["study", "model", "estimate", "error", "unit", "test"])
    return frame.astype({"estimate": float, "error": float}).replace({None: np.nan})
