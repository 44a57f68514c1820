"""The section on data, versions, seeds and time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from markupsafe import Markup

from ....energy import spent
from ....evaluation.runs import Run
from ...numbers import model_name
from ..durations import durations
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
    time = durations(benchmarks)
    if len(time):
        total = f"{time['seconds'].sum() / 60:.1f} minutes of jobs"
        words = pd.DataFrame(
            {
                "rule": time["rule"],
                "jobs": time["jobs"],
                "seconds": time["seconds"].map(lambda v: f"{v:,.1f}"),
                "processor seconds": time["cpu"].map(lambda v: f"{v:,.1f}"),
                "peak memory (MB)": time["memory"].map(lambda v: "–" if pd.isna(v) else f"{v:,.0f}"),
            }
        )
        shown.append(html_table(words, f"Time, from the workflow's benchmark files: {total}. {energy_words(logs)}"))
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
