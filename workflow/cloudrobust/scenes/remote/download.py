"""Bytes over HTTP, so that only whole and right ones arrive: ranges, retries, stalls, tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ..failures import Refused, Trouble
from .retry import Gate, Patience, check_status, patiently

CHUNK = 1 << 18
"""Bytes read at once."""

# what error pages come as, never images
_PAGES = ("text/", "application/xml", "application/json", "application/problem+json", "application/xhtml")


class Authority(Protocol):
    """Who grants access to files."""

    def sign(self, url: str) -> tuple[str, dict[str, str], str]:
        """The URL to ask for, headers to ask with, and the token that is in one of them."""
        ...

    def renew(self, used: str) -> None:
        """Forget the token that was used: the service no longer accepts it."""
        ...


class Meter:
    """Counts the bytes that arrive in any thread."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """So many more bytes have arrived."""
        with self._lock:
            self.bytes += count


@dataclass(frozen=True)
class Version:
    """Which version of a remote file bytes belong to: its whole length and entity tag, where the server tells."""

    size: int | None
    etag: str | None


class _Session(requests.Session):
    """Keeps the token when a service sends on to its neighbour (download. to zipper.dataspace.copernicus.eu)."""

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        old, new = urlsplit(old_url), urlsplit(new_url)
        parent = (old.hostname or "").partition(".")[2]
        neighbours = parent.count(".") >= 1 and (new.hostname or "").partition(".")[2] == parent
        if neighbours and old.scheme == new.scheme == "https":
            return False
        return bool(super().should_strip_auth(old_url, new_url))


class Downloader:
    """Fetches parts of files; every method may be called from several threads at once.

    Parameters
    ----------
    patience: waits, attempts, and when a transfer counts as stalled.
    authority: who signs requests; None for public files.
    meter: counts what arrives.
    connections: used at the same time; further threads wait.
    pages: beginnings of the content types that are error pages in place of a file.
    """

    def __init__(
        self,
        patience: Patience,
        authority: Authority | None = None,
        meter: Meter | None = None,
        connections: int = 8,
        pages: tuple[str, ...] = _PAGES,
    ) -> None:
        self.patience, self.authority, self.meter = patience, authority, meter or Meter()
        self.gate = Gate()
        self._pages = pages
        self._slots = threading.BoundedSemaphore(connections)
        self._session = _Session()
        # proxies and certificates of the environment are looked up once a host, not for every range
        self._session.trust_env = False
        self._settings: dict[str, Any] = {}
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def copy(
        self, url: str, target: BinaryIO, start: int = 0, length: int | None = None, version: Version | None = None
    ) -> Version:
        """Write a part of a remote file to `target`, from where that stands.

        A transfer that breaks off is continued at the next byte.

        Parameters
        ----------
        url: the file.
        target: opened for writing.
        start, length: the part; all the rest without a length.
        version: as an earlier call returned it: a file that has changed since is an error.

        Returns
        -------
        The version that the bytes belong to.

        Raises
        ------
        Refused
            If the part can't be had; the reason says why.
        """
        state = _State(start, None if length is None else start + length, version)
        place = target.tell()

        def action() -> Version:
            target.seek(place + state.next - start)
            return self._attempt(url, target, state)

        def renew() -> None:
            if self.authority is not None:
                self.authority.renew(state.token)

        renewal = renew if self.authority is not None else None
        return patiently(action, self.patience, self.gate, renewal, what=_spoken(url))

    def _attempt(self, url: str, target: BinaryIO, state: _State) -> Version:
        signed, headers = url, dict[str, str]()
        if self.authority is not None:
            signed, headers, state.token = self.authority.sign(url)
        whole = state.next == 0 and state.end is None
        if not whole:
            headers = {**headers, "Range": f"bytes={state.next}-{'' if state.end is None else state.end - 1}"}
        request = requests.Request("GET", signed, headers={"Accept-Encoding": "identity", **headers})
        with self._slots, connection_troubles(self.patience):
            prepared = self._session.prepare_request(request)
            settings = self._environment(signed)
            with self._session.send(prepared, timeout=self.patience.timeout, **settings) as response:
                return self._take(response, target, state, whole)

    def _environment(self, url: str) -> Any:
        """Proxy and certificates for a host, by the environment."""
        host = urlsplit(url).netloc
        if host not in self._settings:
            self._settings[host] = requests.Session().merge_environment_settings(url, {}, True, None, None)
        return self._settings[host]

    def _take(self, response: requests.Response, target: BinaryIO, state: _State, whole: bool) -> Version:
        if response.status_code == 416:
            raise Refused("the file is shorter than its own header says")
        check_status(response.status_code, response.headers)
        kind = response.headers.get("Content-Type", "")
        if kind.lower().startswith(self._pages):
            raise Trouble(f"the service answers with {kind.split(';')[0]} in place of the file")
        version, end = _received_version(response.headers, state, response.status_code, whole)
        known = state.version
        if known is not None and (version.etag, version.size) != (known.etag, known.size):
            raise Refused("the file has changed while it was read; run again")
        state.version = version
        self._stream(response, target, state)
        if end is not None and state.next < end:
            raise Trouble(f"the transfer ended after {state.next} of {end} bytes")
        return version

    def _stream(self, response: requests.Response, target: BinaryIO, state: _State) -> None:
        for chunk in chunks(response, self.patience, self.meter):
            if state.end is not None and state.next + len(chunk) > state.end:
                raise Refused("the service sends more bytes than it was asked for")
            target.write(chunk)
            state.next += len(chunk)


@contextmanager
def connection_troubles(patience: Patience) -> Iterator[None]:
    """Turn what breaks connections into `Trouble`, and an impossible address into `Refused`."""
    try:
        yield
    except requests.exceptions.InvalidSchema as error:
        raise Refused("that is no web address that can be fetched") from error
    except requests.Timeout as error:
        raise Trouble(f"no answer for {patience.timeout:g} s") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise Trouble("the connection broke off, or stalled") from error


def chunks(response: requests.Response, patience: Patience, meter: Meter) -> Iterator[bytes]:
    """The body as it arrives; `Trouble` if it comes too slowly to ever come to an end."""
    since, count = time.monotonic(), 0
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        meter.add(len(chunk))
        yield chunk
        count += len(chunk)
        elapsed = time.monotonic() - since
        if elapsed > patience.timeout:
            if count < patience.slowest * elapsed:
                raise Trouble(f"the transfer stalled ({count / elapsed:.0f} bytes per second)")
            since, count = time.monotonic(), 0


def answer(send: Callable[..., requests.Response], patience: Patience) -> bytes:
    """The body of an answer that came whole and without an error; `send` takes the timeout and how to stream."""
    with connection_troubles(patience), send(timeout=patience.timeout, stream=True) as response:
        check_status(response.status_code, response.headers)
        return whole_body(response, patience, Meter())


def whole_body(response: requests.Response, patience: Patience, meter: Meter) -> bytes:
    """A body that is kept in memory; `Trouble` if it is shorter than stated."""
    body = b"".join(chunks(response, patience, meter))
    length = response.headers.get("Content-Length")
    if length is not None and "Content-Encoding" not in response.headers and len(body) != int(length):
        raise Trouble(f"the transfer ended after {len(body)} of {length} bytes")
    return body


@dataclass
class _State:
    """How far a part has come: the next byte wanted, the one after the last, the file's version once known, and the
    token that was used last."""

    next: int
    end: int | None
    version: Version | None
    token: str = ""


def _received_version(
    headers: Mapping[str, str], state: _State, status: int, whole: bool
) -> tuple[Version, int | None]:
    """Version that a response is of, and where the bytes that it promises end."""
    etag = headers.get("ETag")
    length = headers.get("Content-Length")
    if status != 206:
        if not whole:
            raise Trouble("the service ignores the range that it was asked for")
        size = int(length) if length is not None else None
        return Version(size, etag), size
    unit, _, rest = headers.get("Content-Range", "").partition(" ")
    span, _, total = rest.partition("/")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdigit() or not last.isdigit() or int(first) != state.next:
        raise Trouble("the service answers with another range than it was asked for")
    size = int(total) if total.isdigit() else None
    end = int(last) + 1
    wanted = state.end if state.end is not None else size
    if wanted is not None and end < wanted:
        # a range that reaches beyond the file is cut by the server: fine while the file's own header is read
        if size is not None and end == size:
            state.end = size
        else:
            raise Trouble("the service answers with a shorter range than it was asked for")
    return Version(size, etag), end


def _spoken(url: str) -> str:
    """A URL as it may stand in a log: without its query, which can hold a signature."""
    return url.partition("?")[0]
