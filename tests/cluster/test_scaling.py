"""The numbers of docs/scaling.md are those of the measurements beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_document_is_computed_from_the_measurements() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/costs.py", "--check"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_reading_is_nearly_all_of_the_work_on_the_largest_tile_measured() -> None:
    points = json.loads((ROOT / "docs" / "scaling" / "points.json").read_text())
    largest = max(points, key=lambda point: (point["size"], point["parcels"]))
    reading = largest["seconds"]["read"] + largest["seconds"]["decode"]
    assert reading / largest["total"] > 0.8


def test_a_small_point_can_be_measured_here() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/scale.py", "--one", json.dumps({"size": 360, "parcels": 50, "dates": 2})],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    point = json.loads(done.stdout.splitlines()[-1])
    assert point["parcels_measured"] == 50
    assert point["seconds"]["decode"] > 0
    assert point["total"] > sum(point["seconds"].values()) - 0.01
