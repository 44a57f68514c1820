"""The tables of the page's sections."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from markupsafe import Markup

from ...evaluation.calibration import columns_of, expected_calibration_error, temper, temperatures
from ...evaluation.runs import Run
from ..numbers import model_name, score
from ..tables import caption, comparison_text, parameters_text
from .durations import durations
from .tables import html_table

Key = tuple[str, str]
LISTED = 25
"""Rows of a long table that the page shows; the file holds all."""


def answer_tables(tables: Mapping[str, pd.DataFrame], parcels: int) -> list[Markup]:
    """One comparison table a metric, and the number of parameters."""
    first = next(iter(tables.values()))
    shown = [html_table(comparison_text(table), caption(table, parcels)) for table in tables.values()]
    return [*shown, html_table(parameters_text(first), "Trainable parameters")]


def read_explanations(clouds: Sequence[str], curves: Sequence[str], runs: Sequence[Key]) -> list[Markup]:
    """What falls on clouds, and how much faster than at random the score falls, for every branch and model."""
    if not runs:
        return []
    return [
        html_table(
            _on_clouds([pd.read_csv(file) for file in clouds], runs),
            "Share of importance on cloudy (or filled in) dates, against the share of such dates; all classes, mean "
            "over test parcels, 95 % bootstrap interval of the difference",
            left=["explanation of", "by", "dates"],
        ),
        html_table(
            _faithful([pd.read_csv(file) for file in curves], runs),
            "Fall of the probability of the first answer when 30 % of the dates are deleted, the most important first, "
            "beyond the fall when as many are deleted at random; 95 % bootstrap interval over parcels",
            left=["explanation of", "by", "verdict"],
        ),
    ]


def _on_clouds(tables: Sequence[pd.DataFrame], runs: Sequence[Key]) -> pd.DataFrame:
    rows = []
    for (branch, model), table in zip(runs, tables, strict=True):
        rows += [
            {
                "explanation of": f"{model_name(model)}, {branch}",
                "by": line["what"],
                "dates": line["marked"],
                "importance on them": _percent(line["on_marked"]),
                "their share": _percent(line["reference"]),
                "difference": _points(line["difference"]),
                "interval": f"{_points(line['low'])} to {_points(line['high'])}",
            }
            for line in table[(table["class"] == "all") & (table["layer"] == 0)].to_dict("records")
        ]
    return pd.DataFrame(rows)


def _faithful(tables: Sequence[pd.DataFrame], runs: Sequence[Key], share: float = 0.3) -> pd.DataFrame:
    rows = []
    for (branch, model), table in zip(runs, tables, strict=True):
        at = table[((table["deleted"] - share).abs() < 1e-6) & (table["method"] != "random")]
        for line in at.to_dict("records"):
            better, worse = line["drop_low"] > 0, line["drop_high"] < 0
            rows.append(
                {
                    "explanation of": f"{model_name(model)}, {branch}",
                    "by": line["method"],
                    "probability left": score(line["probability"], 2),
                    "beyond random": _points(line["drop"]),
                    "interval": f"{_points(line['drop_low'])} to {_points(line['drop_high'])}",
                    "verdict": "faithful" if better else "worse than random" if worse else "no better than random",
                }
            )
    return pd.DataFrame(rows)


def takeaway_tables(
    answers: Mapping[Key, pd.DataFrame], areas: Sequence[str], listed: Sequence[str], runs: Mapping[Key, Run]
) -> list[Markup]:
    """Calibration of every run; area and disagreements of the one that is best on the validation part."""
    rows = []
    for key, run in runs.items():
        heat = temperatures(run.predictions)
        before, after = _calibration(run.predictions, heat)
        rows.append(
            {
                "model": f"{model_name(key[1])}, {key[0]}",
                "answers": int(answers[key]["predicted"].notna().sum()),
                "temperature": ", ".join(f"{t:.2f}" for t in heat.values()),
                "calibration error before": score(before),
                "after": score(after),
                "listed disagreements": len(pd.read_csv(listed[list(runs).index(key)])),
            }
        )
    best = best_run(runs)
    number = list(runs).index(best)
    name = f"{model_name(best[1])} on {best[0]} (the best of the validation part)"
    shown = [
        html_table(
            pd.DataFrame(rows),
            "Expected calibration error on the test part, of single seeds, before and after temperature scaling (one "
            "temperature a seed, from the validation part)",
        )
    ]
    area = pd.read_csv(areas[number])
    if len(area):
        shown.append(
            html_table(_area(area), f"Area by {name}, adjusted for its errors (Olofsson et al. 2014), hectares")
        )
    differs = pd.read_csv(listed[number], dtype={"parcel": str})
    if len(differs):
        count = f"{len(differs)} parcels" if len(differs) <= LISTED else f"the first {LISTED} of {len(differs)} parcels"
        words = (
            f"Declared otherwise than {name} says with confidence: {count}, the largest first. "
            "It says where to look, not who is right"
        )
        shown.append(
            html_table(_differs(differs.head(LISTED)), words, left=["parcel", "declared", "predicted", "part"])
        )
    return shown


def _calibration(predictions: pd.DataFrame, heat: Mapping[int, float]) -> tuple[float, float]:
    tested, names = predictions[predictions["part"] == "test"], columns_of(predictions)
    errors = []
    for seed, t in heat.items():
        rows = tested[tested["seed"] == seed]
        p, right = rows[names].to_numpy(float), (rows["class"] == rows["predicted"]).to_numpy()
        after = temper(p, t).max(axis=1)
        errors.append((expected_calibration_error(p.max(axis=1), right), expected_calibration_error(after, right)))
    mean = pd.DataFrame(errors).mean()
    return float(mean[0]), float(mean[1])


def best_run(runs: Mapping[Key, Run]) -> Key:
    """The branch and model of the greatest accuracy on the validation part, over all seeds."""
    return max(runs, key=lambda key: _validation_accuracy(runs[key].predictions))


def _validation_accuracy(predictions: pd.DataFrame) -> float:
    rows = predictions[predictions["part"] == "validation"]
    return float((rows["class"] == rows["predicted"]).mean())


def _area(area: pd.DataFrame) -> pd.DataFrame:
    def hectares(value: float) -> str:
        return "–" if pd.isna(value) else f"{value:,.1f}"

    return pd.DataFrame(
        {
            "class": area["class"],
            "parcels": area["parcels"],
            "mapped": area["mapped"].map(hectares),
            "adjusted": area["adjusted"].map(hectares),
            "95 % interval": [
                f"{hectares(a)} to {hectares(b)}" for a, b in zip(area["low"], area["high"], strict=True)
            ],
            "user's accuracy": area["users_accuracy"].map(lambda v: score(v, 2)),
            "producer's accuracy": area["producers_accuracy"].map(lambda v: score(v, 2)),
        }
    )


def _differs(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": rows["rank"],
            "parcel": rows["parcel"],
            "declared": rows["declared"],
            "predicted": rows["predicted"],
            "probability": rows["probability"].map(lambda v: score(v, 2)),
            "area (ha)": rows["area"].map(lambda v: "–" if pd.isna(v) else f"{v / 1e4:.2f}"),
            "clear dates": rows["clear_dates"],
            "part": rows["part"],
        }
    )


def ledger_tables(totals: pd.DataFrame) -> list[Markup]:
    """How many parcels took which way."""
    shown = totals.fillna({"reason": ""}).rename(columns={"reason": "why"})
    return [html_table(shown, "Parcels from the file to the score", left=["what", "why"])]


def provenance_tables(
    chains: Mapping[str, str],
    provenance: Mapping[str, Any],
    series: Mapping[str, str],
    runs: Mapping[Key, Run],
    benchmarks: str | Path,
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
        shown.append(html_table(words, f"Time, from the workflow's benchmark files: {total} (energy is not measured)"))
    return shown


def _percent(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.0f} %"


def _points(value: float) -> str:
    """Percentage points with their sign."""
    return "–" if pd.isna(value) else f"{100 * value:+.0f}".replace("-", "−")
