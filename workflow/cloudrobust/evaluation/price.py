"""What each branch and step has cost: core hours, downloads, processing units, energy, and the time to a series.

The costs are those of the work that a branch needs, as if it were the only one: jobs and scenes that several branches
share count in each of them, and the part that would not be computed without a branch stands beside its total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from ..benchmarks import Job
from ..config.prices import Prices
from ..config.work import COMMON, Work
from ..errors import InputError
from ..scenes.ledger import spent_on
from .ablation import contrasts

QUANTITIES = ("core_hours", "gigabytes", "scene_gigabytes", "processing_units", "kilowatt_hours")
"""Wall hours times cores; 1e9 bytes that were downloaded; size of the scenes in the store; processing units of
Sentinel Hub; energy of the processors, NaN where no machine told it."""
PRICED = {
    "core_hours": "core_hour", "gigabytes": "gigabyte", "processing_units": "processing_unit",
    "kilowatt_hours": "kilowatt_hour",
}  # fmt: skip
"""Which price belongs to which quantity."""
ONLY = ("core_hours", "gigabytes", "processing_units")
OF_MONTHS = ("fetch_scenes", "select_scenes", "mask_scenes", "observe_parcels")
OF_CHAINS = ("collect_series", "select_series", "interpolate_series", "apply_step", "aggregate_pixels")
TRAINING = ("train", "train_ablated")
PARTS = ("parcels", "scenes", "step", "averaging", "training")
"""Kinds of rows of `price_table`, in the order in which the work is done."""

Month = tuple[str, str, str]
"""Chain, tile, month."""
Counts = Mapping[tuple[str, str], int]
"""By rule and chain, how many jobs there must be."""
KEYS = ("rule", "chain", "tile", "month", "day")


@dataclass(frozen=True)
class Costs:
    """Everything that was measured, piece by piece.

    Attributes
    ----------
    pieces
        One row a job, or a fetched scene: `KEYS`, `seconds` (wall) and `QUANTITIES`. `chain` of a training is the name
        of its benchmark file. A scene has an equal share of the time of its month's job, and by its size a share of
        what the month was charged.
    dates
        `chain`, `tile` and `day`: on which dates a chain has scenes.
    unmeasured
        By level, months whose job has left no benchmark.
    """

    pieces: pd.DataFrame
    dates: pd.DataFrame
    unmeasured: Mapping[str, int]


def read_costs(
    jobs: Sequence[Job],
    energy: Mapping[str, float],
    indexes: Mapping[Month, str | Path],
    threads: Mapping[str, int],
    *,
    simulated: bool = False,
) -> Costs:
    """Put benchmarks, energy notes and month indexes together.

    Parameters
    ----------
    jobs
        Of `benchmarks.jobs`.
    energy
        Of `energy.spent_by_job`: watt hours by rule and name.
    indexes
        Month indexes of the bare levels, and of every chain that `Work.scenes` names.
    threads
        Cores that a rule's job holds; one where a rule is not named.
    simulated
        Whether the scenes are made up; then the time of making them is no cost.

    Raises
    ------
    InputError
        If a file is no such index.
    """
    measured = {piece["key"]: piece for job in jobs if (piece := _measured(job, energy, threads)) is not None}
    rows: list[tuple[object, ...]] = [
        (*key, "", piece["seconds"], piece["core_hours"], 0.0, 0.0, 0.0, piece["kilowatt_hours"])
        for key, piece in measured.items()
        if key[0] != "fetch_scenes"
    ]
    dates: list[tuple[str, str, str]] = []
    unmeasured: dict[str, int] = {}
    for (chain, tile, month), file in sorted(indexes.items()):
        days, size = _scenes(file)
        dates += [(chain, tile, day) for day in days]
        if "/" in chain:
            continue
        spent, n = spent_on(file), len(days)
        job = None if simulated else measured.get(("fetch_scenes", chain, tile, month))
        if job is None and n and not simulated:
            unmeasured[chain] = unmeasured.get(chain, 0) + 1
        seconds, hours = (job[key] / n if job else 0.0 for key in ("seconds", "core_hours"))
        power = job["kilowatt_hours"] / n if job else float("nan")
        for day, own in zip(days, size, strict=True):
            part = own / size.sum() if size.sum() else 1 / n
            downloaded = spent.bytes / 1e9 * part
            rows.append(
                (
                    "fetch_scenes",
                    chain,
                    tile,
                    month,
                    day,
                    seconds,
                    hours,
                    downloaded,
                    own / 1e9,
                    spent.units * part,
                    power,
                )
            )
    pieces = pd.DataFrame(rows, columns=[*KEYS, "seconds", *QUANTITIES])
    return Costs(pieces, pd.DataFrame(dates, columns=["chain", "tile", "day"]).drop_duplicates(), unmeasured)


def _measured(job: Job, energy: Mapping[str, float], threads: Mapping[str, int]) -> dict[str, Any] | None:
    """A job with what it is part of; None if it is none of the work on series and models."""
    chain, tile, month = job.name, "", ""
    if job.rule in OF_MONTHS:
        match = re.fullmatch(r"(.+)-(\d{2}[A-Z]{3})-(\d{4}-\d{2})", job.name)
        if match is None:
            return None
        chain, tile, month = match.groups()
    elif job.rule in COMMON:
        chain, tile = "", job.name
    elif job.rule not in (*OF_CHAINS, *TRAINING):
        return None
    watt_hours = energy.get(f"{job.rule}/{job.name}" if job.name else job.rule, float("nan"))
    return {
        "key": (job.rule, chain, tile, month),
        "seconds": job.seconds,
        "core_hours": job.seconds / 3600 * threads.get(job.rule, 1),
        "kilowatt_hours": watt_hours / 1000,
    }


def _scenes(file: str | Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Dates and bytes of the scenes of an index."""
    try:
        table = pq.read_table(file, columns=["time", "bytes"]).to_pandas()
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{file}: is no index of a month's scenes; delete it and run again") from error
    return table["time"].dt.strftime("%Y-%m-%d").tolist(), table["bytes"].to_numpy(float)


def needed(costs: Costs, work: Work) -> pd.Series:
    """(piece,) whether a branch needs it; trainings are not among them."""
    pieces, dates = costs.pieces, costs.dates
    mine = pieces["rule"].isin(COMMON) & (pieces["chain"] == "")
    for rule, chain in work.jobs:
        mine |= (pieces["rule"] == rule) & (pieces["chain"] == chain)
    on = pd.MultiIndex.from_frame(pieces[["tile", "day"]])
    for level, chain in work.scenes:
        wanted = pd.MultiIndex.from_frame(dates.loc[dates["chain"] == chain, ["tile", "day"]])
        mine |= (pieces["rule"] == "fetch_scenes") & (pieces["chain"] == level) & on.isin(wanted)
    return mine


def price_table(
    costs: Costs,
    works: Mapping[str, Work],
    trainings: Mapping[str, Mapping[str, tuple[str, str, float]]],
    expected: Counts,
    prices: Prices,
) -> pd.DataFrame:
    """What every part of every branch costs.

    Parameters
    ----------
    costs
        Of `read_costs`.
    works
        By branch, what it needs (`config.work.work_of`).
    trainings
        By branch and model: rule and name of the training job, and the share of it that counts.
    expected
        How many jobs there must be.
    prices
        Of the configuration.

    Returns
    -------
    DataFrame
        One row a part of a branch: `branch`; `part` (of `PARTS`); `name` (the level of scenes, the step, the model);
        `jobs` (for scenes: how many of these); `without` (jobs without a benchmark, whose time is not counted);
        `QUANTITIES`; `money` (NaN if there is no price of something that was used); and `only_...` of core hours,
        gigabytes and processing units: what no other branch needs.
    """
    pieces = costs.pieces
    of_branch = {branch: needed(costs, work) for branch, work in works.items()}
    uses = sum((mine.astype(int) for mine in of_branch.values()), start=pd.Series(0, pieces.index))
    lines = []
    for branch, work in works.items():
        groups: dict[tuple[str, str], tuple[pd.Series, int, float]] = {}
        common = of_branch[branch] & pieces["rule"].isin(COMMON)
        groups["parcels", ""] = common, _lacking(pieces[common], expected, [(rule, "") for rule in COMMON]), 1.0
        for level in dict.fromkeys(level for level, _ in work.scenes):
            mine = of_branch[branch] & (pieces["rule"] == "fetch_scenes") & (pieces["chain"] == level)
            groups["scenes", level] = mine, costs.unmeasured.get(level, 0), 1.0
        for kind, name, keys in _parts(work):
            mine = pd.Series(False, pieces.index)
            for rule, chain in keys:
                mine |= (pieces["rule"] == rule) & (pieces["chain"] == chain)
            groups[kind, name] = mine, _lacking(pieces[mine], expected, keys), 1.0
        for model, (rule, name, share) in trainings[branch].items():
            mine = (pieces["rule"] == rule) & (pieces["chain"] == name)
            groups["training", model] = mine, int(not mine.any()), share
        for (kind, name), (mine, without, share) in groups.items():
            sums = pieces.loc[mine, list(QUANTITIES)].sum(min_count=1) * share
            told = {q: 0.0 if pd.isna(sums[q]) and q != "kilowatt_hours" else float(sums[q]) for q in QUANTITIES}
            alone = mine & ((uses == 1) | (kind == "training"))
            only = {f"only_{q}": float(pieces.loc[alone, q].sum() * share) for q in ONLY}
            lines.append(
                {"branch": branch, "part": kind, "name": name, "jobs": int(mine.sum()), "without": without,
                 **told, "money": money(told, prices), **only}
            )  # fmt: skip
    return pd.DataFrame(lines)


def _parts(work: Work) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The jobs of a chain by the step that they belong to, and those that average pixels over parcels."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for rule, chain in work.jobs:
        kind = ("averaging", "") if rule in ("observe_parcels", "collect_series") else ("step", chain.split("/")[-1])
        found.setdefault(kind, []).append((rule, chain))
    return [(kind, name, keys) for (kind, name), keys in found.items()]


def _lacking(mine: pd.DataFrame, expected: Counts, keys: Sequence[tuple[str, str]]) -> int:
    """How many of the jobs that must be there have left no benchmark."""
    there = mine.groupby(["rule", "chain"]).size().to_dict()
    return sum(max(expected.get(key, 0) - there.get(key, 0), 0) for key in keys)


def money(quantities: Mapping[str, float], prices: Prices) -> float:
    """The sum of quantities times prices; NaN without any price, or without that of something that was used.

    Energy that nobody measured, or that has no price, is taken as part of the price of a core hour.
    """
    if all(getattr(prices, key) is None for key in PRICED.values()):
        return float("nan")
    total = 0.0
    for quantity, key in PRICED.items():
        price, amount = getattr(prices, key), quantities[quantity]
        if quantity == "kilowatt_hours" and (price is None or np.isnan(amount)):
            continue
        if price is None:
            if amount:
                return float("nan")
            continue
        total += amount * price
    return total


def totals(table: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    """What a branch with one model costs in all: one row a branch and model, with the columns of quantities."""
    lines = []
    for (branch, model), _ in table[table["part"] == "training"].groupby(["branch", "name"], sort=False):
        mine = table[(table["branch"] == branch) & ((table["part"] != "training") | (table["name"] == model))]
        sums = {q: float(mine[q].sum(min_count=1)) for q in QUANTITIES}
        series = mine[mine["part"] != "training"]
        lines.append(
            {"branch": branch, "model": model, **sums, "money": money(sums, prices),
             "series_core_hours": float(series["core_hours"].sum()), "without": int(mine["without"].sum())}
        )  # fmt: skip
    return pd.DataFrame(lines)


def latency(costs: Costs, work: Work, months: Sequence[str]) -> float:
    """Seconds of work between a month's scenes and its series: the median over months; NaN if nothing was measured.

    Jobs that depend on each other are summed, tiles are worked on side by side, so the slowest counts. Only the time
    of jobs is in it: neither waiting in a queue, nor the archive's own delay.
    """
    pieces = costs.pieces[needed(costs, work)]
    series = pieces.loc[pieces["rule"].isin(OF_CHAINS), "seconds"].sum()
    monthly = pieces[pieces["rule"].isin(OF_MONTHS) & pieces["month"].isin(months)]
    if monthly.empty:
        return float("nan")
    slowest = monthly.groupby(["month", "tile"])["seconds"].sum().groupby("month").max()
    return float(slowest.median() + series)


def step_prices(
    effects: pd.DataFrame,
    spent: pd.DataFrame,
    cells: Mapping[str, Mapping[str, str]],
    factors: Mapping[str, Sequence[str]],
    design: str = "full",
) -> pd.DataFrame:
    """What each step of an ablation costs beside what it does: the same contrasts, of costs instead of scores.

    Parameters
    ----------
    effects
        Of `evaluation.ablation.ablation_table`.
    spent
        Of `totals`, for the branches of the ablation.
    cells, factors, design
        As in `evaluation.ablation.ablation_table`.

    Returns
    -------
    DataFrame
        `effects` with `QUANTITIES` and `money` behind: the mean difference that the step makes; NaN where the branches
        do not tell it.
    """
    columns = [*QUANTITIES, "money"]
    by_model = {model: mine.set_index("branch") for model, mine in spent.groupby("model")}
    wanted = {(one.factor, one.level): one.weights for one in contrasts(list(cells.values()), factors, design)}
    rows = []
    for line in effects.to_dict("records"):
        values = by_model[line["model"]].loc[list(cells), columns].to_numpy(float)
        weights = wanted[line["factor"], line["level"]]
        used = weights != 0
        rows.append(weights[used] @ values[used])
    return pd.concat([effects.reset_index(drop=True), pd.DataFrame(rows, columns=columns)], axis=1)


def on_front(cost: npt.ArrayLike, score: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """(option,) whether no other option scores at least as high for less, or higher for the same (Pareto's front)."""
    x, y = np.asarray(cost, float), np.asarray(score, float)
    better = (x[None] <= x[:, None]) & (y[None] >= y[:, None]) & ((x[None] < x[:, None]) | (y[None] > y[:, None]))
    return np.asarray(~better.any(axis=1) & np.isfinite(x) & np.isfinite(y))
