"""What a region, a country and a continent cost: the tables of docs/scaling.md, from the measurements beside it.

    python benchmarks/costs.py            write the tables anew
    python benchmarks/costs.py --check    fail if they are not those of the measurements

Reads docs/scaling/points.json (benchmarks/scale.py) and docs/scaling/dag.json (benchmarks/dag.py).
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from cloudrobust.scenes.sentinelhub.cost import processing_units

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIDE = 10980
DATES = 73
"""Acquisitions of a place in a year: one every five days (ESA, Sentinel-2 User Handbook, two satellites)."""
PIECE = 2500
"""Largest side of a request to Sentinel Hub's Process API, in pixels."""
PLACES = {"a region": 4, "a country": 60, "a continent": 700}
"""Tiles. 60 is the dry run measured; 4 are Upper Bavaria; 700 the land of the European Union with borders."""
PARTS = ("read", "decode", "mask", "aggregate", "write", "other")


def full(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The largest point: the one that costs are computed from."""
    return max(points, key=lambda point: (point["size"], point["parcels"]))


def line(rows: list[dict[str, Any]], value: str) -> tuple[float, float]:
    """Constant and slope of a value over tiles, by least squares."""
    slope, constant = np.polyfit([row["tiles"] for row in rows], [row[value] for row in rows], 1)
    return float(constant), float(slope)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def split_table(point: dict[str, Any]) -> str:
    """Where the seconds of the largest point go, by the processor and on the wall."""
    columns = (("seconds", "total"), ("wall_seconds", "wall"))
    rows = []
    for part in PARTS:
        cells = [(point[of][part], point[of][part] / point[whole]) for of, whole in columns]
        rows.append([part, *(text for seconds, share in cells for text in (f"{seconds:.1f}", f"{share:.1%}"))])
    rows.append(["total", *(text for _, whole in columns for text in (f"{point[whole]:.1f}", "100 %"))])
    return table(["part", "processor seconds", "share", "wall seconds", "share"], rows)


def costs_table(points: list[dict[str, Any]], dry_runs: list[dict[str, Any]]) -> str:
    """Jobs, core hours, bytes, requests and processing units of a year at both levels."""
    point = full(points)
    scale = (SIDE / point["size"]) ** 2
    per_pair = point["total"] / point["dates"] * scale
    stored = point["stored_bytes"] / point["dates"] * scale
    # From one date: the month's dates are the same images, which compress better together than real ones would.
    single = max((one for one in points if one["dates"] == 1), key=lambda one: one["parcels"])
    written = single["written_bytes"] / single["parcels_measured"] * point["parcels_measured"]
    jobs, more_jobs = line(dry_runs, "jobs")
    seconds, more_seconds = line(dry_runs, "processor_seconds")
    memory, more_memory = line(dry_runs, "bytes")
    requests, units = cloud_costs()
    rows = []
    for place, tiles in PLACES.items():
        pairs = tiles * DATES
        rows.append(
            [
                f"{place} ({tiles} tiles)",
                f"{jobs + more_jobs * tiles:,.0f}",
                f"{(pairs * per_pair + tiles * point['coverage']) / 3600:,.0f}",
                f"{pairs * stored / 1e12:,.1f} TB",
                f"{pairs * written / 1e9:,.1f} GB",
                f"{pairs * requests:,}",
                f"{pairs * units / 1e6:,.1f} million",
                f"{seconds + more_seconds * tiles:,.0f} s, {(memory + more_memory * tiles) / 1e9:.1f} GB",
            ]
        )
    head = ["a year, both levels", "jobs", "core hours", "images", "observations", "requests", "units", "dry run"]
    return table(head, rows)


def cloud_costs() -> tuple[int, float]:
    """Requests and processing units of one date of a full tile at both levels, as Sentinel Hub counts them."""
    requests, units = 0, 0.0
    # Bands on each grid: ten metres, twenty (with the scene classification at Level-2A), sixty.
    for resolution, l1c, l2a in ((10, 4, 4), (20, 6, 7), (60, 3, 2)):
        side = SIDE * 10 // resolution
        pieces = math.ceil(side / PIECE) ** 2
        requests += 2 * pieces
        units += processing_units(side, side, l1c) + processing_units(side, side, l2a)
    return requests, units


def growth_table(points: list[dict[str, Any]]) -> str:
    """Exponents of the growth of each part, between the ends of a sweep; 1 is proportional."""
    from scale import BASE, SWEEP, of_sweep, slope

    def value(point: dict[str, Any], part: str) -> float:
        if part in ("total", "peak_bytes"):
            return float(point[part])
        return float(point["seconds"][part])

    rows = []
    for along in SWEEP:
        chosen = of_sweep(points, along)
        span = f"{chosen[0][along]:,} to {chosen[-1][along]:,}"
        fixed = ", ".join(f"{BASE[key]:,} {'pixels a side' if key == 'size' else key}" for key in BASE if key != along)
        cells = [f"{slope(chosen, along, lambda p, part=part: value(p, part)):.2f}" for part in (*PARTS, "total")]
        cells = ["0.00" if cell == "-0.00" else cell for cell in cells]
        memory = f"{slope(chosen, along, lambda p: value(p, 'peak_bytes')):.2f}"
        name = "pixels (side" if along == "size" else f"{along} ("
        rows.append([f"{name} {span}); {fixed}".replace("( ", "("), *cells, memory])
    return table(["growth with", *PARTS, "total", "memory"], rows)


def dry_run_table(dry_runs: list[dict[str, Any]]) -> str:
    """The dry runs as measured."""
    rows = [
        [
            f"{row['tiles']} x {row['months']} x 2 x {row['branches']} x {row['models']}",
            f"{row['jobs']:,}",
            f"{row['processor_seconds']:.0f} s",
            f"{row['bytes'] / 1e6:.0f} MB",
        ]
        for row in sorted(dry_runs, key=lambda row: row["jobs"])
    ]
    head = ["tiles x months x levels x branches x models", "jobs", "processor", "memory"]
    return table(head, rows)


def facts(point: dict[str, Any]) -> str:
    """One sentence on the largest point."""
    reading = (point["seconds"]["read"] + point["seconds"]["decode"]) / point["total"]
    return (
        f"One tile of {point['size']:,} x {point['size']:,} pixels, {point['parcels_measured']:,} parcels, a month of "
        f"scenes at both levels ({point['dates']} dates, {2 * point['dates']} products): {point['total'] / 60:.0f} "
        f"minutes of one processor, {reading:.0%} of them reading and decoding; peak memory "
        f"{point['peak_bytes'] / 1e9:.1f} GB; the coverage operator, built once a tile, {point['coverage']:.0f} s; "
        f"images of {point['bits_per_pixel']} bits a pixel, {point['stored_bytes'] / 1e9:.1f} GB of them read."
    )


def written(text: str) -> str:
    """The document with every computed part made anew."""
    points = json.loads((DOCS / "scaling" / "points.json").read_text())
    dry_runs = json.loads((DOCS / "scaling" / "dag.json").read_text())
    parts = {
        "facts": facts(full(points)),
        "split": split_table(full(points)),
        "growth": growth_table(points),
        "dry-run": dry_run_table(dry_runs),
        "costs": costs_table(points, dry_runs),
    }
    for name, made in parts.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        if not re.search(pattern, text, re.S):
            raise SystemExit(f"docs/scaling.md: there is no place <!-- {name} --> ... <!-- /{name} -->")
        text = re.sub(pattern, lambda found, made=made: f"{found[1]}{made}\n{found[2]}", text, flags=re.S)
    return text


def main() -> None:
    """Write docs/scaling.md anew, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if the document is not up to date")
    arguments = parser.parse_args()
    file = DOCS / "scaling.md"
    old = file.read_text()
    new = written(old)
    if arguments.check:
        sys.exit(0 if old == new else "docs/scaling.md: its numbers are old; call python benchmarks/costs.py")
    file.write_text(new)


if __name__ == "__main__":
    main()
