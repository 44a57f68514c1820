"""Counters of a processor's energy, in a made-up tree of the kernel's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudrobust.energy import counters, metered, spent


def tree(folder: Path, **zones: tuple[int, int]) -> Path:
    for name, (value, size) in zones.items():
        zone = folder / name.replace("_", ":")
        zone.mkdir(parents=True, exist_ok=True)
        (zone / "energy_uj").write_text(f"{value}\n")
        (zone / "max_energy_range_uj").write_text(f"{size}\n")
    return folder


def record(logs: Path, name: str, start: float, end: float, first: int, last: int, size: int = 10**12, host: str = "a"):
    zones = {"intel-rapl:0": [first, last, size]}
    logs.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"host": host, "start": start, "end": end, "zones": zones})
    (logs / f"{name}.log.energy.json").write_text(text)


def test_packages_count_and_their_parts_do_not(tmp_path: Path) -> None:
    tree(tmp_path, **{"intel-rapl_0": (5, 100), "intel-rapl_0_1": (3, 100), "intel-rapl_1": (7, 90)})
    assert counters(tmp_path) == {"intel-rapl:0": (5, 100), "intel-rapl:1": (7, 90)}


def test_a_job_writes_what_was_counted_while_it_ran(tmp_path: Path) -> None:
    zones = tree(tmp_path / "powercap", **{"intel-rapl_0": (1_000_000, 10**12)})
    log = tmp_path / "logs" / "train" / "raw-lstm.log"
    with metered(log, zones):
        tree(zones, **{"intel-rapl_0": (3_601_000_000, 10**12)})
    found = spent(tmp_path / "logs")
    assert found is not None
    assert (found.watt_hours, found.jobs, found.hosts) == (pytest.approx(1.0), 1, 1)


def test_a_machine_without_counters_leaves_nothing_and_nothing_is_guessed(tmp_path: Path) -> None:
    with metered(tmp_path / "logs" / "a.log", tmp_path / "no such folder"):
        pass
    assert spent(tmp_path) is None


def test_jobs_side_by_side_count_once_and_pauses_do_not_count(tmp_path: Path) -> None:
    record(tmp_path, "one", 0, 10, 0, 1_800_000_000)
    record(tmp_path, "two", 5, 20, 900_000_000, 3_600_000_000)  # overlaps: together 3600 J
    record(tmp_path, "later", 100, 110, 9_000_000_000, 12_600_000_000)  # 3600 J; the pause before is nobody's
    record(tmp_path, "elsewhere", 0, 10, 0, 3_600_000_000, host="b")
    found = spent(tmp_path)
    assert found is not None
    assert (found.watt_hours, found.jobs, found.hosts) == (pytest.approx(3.0), 4, 2)


def test_a_counter_that_starts_again_is_followed(tmp_path: Path) -> None:
    record(tmp_path, "one", 0, 10, 9_000_000_000, 2_600_000_000, size=10_000_000_000)
    found = spent(tmp_path)
    assert found is not None
    assert found.watt_hours == pytest.approx(1.0)
