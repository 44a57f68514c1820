"""Energy of the processors, where the machine tells it.

Linux counts the energy of each processor package in microjoules (Documentation/power/powercap of the kernel: the zones
`intel-rapl:N`, which AMD's processors fill too). Many machines hide the counters from users, and virtual ones have
none; then nothing is known, and nothing is guessed.
"""

from __future__ import annotations

import json
import platform
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .atomic import atomic

POWERCAP = Path("/sys/class/powercap")
SUFFIX = ".energy.json"


def counters(powercap: Path = POWERCAP) -> dict[str, tuple[int, int]]:
    """By package: microjoules so far, and the value at which the counter starts again; empty if they can't be read."""
    found = {}
    for zone in sorted(powercap.glob("intel-rapl:*")):
        if zone.name.count(":") > 1:  # cores, memory: parts of a package
            continue
        try:
            found[zone.name] = tuple(int((zone / f).read_text()) for f in ("energy_uj", "max_energy_range_uj"))
        except (OSError, ValueError):
            continue
    return found  # type: ignore[return-value]


@contextmanager
def metered(log: str | Path | None, powercap: Path = POWERCAP) -> Iterator[None]:
    """Write beside a job's log what the counters said before and after it; nothing where there are none."""
    before, start = counters(powercap), time.time()
    yield
    after = counters(powercap)
    zones = {name: [before[name][0], after[name][0], after[name][1]] for name in before if name in after}
    if log is None or not zones:
        return
    with atomic(Path(f"{log}{SUFFIX}")) as part:
        part.write_text(json.dumps({"host": platform.node(), "start": start, "end": time.time(), "zones": zones}))


@dataclass(frozen=True)
class Energy:
    """Watt hours of the processor packages while at least one of so many jobs ran, and on how many machines."""

    watt_hours: float
    jobs: int
    hosts: int


def spent(logs: str | Path) -> Energy | None:
    """What all jobs together took; None where no job knew. What ran side by side counts once."""
    by_job, hosts = _by_job(logs)
    if not by_job:
        return None
    return Energy(sum(by_job.values()), len(by_job), len(hosts))


def spent_by_job(logs: str | Path) -> dict[str, float]:
    """Watt hours of each job, by the name of its log below `logs` without `.log`; jobs that did not know are absent."""
    return _by_job(logs)[0]


def _by_job(logs: str | Path) -> tuple[dict[str, float], set[str]]:
    """Watt hours by job, and the machines.

    Jobs that ran side by side share their machine's counters. So the samples of a machine are put in order, and each
    span between two of them is divided in equal parts among the jobs that ran in it. A counter starts again at its
    range; a span is shorter than that (about an hour of full load).
    """
    folder, hosts = Path(logs), set()
    found: dict[str, float] = {}
    samples: dict[tuple[str, str], list[tuple[float, int, str, int, int]]] = defaultdict(list)
    for file in sorted(folder.rglob(f"*{SUFFIX}")):
        record = json.loads(file.read_text())
        name = file.relative_to(folder).as_posix().removesuffix(SUFFIX).removesuffix(".log")
        for zone, (first, last, size) in record["zones"].items():
            found[name] = 0.0
            hosts.add(record["host"])
            samples[record["host"], zone] += [
                (record["start"], 0, name, first, size),
                (record["end"], 1, name, last, size),
            ]
    for series in samples.values():
        running: set[str] = set()
        previous = 0
        for _, ends, name, value, size in sorted(series):
            for job in running:
                found[job] += ((value - previous) % size) / 3.6e9 / len(running)
            (running.discard if ends else running.add)(name)
            previous = value
    return found, hosts
