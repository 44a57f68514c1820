from __future__ import annotations

import io

import pytest
import requests

from cloudrobust.scenes.failures import Refused
from cloudrobust.scenes.remote.download import Downloader, Meter, _Session
from cloudrobust.scenes.remote.retry import Patience
from peers.faulty import Answer, Fault, FaultyServer

CONTENT = bytes(range(256)) * 40
QUICK = Patience(attempts=3, first_wait=0.01, longest_wait=0.02, timeout=1.0)


class Files(FaultyServer):
    """One file; `ranges` says whether parts of it can be had."""

    ranges = True
    etag = '"1"'

    def respond(self, method: str, path: str, headers: object, body: bytes) -> Answer:  # noqa: ARG002
        span = headers.get("Range") if self.ranges else None  # type: ignore[attr-defined]
        common = {"Content-Type": "application/octet-stream", "ETag": self.etag}
        if span is None:
            return Answer(200, common, CONTENT)
        first, _, last = span.removeprefix("bytes=").partition("-")
        if int(first) >= len(CONTENT):
            return Answer(416, common, b"")
        end = min(int(last) if last else len(CONTENT) - 1, len(CONTENT) - 1)
        common["Content-Range"] = f"bytes {first}-{end}/{len(CONTENT)}"
        return Answer(206, common, CONTENT[int(first) : end + 1])


@pytest.fixture
def files() -> object:
    with Files().running() as server:
        yield server


def fetched(server: Files, start: int = 0, length: int | None = None, meter: Meter | None = None) -> bytes:
    target = io.BytesIO(b"head")
    target.seek(4)
    Downloader(QUICK, meter=meter).copy(f"{server.url}/file?signature=secret", target, start, length)
    assert target.getvalue()[:4] == b"head"
    return target.getvalue()[4:]


@pytest.mark.parametrize(("start", "length"), [(0, None), (0, 100), (500, 1000), (9000, None), (10000, 5000)])
def test_parts_arrive_as_they_are(files: Files, start: int, length: int | None) -> None:
    meter = Meter()
    end = None if length is None else start + length
    assert fetched(files, start, length, meter) == CONTENT[start:end]
    assert meter.bytes == len(CONTENT[start:end])


@pytest.mark.parametrize("kind", ["truncate", "reset"])
def test_a_transfer_that_breaks_off_goes_on_at_the_next_byte(files: Files, kind: str) -> None:
    files.faults.append(Fault(kind, times=2))  # type: ignore[arg-type]
    meter = Meter()
    assert fetched(files, 0, 8000, meter) == CONTENT[:8000]
    assert meter.bytes == 8000  # nothing came twice


def test_a_server_that_ignores_ranges_is_noticed(files: Files) -> None:
    files.ranges = False
    assert fetched(files) == CONTENT
    with pytest.raises(Refused, match="ignores the range that it was asked for"):
        fetched(files, 10, 20)


def test_a_file_that_changes_meanwhile_is_noticed(files: Files) -> None:
    downloader, target = Downloader(QUICK), io.BytesIO()
    version = downloader.copy(f"{files.url}/file", target, 0, 100)
    assert (version.size, version.etag) == (len(CONTENT), '"1"')
    files.etag = '"2"'
    with pytest.raises(Refused, match="has changed while it was read"):
        downloader.copy(f"{files.url}/file", target, 100, 100, version)


def test_a_range_beyond_the_file_is_an_error(files: Files) -> None:
    with pytest.raises(Refused, match="shorter than its own header says"):
        fetched(files, len(CONTENT) + 5, 10)


def test_what_is_no_web_address_is_refused() -> None:
    with pytest.raises(Refused, match="no web address"):
        Downloader(QUICK).copy("s3://bucket/file", io.BytesIO())


def test_nobody_there_is_said_after_some_attempts() -> None:
    with pytest.raises(Refused, match="broke off, or stalled, 3 times"):
        Downloader(QUICK).copy("http://127.0.0.1:9/file", io.BytesIO())


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("https://download.dataspace.copernicus.eu/x", "https://zipper.dataspace.copernicus.eu/x", True),
        ("https://download.dataspace.copernicus.eu/x", "https://elsewhere.com/x", False),
        ("https://download.dataspace.copernicus.eu/x", "http://zipper.dataspace.copernicus.eu/x", False),
        ("https://one.com/x", "https://two.com/x", False),
    ],
)
def test_a_token_is_sent_on_to_neighbours_only(old: str, new: str, kept: bool) -> None:
    assert _Session().should_strip_auth(old, new) is not kept
    assert issubclass(_Session, requests.Session)
