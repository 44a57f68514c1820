"""What can go wrong, and what comes of it: fault x source -> outcome."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.failures import JobFailure
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import read_index, write_index
from peers.faulty import Fault

from .conftest import FIRST, LAST, MONTH, TILE, Archive, Service

SCENES = 3
FOREVER = 10**6
SLOW = ("stall", "drip")
# one image of one scene, at each service
STAC, HUB = r"20220508.*B05\.tif", r"POST /api/v1/process"
LISTS = {"stac": r"POST /search", "sentinelhub": r"POST /api/v1/catalog"}


def soon(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


# name, what goes wrong (but for where), reason that a missing scene is given; None if every scene arrives
TRANSIENT: list[tuple[str, dict[str, Any]]] = [
    ("429 without Retry-After", {"kind": "status", "status": 429, "times": 2}),
    ("429 with seconds", {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
    ("429 with a date", {"kind": "status", "status": 429, "headers": {"Retry-After": "soon"}}),
    ("429 with nonsense", {"kind": "status", "status": 429, "headers": {"Retry-After": "later"}}),
    ("500", {"kind": "status", "status": 500, "times": 2}),
    ("503", {"kind": "status", "status": 503, "times": 2}),
    ("connection reset", {"kind": "reset", "times": 2}),
    ("stalled transfer", {"kind": "stall"}),
    ("slow as a drip", {"kind": "drip"}),
    ("truncated", {"kind": "truncate"}),
    ("truncated, length agrees", {"kind": "short"}),
    ("corrupt", {"kind": "corrupt"}),
    ("HTML with status 200", {"kind": "page"}),
    ("XML with status 200", {"kind": "xml"}),
]
PERMANENT: list[tuple[str, dict[str, Any], str]] = [
    ("404", {"kind": "status", "status": 404}, "404"),
    ("500 for ever", {"kind": "status", "status": 500}, "500, 3 times"),
    ("429 for ever", {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}}, "429, 6 times"),
    ("429 until tomorrow", {"kind": "status", "status": 429, "headers": {"Retry-After": "86400000"}}, "asks to wait"),
    ("corrupt for ever", {"kind": "corrupt"}, "truncated or corrupt|broken|no image"),
    ("HTML for ever", {"kind": "page"}, "text/html"),
    ("stalled for ever", {"kind": "stall"}, "stalled|broke off|no answer"),
    ("refused", {"kind": "status", "status": 403}, "403"),
]


def fault(service: Service, **what: Any) -> Fault:
    """A fault that hits one image of the second scene, or one group of its bands."""
    headers = dict(what.pop("headers", {}))
    if headers.get("Retry-After") == "soon":
        headers["Retry-After"] = soon(1.0)
    place = {"match": STAC} if service.kind == "stac" else {"match": HUB, "body": '"from": "2022-05-08.*B05'}
    return Fault(headers=headers, **place, **what)


def whole(service: Service, index: gpd.GeoDataFrame, made: Archive) -> None:
    """Every scene of an index can be read and holds the right numbers."""
    store = service.make().store  # type: ignore[attr-defined]
    for row in index.itertuples():
        scene = open_scene(row, store)
        original = open_scene(made.source.folder / f"{row.id}.SAFE")
        for band in ("B02", "B05", "B09"):
            window = getattr(scene, "window", lambda _: None)(band)
            assert (scene.read(band, window) == original.read(band, window)).all()


def month(service: Service, **fields: Any) -> gpd.GeoDataFrame:
    return fetch_month(service.make(**fields), TILE, "L2A", MONTH, FIRST, LAST)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
@pytest.mark.parametrize("what", [row[1] for row in TRANSIENT], ids=[row[0] for row in TRANSIENT])
def test_what_passes_is_waited_for(service: Service, made: Archive, what: dict[str, Any]) -> None:
    assert service.server is not None
    troubled = fault(service, **what)
    service.server.faults.append(troubled)
    index = month(service, **({"timeout": 0.7} if what["kind"] in SLOW else {}))
    assert troubled.hits > troubled.times
    assert len(index) == SCENES
    assert index.attrs["missing"] == []
    whole(service, index, made)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
@pytest.mark.parametrize("row", PERMANENT, ids=[row[0] for row in PERMANENT])
def test_what_stays_leaves_the_other_scenes_usable(
    service: Service, made: Archive, row: tuple[str, dict[str, Any], str]
) -> None:
    _, what, reason = row
    assert service.server is not None
    service.server.faults.append(fault(service, times=FOREVER, **what))
    quick = {"timeout": 0.7} if what["kind"] in SLOW else {}
    index = month(service, missing="gap", **quick)
    assert len(index) == SCENES - 1
    (lost,) = index.attrs["missing"]
    assert "_20220508T" in lost["id"]
    assert lost["time"].startswith("2022-05-08")
    assert re.search(reason, lost["reason"]), lost["reason"]
    whole(service, index, made)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_a_missing_scene_is_an_error_unless_gaps_are_allowed_and_a_later_run_fetches_it(
    service: Service, made: Archive
) -> None:
    assert service.server is not None
    service.server.faults.append(fault(service, kind="status", status=404, times=FOREVER))
    with pytest.raises(InputError, match=f"1 of 3 scenes of {TILE} L2A {MONTH} can't be had .S2A_MSIL2A_20220508.*404"):
        month(service)
    service.server.faults.clear()
    service.server.requests.clear()
    index = month(service)
    assert len(index) == SCENES
    whole(service, index, made)
    assert service.server.count("20220501|20220511") == 0  # what is there is not asked for again
    assert service.server.count(HUB) <= 1


@pytest.mark.parametrize("service", ["safe"], indirect=True)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: os.truncate(path, path.stat().st_size // 2), "bytes, the manifest says|truncated"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9] + b"nonsense!"), "differs from the MD5 checksum"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("<html>Sorry</html>"), "bytes, the manifest says"),
    ],
    ids=["truncated", "corrupt", "missing", "HTML"],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_a_damaged_product_of_a_mirror_leaves_the_others_usable(
    service: Service, made: Archive, damage: Callable[[Path], None], reason: str, zipped: bool
) -> None:
    assert service.folder is not None
    (product,) = service.folder.glob("S2A_MSIL2A_20220508*.SAFE")
    damage(next(product.rglob("*_B05_20m.jp2")))
    if zipped:
        zip_product(product)
    index = month(service, missing="gap")
    assert len(index) == SCENES - 1
    (lost,) = index.attrs["missing"]
    assert lost["id"] == product.stem
    assert re.search(reason, lost["reason"])
    whole(service, index, made)
    with pytest.raises(InputError, match=product.stem):
        month(service)


@pytest.mark.parametrize("service", ["safe"], indirect=True)
@pytest.mark.parametrize("damage", ["truncated", "corrupt"])
def test_a_damaged_archive_leaves_the_others_usable(service: Service, made: Archive, damage: str) -> None:
    assert service.folder is not None
    (product,) = service.folder.glob("S2A_MSIL2A_20220508*.SAFE")
    archive = zip_product(product)
    content = bytearray(archive.read_bytes())
    half = len(content) // 2
    archive.write_bytes(
        content[:half] if damage == "truncated" else content[:half] + b"nonsense!" + content[half + 9 :]
    )
    index = month(service, missing="gap")
    assert [lost["id"] for lost in index.attrs["missing"]] == [product.stem]
    assert "truncated or corrupt" in index.attrs["missing"][0]["reason"]
    whole(service, index, made)


def zip_product(product: Path) -> Path:
    """Put a zip in the place of a product."""
    archive = product.with_name(f"{product.stem}.zip")
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(product.rglob("*")):
            target.write(file, file.relative_to(product.parent))
    shutil.rmtree(product)
    return archive


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
@pytest.mark.parametrize(
    "what",
    [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "status", "status": 503},
        {"kind": "page"},
        {"kind": "truncate"},
        {"kind": "reset"},
        {"kind": "stall"},
    ],
    ids=lambda what: str(what.get("status", what["kind"])),
)
def test_a_search_is_repeated_until_its_answer_is_whole(service: Service, what: dict[str, Any]) -> None:
    assert service.server is not None
    service.server.faults.append(Fault(match=LISTS[service.kind], times=2, **what))
    quick = {"timeout": 0.7} if what["kind"] in SLOW else {}
    assert len(service.make(**quick).search(TILE, "L2A", FIRST, LAST)) == SCENES
    assert service.server.count(LISTS[service.kind]) >= 3


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_a_service_that_is_gone_ends_the_job_with_a_sentence(service: Service) -> None:
    assert service.server is not None
    service.server.faults.append(Fault("status", LISTS[service.kind], times=FOREVER))
    with pytest.raises(JobFailure, match=r"source.*: the service answers 500, 3 times"):
        month(service)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_a_full_disk_ends_the_job_and_keeps_what_is_finished(service: Service, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        with pytest.raises(JobFailure, match="the disk is full; free some space and run again"):
            month(service, store=disk, missing="gap")
        finished = [*disk.rglob("*.tif"), *disk.rglob("*.piece")]
        subprocess.run(["mount", "-o", "remount,size=40m", str(disk)], check=True)
        assert len(month(service, store=disk)) == SCENES
        assert finished
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
def test_two_runs_on_one_store_fetch_every_scene_once(service: Service, made: Archive) -> None:
    assert service.server is not None
    results: list[gpd.GeoDataFrame] = []

    def run() -> None:
        results.append(month(service))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(index) for index in results] == [SCENES, SCENES]
    assert results[0].equals(results[1])
    whole(service, results[0], made)
    once = {"stac": r"GET /files/.*B05\.tif", "sentinelhub": HUB}[service.kind]
    assert service.server.count(once) == {"stac": SCENES, "sentinelhub": 3 * SCENES}[service.kind]


CHILD = """
import sys
from datetime import date
import geopandas as gpd
from pydantic import TypeAdapter
from cloudrobust.config.sources import Source
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.source import create
config, area = sys.argv[1:]
source = create(TypeAdapter(Source).validate_json(config), Area(gpd.read_file(area).geometry))
fetch_month(source, "32UPU", "L2A", "2022-05", date(2022, 5, 1), date(2022, 5, 12))
"""


def settled(count: Callable[[], int]) -> int:
    """A count that no longer grows: what a killed client had sent may reach the server after its end."""
    last = -1
    while last != (now := count()):
        last = now
        time.sleep(0.5)
    return now


@pytest.mark.parametrize("service", ["stac", "sentinelhub"], indirect=True)
@pytest.mark.parametrize("request_number", [2, 7])
def test_a_run_that_was_killed_is_continued(
    service: Service, made: Archive, tmp_path: Path, request_number: int
) -> None:
    assert service.server is not None
    source = service.make()
    made.area.shapes.to_file(tmp_path / "area.gpkg")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "workflow")}
    images = {"stac": r"GET /files", "sentinelhub": HUB}[service.kind]
    number = request_number if service.kind == "sentinelhub" else 5 * request_number
    child: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        child[0].send_signal(signal.SIGKILL)
        child[0].wait()

    service.server.faults.append(Fault("kill", images, skip=number, act=kill))
    command = [sys.executable, "-c", CHILD, source.config.model_dump_json(), str(tmp_path / "area.gpkg")]  # type: ignore[attr-defined]
    child.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
    _, complaint = child[0].communicate(timeout=60)
    assert child[0].returncode == -signal.SIGKILL, complaint.decode()
    store = tmp_path / "store"
    finished = len(list(store.rglob("scene.json")))
    # a piece without its note was being written when the run was killed
    pieces = sum(path.with_suffix(".json").exists() for path in store.glob(".parts/*/*.piece"))
    before = settled(lambda: service.server.count(images))  # type: ignore[union-attr]
    index = month(service)
    again = service.server.count(images) - before
    assert len(index) == SCENES
    whole(service, index, made)
    # what was finished before is not fetched again
    if service.kind == "sentinelhub":
        assert again == 3 * (SCENES - finished) - pieces
    else:
        assert again <= 2 * 13 * (SCENES - finished)
    write_index(index, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet").attrs == index.attrs
