"""What fetching will cost is told before, from the catalogue alone, and stands beside what was charged after."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from cloudrobust.scenes import open_scene
from cloudrobust.scenes.estimate import KEYS, NUMBERS, estimate, estimate_text, total
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.ledger import account
from cloudrobust.scenes.source import Found
from peers.sentinelhub_double import SentinelHubDouble

from .conftest import FIRST, LAST, MONTH, TILE, Service

DAYS = frozenset({date(2022, 5, 1), date(2022, 5, 11), date(2022, 5, 12)})  # two of the three passes


def month(service: Service, level: str, folder: Path, **fields: Any) -> Path:
    path = folder / f"{level}.parquet"
    write_index(fetch_month(service.make(**fields), TILE, level, MONTH, FIRST, LAST, DAYS), path)
    return path


@pytest.mark.parametrize("service", ["sentinelhub"], indirect=True)
def test_processing_units_are_those_that_the_service_charges(service: Service, tmp_path: Path) -> None:
    double, source = service.server, service.make()
    assert isinstance(double, SentinelHubDouble)
    grid = source.grid(TILE)
    double.requests.clear()
    charged = double.units
    before = {level: estimate(source, TILE, level, DAYS, grid) for level in ("L1C", "L2A")}
    assert {request.split()[1] for request in double.requests} == {"/api/v1/catalog/1.0.0/search"}
    for level, table in before.items():
        assert table[list(KEYS)].to_numpy().tolist() == [[TILE, level, MONTH]]
        row = table.iloc[0]
        assert (row["scenes"], row["to_fetch"], row["fetched"]) == (2, 2, 0)
        assert [row[f"to_fetch_{name}"] for name in NUMBERS] == [row[name] for name in NUMBERS]
        path = month(service, level, tmp_path)
        assert double.units - charged == pytest.approx(row["processing_units"], abs=1e-3)
        charged = double.units
        (after,) = estimate(source, TILE, level, DAYS, grid).to_dict("records")
        assert (after["fetched"], after["to_fetch"], after["to_fetch_processing_units"]) == (2, 0, 0)
        assert after["processing_units"] == row["processing_units"]
        assert after["spent_processing_units"] == pytest.approx(row["processing_units"], abs=1e-3)
        assert after["spent_requests"] == row["requests"] == 6
        assert 0 < after["spent_megabytes"] < row["megabytes"]  # answers are compressed
        counts, _ = account({(TILE, level, MONTH): path})
        assert counts.loc[0, "processing_units"] == after["spent_processing_units"]
        assert counts.loc[0, "requests"] == 6
    text = estimate_text(before["L2A"], free=False)
    assert "to fetch: 2 of 2 scenes, about 6 requests" in text
    assert f"{before['L2A'].iloc[0]['processing_units']:.1f} processing units" in text


@pytest.mark.parametrize("service", ["stac"], indirect=True)
def test_bytes_and_requests_of_files_are_told_as_far_as_they_are_known(service: Service, tmp_path: Path) -> None:
    source = service.make()
    grid = source.grid(TILE)
    assert service.server is not None
    service.server.requests.clear()
    (before,) = estimate(source, TILE, "L2A", DAYS, grid).to_dict("records")
    assert service.server.count("/files") == 0
    assert (before["scenes"], before["to_fetch"], before["processing_units"]) == (2, 2, 0)
    sent = service.server.sent
    month(service, "L2A", tmp_path)
    received = (service.server.sent - sent) / 1e6
    (after,) = estimate(source, TILE, "L2A", DAYS, grid).to_dict("records")
    assert (after["fetched"], after["to_fetch"]) == (2, 0)
    assert after["spent_megabytes"] == pytest.approx(received, rel=0.2)  # the search's answers are among those sent
    assert after["spent_requests"] == service.server.count("GET /files")


@pytest.mark.parametrize("service", ["safe"], indirect=True)
def test_a_mirror_costs_nothing_and_says_so(service: Service) -> None:
    source = service.make()
    table = estimate(source, TILE, "L2A", DAYS, source.grid(TILE))
    assert total(table).iloc[0][["scenes", "requests", "processing_units", "megabytes", "to_fetch"]].tolist() == [
        2, 0, 0, 0, 0,
    ]  # fmt: skip
    assert "the source costs nothing" in estimate_text(table, free=True)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_the_sun_is_kept_with_the_scene(service: Service, made: Any, tmp_path: Path) -> None:
    for row in read_index(month(service, "L2A", tmp_path)).itertuples():
        ours = open_scene(row, service.make().store).sun()  # type: ignore[attr-defined]
        own = open_scene(made.source.folder / f"{row.id}.SAFE").sun()
        # stated by one; computed for the middle of the footprint from the other, which does not tell
        assert ours == pytest.approx(own, abs=1e-9 if service.kind == "stac" else 0.05)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
@pytest.mark.parametrize("method", ["paid", "fetch"])
def test_a_scene_that_another_archive_found_is_refused(service: Service, method: str) -> None:
    name = "S2A_MSIL2A_20220501T102031_N0400_R065_T32UPU_20220501T132231"
    stranger = Found(name, TILE, "L2A", datetime(2022, 5, 1, 10, 20, 31), "04.00")
    with pytest.raises(ValueError, match=f"{name} was found elsewhere"):
        getattr(service.make(), method)(stranger)
