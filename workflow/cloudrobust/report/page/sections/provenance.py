"""The section on data, versions, seeds and time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from markupsafe import Markup

from ....benchmarks import jobs, time_by_rule
from ....energy import spent
from ....evaluation.runs import Run
from ...numbers import model_name
from ..tables import html_table

Key = tuple[str, str]


def provenance_tables(
    chains: Mapping[str, str],
    provenance: Mapping[str, Any],
    series: Mapping[str, str],
    runs: Mapping[Key, Run],
    benchmarks: str | Path,
    logs: str | Path,
) -> list[Markup]:
    """Branches and their products, networks and their seeds, versions, and time."""
    rows = []
    for branch, file in series.items():
        with xr.open_dataset(file) as cube:
            known = json.loads(cube.attrs.get("provenance", "{}"))
            rows.append(
                {
                    "branch": branch,
                    "chain": chains[branch],
                    "dates": str(cube.sizes["time"]),
                    "from": cube.attrs.get("time_coverage_start", ""),
                    "to": cube.attrs.get("time_coverage_end", ""),
                    "baselines": ", ".join(known.get("baselines", [])),
                    "products": ", ".join(sorted({str(s)[:3] for s in cube["scene"].values}))
                    if "scene" in cube
                    else "",
                }
            )
    networks = pd.DataFrame(
        [
            {
                "network": f"{model_name(model)}, {branch}",
                "seeds": ", ".join(map(str, run.card["seeds"])),
                "best epochs": ", ".join(str(e) for e in run.card.get("best_epoch", {}).values()) or "–",
                "most epochs": str(run.card.get("budget", "–")),
                "converged": "yes"
                if run.converged
                else f"not converged: seed {', '.join(map(str, run.not_converged))}",
                "code": run.card.get("code", ""),
            }
            for (branch, model), run in runs.items()
        ]
    )
    versions = pd.DataFrame(list(provenance["versions"].items()), columns=["package", "version"])
    versions.loc[len(versions)] = ["configuration", provenance["config_hash"]]
    shown = [
        html_table(pd.DataFrame(rows), "Branches", left=list(rows[0])),
        html_table(networks, "Networks", left=["network", "code"]),
        html_table(versions, "Versions, and the hash of the configuration", left=["package", "version"]),
    ]
    times = time_by_rule(jobs(benchmarks))
    if times:
        total = sum(time.seconds for time in times)
        words = pd.DataFrame(
            {
                "rule": [time.rule for time in times],
                "jobs": [time.jobs for time in times],
                "seconds": [f"{time.seconds:,.1f}" for time in times],
                "share": [f"{time.seconds / total:.0%}" if total else "–" for time in times],
                "processor seconds": [f"{time.cpu:,.1f}" for time in times],
                "peak memory (MB)": ["–" if time.memory is None else f"{time.memory:,.0f}" for time in times],
            }
        )
        shown.append(
            html_table(words, f"Where the time went: {total / 60:.1f} minutes of jobs, by rule. {energy_words(logs)}")
        )
    return shown


def energy_words(logs: str | Path) -> str:
    """What the processors took, or that the machine doesn't tell."""
    found = spent(logs)
    if found is None:
        return "Energy: the machine does not tell (no readable RAPL counters)"
    machines = "one machine" if found.hosts == 1 else f"{found.hosts} machines"
    return (
        f"Energy of the processors of {machines} during {found.jobs} jobs: {found.watt_hours:,.1f} Wh (RAPL counters)"
    )
