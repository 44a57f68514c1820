"""How long a dry run of a country takes: `snakemake -n` for many tiles, months, branches and models.

    python benchmarks/dag.py                        60 tiles x 12 months x 2 levels x 16 branches x 6 models
    python benchmarks/dag.py --tiles 10 --phases    a smaller one, and where the time goes

A study of that size is written into a temporary folder (its parcels are one field, nothing is fetched), and
Snakemake's dry run of it is timed as a user sees it: jobs, wall seconds, peak memory. The 16 branches are
the two raw levels and 14 chains of a selection, one of three masks and one of five intervals.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely
import yaml

ROOT = Path(__file__).resolve().parents[1]


def study(tiles: int, months: int, branches: int, models: int, folder: Path) -> dict[str, Any]:
    """A configuration of that size; its parcel file is written into `folder`."""
    masks = {f"clear{n}": {"do": "mask", "method": "scl", "dilate": 20 * n} for n in range(3)}
    intervals = {f"every{n}": {"do": "interpolate", "every": f"{n}d"} for n in (5, 7, 10, 14, 16)}
    chains = [["season", mask, interval] for mask in masks for interval in intervals]
    levels: list[dict[str, Any]] = [{"level": "L1C", "steps": []}, {"level": "L2A", "steps": []}]
    chosen = (levels + [{"level": "L2A", "steps": chain} for chain in chains])[:branches]
    field = gpd.GeoDataFrame({"id": ["1"], "crop": ["wheat"]}, geometry=[shapely.box(11, 48, 11.01, 48.01)], crs=4326)
    field.to_file(folder / "parcels.gpkg")
    (folder / "archive").mkdir()
    letters = "ABCDEFGHJK"
    names = [f"32U{letters[n // 10 % 10]}{letters[n % 10]}" for n in range(tiles)]
    return {
        "title": "a country",
        "period": {"start": "2022-01-01", "end": f"2022-{months:02d}-28"},
        "source": {"kind": "safe", "store": "archive"},
        "tiles": names,
        "parcels": {"file": "parcels.gpkg", "id": "id", "label": "crop"},
        "steps": {"season": {"do": "select", "start": "01-01", "end": "12-31"}, **masks, **intervals},
        "branches": {f"branch{n}": branch for n, branch in enumerate(chosen)},
        "comparison": {"raw": "branch0", "preprocessed": f"branch{len(chosen) - 1}"},
        "models": {f"model{n}": {"do": "tempcnn", "hidden": 16 * (n + 1)} for n in range(models)},
        "training": {"seeds": list(range(10))},
    }


def dry_run(folder: Path) -> dict[str, Any]:
    """Jobs, wall seconds, processor seconds and peak memory (bytes) of a dry run in `folder`."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--cores", "2"]
    command += ["--quiet", "rules"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    printed = done.stdout + done.stderr
    if done.returncode != 0:
        raise SystemExit(printed[-4000:])
    jobs = next(int(line.split()[1]) for line in printed.splitlines() if line.startswith("total "))
    # The only child of this process so far. Memory is in kilobytes on Linux.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = round(used.ru_utime + used.ru_stime, 1)
    return {"jobs": jobs, "seconds": round(seconds, 1), "processor_seconds": processor, "bytes": used.ru_maxrss * 1024}


def profiled(folder: Path) -> str:
    """Where the time of a dry run goes, by cProfile: the functions with the largest own and cumulative seconds."""
    code = (
        "import cProfile, pstats, sys, io\n"
        "from snakemake.cli import main\n"
        "p = cProfile.Profile()\n"
        "try:\n    p.runcall(main, sys.argv[1:])\n"
        "except SystemExit:\n    pass\n"
        "for key in ('cumulative', 'tottime'):\n"
        "    out = io.StringIO()\n    pstats.Stats(p, stream=out).sort_stats(key).print_stats(40)\n"
        "    print(out.getvalue())\n"
    )
    command = [sys.executable, "-c", code, "--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--cores", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [*command, "--quiet", "all"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr[-2000:]


def main() -> None:
    """Write the study, time its dry run, print one line and, if asked, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=60)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--branches", type=int, default=16, help="at most 17")
    parser.add_argument("--models", type=int, default=6)
    parser.add_argument("--phases", action="store_true", help="print where the time goes")
    parser.add_argument("--json", type=Path, help="add the measurement to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = study(arguments.tiles, arguments.months, arguments.branches, arguments.models, folder)
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        if arguments.phases:
            print(profiled(folder))
            return
        found = dry_run(folder)
    size = {key: getattr(arguments, key) for key in ("tiles", "months", "branches", "models")}
    print(
        f"{size}: {found['jobs']} jobs, {found['seconds']} s, {found['processor_seconds']} s of them on the "
        f"processor, {found['bytes'] / 1e6:.0f} MB"
    )
    if arguments.json:
        known = json.loads(arguments.json.read_text()) if arguments.json.is_file() else []
        kept = [row for row in known if any(row[key] != size[key] for key in size)]
        kept.append({**size, **found})
        arguments.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
