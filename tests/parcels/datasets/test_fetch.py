from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from cloudrobust.config.datasets import BavarianCropsSource, BreizhCropsSource
from cloudrobust.errors import InputError
from cloudrobust.parcels.datasets import fetch as module
from cloudrobust.parcels.datasets.fetch import fetch
from peers.faulty import Answer, Fault, FaultyServer

from .made import Bavaria, write_breizh

QUICK = {"attempts": 2, "first_wait": 0.01, "timeout": 1.0}


class Shelf(FaultyServer):
    """Files by path, whole or by range, as Zenodo and S3 serve them."""

    files: dict[str, bytes]
    firsts: list[int]

    def respond(self, method: str, path: str, headers: object, body: bytes) -> Answer:  # noqa: ARG002
        if path not in self.files:
            return Answer(404, {"Content-Type": "application/xml"}, b"")
        content = self.files[path]
        common = {
            "Content-Type": "application/json" if path.startswith("/api") else "text/csv",
            "ETag": f'"{hashlib.md5(content).hexdigest()}"',
        }
        span = headers.get("Range")  # type: ignore[attr-defined]
        if span is None:
            return Answer(200, common, content)
        first, _, last = span.removeprefix("bytes=").partition("-")
        self.firsts.append(int(first))
        end = min(int(last) if last else len(content) - 1, len(content) - 1)
        common["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
        return Answer(206, common, content[int(first) : end + 1])


@pytest.fixture
def shelf() -> object:
    server = Shelf()
    server.files, server.firsts = {}, []
    with server.running():
        yield server


# -- BavarianCrops: one archive that a record names ----------------------------------------------


@pytest.fixture
def bavarian(shelf: Shelf, written: Bavaria, tmp_path: Path) -> BavarianCropsSource:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(written.folder.rglob("*")):
            if file.is_file():
                archive.write(file, Path("BavarianCrops") / file.relative_to(written.folder))
        archive.writestr("BavarianCrops/npy/cache.npy", b"not read")
        archive.writestr("BavarianCrops/../outside.csv", b"not read")
    content = buffer.getvalue()
    shelf.files["/files/BavarianCrops.zip"] = content
    entry = {
        "key": "BavarianCrops.zip",
        "size": len(content),
        "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
        "links": {"self": f"{shelf.url}/files/BavarianCrops.zip"},
    }
    shelf.files["/api/record"] = json.dumps({"files": [{"key": "models.zip"}, entry]}).encode()
    return BavarianCropsSource(folder=tmp_path / "data" / "BavarianCrops", record=f"{shelf.url}/api/record", **QUICK)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_archive_is_fetched_checked_and_unpacked(
    shelf: Shelf, bavarian: BavarianCropsSource, written: Bavaria
) -> None:
    told = fetch(bavarian)
    assert everything(bavarian.folder) == everything(written.folder)
    assert [path.name for path in bavarian.folder.parent.iterdir()] == ["BavarianCrops"]
    content = shelf.files["/files/BavarianCrops.zip"]
    assert told["fetched"]["BavarianCrops.zip"]["bytes"] == len(content)
    assert told["fetched"]["BavarianCrops.zip"]["checksum"] == f"md5:{hashlib.md5(content).hexdigest()}"
    before = len(shelf.requests)
    assert fetch(bavarian)["fetched"] == {}
    assert len(shelf.requests) == before


@pytest.mark.parametrize("kind", ["truncate", "reset"])
def test_a_transfer_that_breaks_off_is_continued(
    shelf: Shelf, bavarian: BavarianCropsSource, written: Bavaria, kind: str
) -> None:
    shelf.faults.append(Fault(kind, match="zip", skip=1))  # type: ignore[arg-type]
    fetch(bavarian)
    assert everything(bavarian.folder) == everything(written.folder)
    half = len(shelf.files["/files/BavarianCrops.zip"]) // 2
    *before, continued = shelf.firsts
    assert before == [0, 0]  # the first byte is asked for, then all
    # then what is left: a reset also discards what had arrived and was not read yet
    assert continued == half if kind == "truncate" else 0 < continued <= half


def test_a_wrong_checksum_leaves_nothing_behind(shelf: Shelf, bavarian: BavarianCropsSource) -> None:
    shelf.faults.append(Fault("corrupt", match="zip", skip=1))
    with pytest.raises(InputError, match=r"has the checksum md5:\w+, not the md5:\w+ that its publisher states"):
        fetch(bavarian)
    assert list(bavarian.folder.parent.iterdir()) == []
    fetch(bavarian)


def test_without_a_network_one_sentence_says_how_to_provide_the_files(bavarian: BavarianCropsSource) -> None:
    offline = bavarian.model_copy(update={"record": "http://127.0.0.1:9/api/record"})
    with pytest.raises(InputError) as caught:
        fetch(offline)
    said = str(caught.value)
    assert "\n" not in said
    assert "http://127.0.0.1:9/api/record: the connection broke off, or stalled, 2 times; where there is no" in said
    assert f"unpack BavarianCrops.zip of zenodo.org/records/5707142 so that {offline.folder}/csv/holl/<id>.csv" in said
    assert said.endswith("and write source.download: false (docs/published-studies.md)")


def test_a_record_that_does_not_name_the_archive(shelf: Shelf, bavarian: BavarianCropsSource) -> None:
    shelf.files["/api/record"] = b'{"files": []}'
    with pytest.raises(InputError, match=r"does not name BavarianCrops.zip with its address and checksum; where"):
        fetch(bavarian)


def test_a_folder_with_other_files_is_left_alone(bavarian: BavarianCropsSource) -> None:
    bavarian.folder.mkdir(parents=True)
    (bavarian.folder / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match=r"holds files but lacks .*holl_train.txt; complete it, or name a folder"):
        fetch(bavarian)
    assert (bavarian.folder / "mine.txt").read_text() == "precious"


# -- BreizhCrops: many files ---------------------------------------------------------------------


@pytest.fixture
def breizh(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BreizhCropsSource:
    place = tmp_path / "published"
    write_breizh(place, ("frh01", "frh03", "frh04"), parcels=4)
    sizes = {}
    for file in place.rglob("*"):
        if file.suffix == ".csv":
            shelf.files[f"/{file.relative_to(place)}"] = file.read_bytes()
        elif file.suffix == ".h5":
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
                archive.add(file, f"data/BreizhCrops/{file.name}")
            shelf.files[f"/{file.relative_to(place)}.tar.gz"] = buffer.getvalue()
            sizes[file.parent.name, file.stem] = file.stat().st_size
    monkeypatch.setattr(module, "SIZES", sizes)
    return BreizhCropsSource(folder=tmp_path / "breizh", url=shelf.url, train=("frh01",), **QUICK)


def test_every_region_and_level_is_fetched(shelf: Shelf, breizh: BreizhCropsSource, tmp_path: Path) -> None:
    told = fetch(breizh)
    published = everything(tmp_path / "published")
    published.pop("codes.csv")  # not needed here
    assert everything(breizh.folder) == published
    assert len(told["fetched"]) == 1 + 2 * 3 * 2
    breizh.series("L2A", "frh03").unlink()
    before = len(shelf.requests)
    again = fetch(breizh)
    assert everything(breizh.folder) == published
    assert {request.rpartition("/")[2] for request in shelf.requests[before:]} == {"frh03.h5.tar.gz"}
    assert len(again["fetched"]) == 1


def test_a_damaged_or_foreign_archive_is_told(
    shelf: Shelf, breizh: BreizhCropsSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "/2017/L1C/frh01.h5.tar.gz"
    good = shelf.files[name]
    shelf.files[name] = good[: len(good) // 2]
    with pytest.raises(InputError, match=r"frh01.h5.tar.gz: cannot be unpacked"):
        fetch(breizh)
    assert not breizh.series("L1C", "frh01").exists()
    breizh.series("L1C", "frh01").with_name("frh01.h5.tar.gz").unlink()
    shelf.files[name] = good
    monkeypatch.setattr(module, "SIZES", {**module.SIZES, ("L1C", "frh01"): 1})
    with pytest.raises(InputError, match=r"frh01.h5 has \d+ bytes, not the 1 that the package breizhcrops states"):
        fetch(breizh)


def test_offline_the_layout_is_told(breizh: BreizhCropsSource) -> None:
    offline = breizh.model_copy(update={"url": "http://127.0.0.1:9"})
    with pytest.raises(InputError) as caught:
        fetch(offline)
    assert "put frh01.csv and frh01.h5 of each region (from http://127.0.0.1:9/2017/L1C/) into" in str(caught.value)
    assert "\n" not in str(caught.value)
