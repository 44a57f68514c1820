"""Tables of the page say what the files say."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from cloudrobust.benchmarks import jobs, time_by_rule
from cloudrobust.report.page.sections.answer import verdict_rows
from cloudrobust.report.page.sections.explanations import read_explanations
from cloudrobust.report.page.sections.ledger import ledger_tables
from cloudrobust.report.page.sections.provenance import energy_words

from .made import verdicts


def curve(drop: float, low: float, high: float) -> dict[str, object]:
    return {"method": "attention", "deleted": 0.3, "probability": 0.4, "drop": drop, "drop_low": low, "drop_high": high}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (curve(0.3, 0.1, 0.5), "faithful"),
        (curve(0.0, -0.1, 0.1), "no better than random"),
        (curve(-0.3, -0.5, -0.1), "worse than random"),
    ],
)
def test_an_explanation_is_called_what_its_interval_allows(tmp_path: Path, row: dict, verdict: str) -> None:
    clouds = {
        "what": "attention", "layer": 0, "head": 0, "class": "all", "marked": "cloudy", "on_marked": 0.2,
        "reference": 0.5, "difference": -0.3, "low": -0.4, "high": -0.2,
    }  # fmt: skip
    pd.DataFrame([clouds, clouds | {"class": "maize", "on_marked": 0.9}]).to_csv(tmp_path / "clouds.csv")
    pd.DataFrame([row, row | {"deleted": 0.5}, row | {"method": "random"}]).to_csv(tmp_path / "curves.csv")
    files = [str(tmp_path / "clouds.csv")], [str(tmp_path / "curves.csv")]
    explained = xr.Dataset(
        {"gap": ("parcel", [0.002, 0.4]), "points": ("parcel", [16, 512])},
        {"parcel": ["f01", "f02"]},
        {"tolerance": 0.05},
    )
    runs = [("raw", "transformer")]
    on_clouds, faithful, complete = read_explanations(*files, runs, {runs[0]: explained})
    assert "<td>f02</td>" in complete
    assert '<td class="n">40.0 %</td>' in complete
    assert '<td class="n">20 %</td>' in on_clouds
    assert "−40 to −20" in on_clouds
    assert "90 %" not in on_clouds
    assert f"<td>{verdict}</td>" in faithful
    assert faithful.count("<tr>") == 2


def test_the_verdict_is_a_row_for_each_model_at_its_place() -> None:
    table = verdicts()
    rows = verdict_rows(table)
    assert rows.count("<li") == len(table) == 4
    assert "A &amp; &lt;B&gt;" in rows
    assert re.findall(r"<em>([^<]+)</em>", rows) == ["pays", "cannot be told", "did not finish learning", "pays"]
    low, high = min(table["low"].min(), -0.01), max(table["high"].max(), 0.01)
    wanted = 100 * (table["estimate"] - low) / (high - low)
    places = re.findall(r'class="estimate" style="left:([0-9.]+)%"', rows)
    assert [float(place) for place in places] == pytest.approx(wanted.tolist(), abs=0.01)
    assert verdict_rows(table.iloc[:0]) == ""


def test_no_explanations_no_tables() -> None:
    assert read_explanations([], [], [], {}) == []


def test_totals_stand_with_their_reasons() -> None:
    (table,) = ledger_tables(pd.DataFrame({"what": ["read", "left out"], "parcels": [9, 2], "reason": [None, "a < b"]}))
    assert "a &lt; b" in table
    assert "nan" not in table.lower()


def test_time_is_summed_by_rule_the_longest_first(tmp_path: Path) -> None:
    header = "s\th:m:s\tmax_rss\tcpu_time\n"
    for name, row in (("train/a", "10\t-\t500\t9"), ("train/b", "5\t-\t700\t4"), ("fetch", "2\t-\t-\t-")):
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(header + row + "\n")
    train, fetch = time_by_rule(jobs(tmp_path))
    assert (train.rule, train.jobs, train.seconds, train.cpu, train.memory) == ("train", 2, 15, 13, 700)
    assert (fetch.rule, fetch.memory) == ("fetch", None)


def test_energy_is_not_guessed(tmp_path: Path) -> None:
    assert "does not tell" in energy_words(tmp_path)
