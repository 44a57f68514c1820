"""How long everything took, from the benchmark files that the workflow leaves behind."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def durations(folder: str | Path) -> pd.DataFrame:
    """Jobs, seconds and peak memory of each rule.

    Returns
    -------
    DataFrame
        `rule`, `jobs`, `seconds` (sum of wall times), `cpu` (seconds of processor time, where it was measured),
        `memory` (greatest resident set, MB), the longest first. Empty if there are no benchmark files.
    """
    folder = Path(folder)
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        table = pd.read_csv(file, sep="\t", na_values="-")
        name = file.relative_to(folder).parts[0].removesuffix(".tsv")
        rows += [(name, float(r["s"]), r.get("cpu_time"), r.get("max_rss")) for r in table.to_dict("records")]
    frame = pd.DataFrame(rows, columns=["rule", "seconds", "cpu", "memory"])
    for column in ("cpu", "memory"):
        frame[column] = pd.to_numeric(frame[column])
    grouped = frame.groupby("rule").agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), cpu=("cpu", "sum"), memory=("memory", "max")
    )
    return grouped.sort_values("seconds", ascending=False).reset_index()
