from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cloudrobust.scenes.remote.file import FileFailure, fetch_bytes, fetch_file, opened
from cloudrobust.scenes.remote.retry import Patience
from peers.faulty import Fault

from .test_download import CONTENT, Files

QUICK = Patience(attempts=2, first_wait=0.01, longest_wait=0.02, timeout=1.0)
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture
def files() -> object:
    with Files().running() as server:
        yield server


def fetched(server: Files, folder: Path, checksum: str | None = None, size: int | None = None) -> str:
    found = fetch_file(opened(QUICK), f"{server.url}/file", folder / "file", checksum, size)
    assert (folder / "file").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["file"]
    return found


def failure(server: Files, folder: Path, checksum: str | None = None, size: int | None = None) -> str:
    with pytest.raises(FileFailure) as caught:
        fetch_file(opened(QUICK), f"{server.url}/file", folder / "file", checksum, size)
    assert not (folder / "file").exists()
    return str(caught.value)


@pytest.mark.parametrize(("checksum", "found"), [(None, SHA256), (SHA256, SHA256), (MD5, MD5)])
def test_a_file_arrives_whole_with_its_checksum(files: Files, tmp_path: Path, checksum: str, found: str) -> None:
    assert fetched(files, tmp_path, checksum, len(CONTENT)) == found
    before = len(files.requests)
    assert fetched(files, tmp_path, checksum, len(CONTENT)) == found
    assert len(files.requests) == before  # what is there and right is not fetched again


def test_servers_without_ranges_do(files: Files, tmp_path: Path) -> None:
    files.ranges = False
    assert fetched(files, tmp_path, MD5) == MD5


def test_a_wrong_checksum_or_size_deletes_what_arrived(files: Files, tmp_path: Path) -> None:
    assert f"has the checksum {MD5}, not the md5:00" in failure(files, tmp_path, "md5:00")
    assert f"has {len(CONTENT)} bytes, not the 7 that its publisher states" in failure(files, tmp_path, size=7)
    assert list(tmp_path.iterdir()) == []
    files.faults.append(Fault("corrupt", skip=1))
    assert "what arrived is deleted, run again" in failure(files, tmp_path, MD5)
    assert fetched(files, tmp_path, MD5) == MD5


@pytest.mark.parametrize("kind", ["truncate", "reset"])
def test_another_process_goes_on_where_one_was_left(files: Files, tmp_path: Path, kind: str) -> None:
    # The first request asks for one byte; those after it break off in their middle until patience ends.
    files.faults.append(Fault(kind, skip=1, times=2))  # type: ignore[arg-type]
    assert "2 times" in failure(files, tmp_path)
    there = (tmp_path / "file.part").stat().st_size
    assert 0 < there < len(CONTENT)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:there]
    sent = files.sent
    assert fetched(files, tmp_path, MD5) == MD5
    assert files.sent - sent == 1 + len(CONTENT) - there  # the byte that was asked first, and the rest


def test_a_part_of_another_version_is_not_continued(files: Files, tmp_path: Path) -> None:
    files.faults.append(Fault("truncate", skip=1, times=2))
    failure(files, tmp_path)
    (tmp_path / "file.part").write_bytes(b"x" * 100)
    files.etag = '"2"'
    assert fetched(files, tmp_path, MD5) == MD5


def test_no_such_file_and_no_server(files: Files, tmp_path: Path) -> None:
    files.faults.append(Fault("status", status=404, times=9))
    assert "the service answers 404, there is no such file" in failure(files, tmp_path)
    with pytest.raises(FileFailure, match="the connection broke off, or stalled, 2 times"):
        fetch_file(opened(QUICK), "http://127.0.0.1:9/file", tmp_path / "file")
    files.faults.clear()
    assert fetch_bytes(opened(QUICK), f"{files.url}/file") == CONTENT
