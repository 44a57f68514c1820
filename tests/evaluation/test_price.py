"""Costs added up by hand: what is shared, what a branch needs alone, and what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloudrobust.benchmarks import Job
from cloudrobust.config.prices import Prices
from cloudrobust.config.work import Work
from cloudrobust.evaluation.price import (
    Costs,
    latency,
    money,
    needed,
    on_front,
    price_table,
    read_costs,
    step_prices,
    totals,
)

TILE = "32UPU"
RAW = Work((("observe_parcels", "L1C"), ("collect_series", "L1C")), (("L1C", "L1C"),))
MADE = Work(
    (
        ("select_scenes", "L2A/season"),
        ("observe_parcels", "L2A/season"),
        ("collect_series", "L2A/season"),
        ("interpolate_series", "L2A/season/even"),
    ),
    (("L2A", "L2A/season"), ("L1C", "L2A/season")),
)
WORKS = {"raw": RAW, "made": MADE}
TRAININGS = {branch: {"forest": ("train", f"{branch}-forest", 1.0)} for branch in WORKS}


def index(folder: Path, name: str, days: list[str], sizes: list[float], spent: Mapping[str, float]) -> Path:
    """A month's index with what its price is read from."""
    frame = pd.DataFrame({"time": pd.to_datetime(days), "bytes": np.array(sizes, np.int64)})
    frame.attrs = {"found": len(days), "missing": [], "left_out": [], "merged": [], "spent": dict(spent)}
    path = folder / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    return path


def job(rule: str, name: str, seconds: float) -> Job:
    return Job(rule, name, seconds, None, None, 0.0)


JOBS = [
    job("tile_grid", TILE, 36),
    job("fetch_scenes", f"L1C-{TILE}-2022-05", 3600),
    job("fetch_scenes", f"L2A-{TILE}-2022-05", 720),
    job("select_scenes", f"L2A/season-{TILE}-2022-05", 36),
    job("observe_parcels", f"L1C-{TILE}-2022-05", 360),
    job("observe_parcels", f"L2A/season-{TILE}-2022-05", 180),
    job("collect_series", "L1C", 36),
    job("collect_series", "L2A/season", 36),
    job("interpolate_series", "L2A/season/even", 72),
    job("train", "raw-forest", 1800),
    job("train", "made-forest", 900),
    job("write_page", "", 9999),
]


@pytest.fixture
def costs(tmp_path: Path) -> Costs:
    """Four L1C scenes of which the season keeps one date, two L2A scenes of which it keeps one."""
    days = ["2022-05-02", "2022-05-12", "2022-05-22", "2022-05-30"]
    charged = {"requests": 4, "processing_units": 40.0, "bytes": 8e9}
    indexes = {
        ("L1C", TILE, "2022-05"): index(tmp_path, "L1C", days, [1e9, 2e9, 3e9, 2e9], charged),
        ("L2A", TILE, "2022-05"): index(tmp_path, "L2A", days[:2], [1e9, 1e9], charged | {"bytes": 1e9}),
        ("L2A/season", TILE, "2022-05"): index(tmp_path, "season", days[1:2], [1e9], charged),
    }
    return read_costs(JOBS, {"train/raw-forest": 500.0}, indexes, {"interpolate_series": 2})


def test_a_branch_pays_for_the_scenes_it_needs(costs: Costs) -> None:
    table = price_table(costs, WORKS, TRAININGS, {}, Prices()).set_index(["branch", "part", "name"])
    assert table.loc[("raw", "scenes", "L1C"), ["jobs", "core_hours", "gigabytes", "processing_units"]].tolist() == (
        pytest.approx([4, 1.0, 8.0, 40.0])
    )
    # One of two L2A scenes, and the L1C scene of the same date by its size: 2 of 8 GB, a quarter of the month's time.
    assert table.loc[("made", "scenes", "L2A"), ["jobs", "core_hours", "gigabytes"]].tolist() == [1, 0.1, 0.5]
    assert table.loc[("made", "scenes", "L1C"), ["jobs", "core_hours", "gigabytes"]].tolist() == [1, 0.25, 2.0]
    assert table.loc[("made", "step", "even"), "core_hours"] == pytest.approx(72 / 3600 * 2)
    assert table.loc[("made", "averaging", ""), "core_hours"] == pytest.approx((180 + 36) / 3600)
    assert table.loc[("raw", "training", "forest"), "kilowatt_hours"] == pytest.approx(0.5)
    assert math.isnan(table.loc[("made", "training", "forest"), "kilowatt_hours"])


def test_what_only_one_branch_needs_stands_apart(costs: Costs) -> None:
    table = price_table(costs, WORKS, TRAININGS, {}, Prices())
    alone = table.set_index(["branch", "part", "name"])["only_gigabytes"]
    assert alone["raw", "scenes", "L1C"] == pytest.approx(6.0)  # the other branch needs 2 of the 8 GB, too
    assert alone["made", "scenes", "L1C"] == 0
    assert alone["made", "scenes", "L2A"] == 0.5
    common = table[table["part"] == "parcels"]
    assert (common["core_hours"] == 0.01).all()
    assert (common["only_core_hours"] == 0).all()
    # What is needed by one branch alone, and what is shared, is all there is.
    shared = costs.pieces[needed(costs, RAW) & needed(costs, MADE)]
    either = costs.pieces[needed(costs, RAW) | needed(costs, MADE)]
    of_series = table[table["part"] != "training"]["only_core_hours"].sum()
    assert of_series + shared["core_hours"].sum() == pytest.approx(either["core_hours"].sum())


def test_sums_hold_the_training_of_one_model(costs: Costs) -> None:
    table = price_table(costs, WORKS, TRAININGS, {}, Prices(core_hour=2.0, gigabyte=0.5, processing_unit=0.0))
    raw = totals(table, Prices(core_hour=2.0, gigabyte=0.5, processing_unit=0.0)).set_index("branch").loc["raw"]
    hours = (36 + 3600 + 360 + 36 + 1800) / 3600
    assert raw["core_hours"] == pytest.approx(hours)
    assert raw["series_core_hours"] == pytest.approx(hours - 0.5)
    assert raw["money"] == pytest.approx(2 * hours + 0.5 * 8)


@pytest.mark.parametrize(
    ("prices", "sum_"),
    [
        (Prices(), math.nan),
        (Prices(core_hour=2), math.nan),  # downloads were made, and have no price
        (Prices(core_hour=2, gigabyte=1), 2 * 3 + 4),
        (Prices(core_hour=2, gigabyte=1, kilowatt_hour=0.5), 2 * 3 + 4 + 0.5 * 5),
    ],
)
def test_money_is_not_guessed(prices: Prices, sum_: float) -> None:
    used = {"core_hours": 3.0, "gigabytes": 4.0, "processing_units": 0.0, "kilowatt_hours": 5.0}
    assert money(used, prices) == pytest.approx(sum_, nan_ok=True)


def test_energy_that_nobody_measured_is_part_of_the_core_hour() -> None:
    used = {"core_hours": 3.0, "gigabytes": 0.0, "processing_units": 0.0, "kilowatt_hours": math.nan}
    assert money(used, Prices(core_hour=1, kilowatt_hour=9)) == 3


def test_jobs_without_a_benchmark_are_counted(costs: Costs) -> None:
    expected = {
        ("observe_parcels", "L1C"): 3,
        ("collect_series", "L1C"): 1,
        ("tile_grid", ""): 1,
        ("read_parcels", ""): 1,
    }
    table = price_table(costs, WORKS, {"raw": {"lstm": ("train", "raw-lstm", 1.0)}, "made": {}}, expected, Prices())
    without = table.set_index(["branch", "part", "name"])["without"]
    assert without["raw", "averaging", ""] == 2
    assert without["raw", "parcels", ""] == 1
    assert without["raw", "training", "lstm"] == 1


def test_making_up_scenes_is_no_cost_and_a_lost_benchmark_is_told(tmp_path: Path) -> None:
    month = {
        ("L1C", TILE, "2022-05"): index(
            tmp_path, "L1C", ["2022-05-02"], [5e8], {"requests": 0, "processing_units": 0, "bytes": 0}
        )
    }
    made_up = read_costs(JOBS, {}, month, {}, simulated=True)
    fetched = made_up.pieces[made_up.pieces["rule"] == "fetch_scenes"]
    assert fetched["core_hours"].sum() == 0
    assert fetched["scene_gigabytes"].sum() == 0.5
    assert made_up.unmeasured == {}
    assert read_costs([], {}, month, {}).unmeasured == {"L1C": 1}


def test_latency_is_the_work_of_a_typical_month_and_of_the_series(tmp_path: Path) -> None:
    months = ["2022-05", "2022-06", "2022-07"]
    spent = {"requests": 0, "processing_units": 0, "bytes": 0}
    indexes = {("L1C", TILE, m): index(tmp_path, m, [f"{m}-01", f"{m}-09"], [1, 1], spent) for m in months}
    jobs = [job("fetch_scenes", f"L1C-{TILE}-{m}", s) for m, s in zip(months, (10, 20, 90), strict=True)]
    jobs += [job("observe_parcels", f"L1C-{TILE}-{m}", 5) for m in months] + [job("collect_series", "L1C", 7)]
    costs = read_costs(jobs, {}, indexes, {})
    assert latency(costs, RAW, months) == pytest.approx(20 + 5 + 7)
    assert math.isnan(latency(read_costs([], {}, {}, {}), RAW, months))


def test_a_step_costs_the_mean_over_matched_pairs() -> None:
    cells = {f"{a}-{b}": {"mask": a, "fill": b} for a in ("none", "scl") for b in ("none", "linear")}
    factors = {"mask": ["none", "scl"], "fill": ["none", "linear"]}
    hours = {"none-none": 1.0, "scl-none": 3.0, "none-linear": 1.5, "scl-linear": 4.5}
    spent = pd.DataFrame(
        {"branch": list(hours), "model": "forest", "core_hours": list(hours.values()), "gigabytes": 0.0,
         "scene_gigabytes": 0.0, "processing_units": 0.0, "kilowatt_hours": np.nan, "money": np.nan}
    )  # fmt: skip
    effects = pd.DataFrame({"model": "forest", "factor": ["mask", "fill"], "level": ["scl", "linear"], "accuracy": 0.1})
    found = step_prices(effects, spent, cells, factors)
    assert found["core_hours"].tolist() == pytest.approx([((3 - 1) + (4.5 - 1.5)) / 2, ((1.5 - 1) + (4.5 - 3)) / 2])
    assert found["money"].isna().all()


def test_the_front_holds_what_nothing_beats() -> None:
    cost, score = [1, 2, 2, 3, 4, np.nan], [0.5, 0.7, 0.6, 0.7, 0.9, 0.99]
    assert on_front(cost, score).tolist() == [True, True, False, False, True, False]


def test_an_index_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text(json.dumps({}))
    with pytest.raises(ValueError, match=r"a\.parquet: is no index of a month's scenes"):
        read_costs([], {}, {("L1C", TILE, "2022-05"): tmp_path / "a.parquet"}, {})
