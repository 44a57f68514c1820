"""An HTTP server on loopback that misbehaves on demand."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Kind = Literal[
    "status",  # an error status with headers
    "page",  # HTML with status 200
    "xml",  # XML with status 200
    "reset",  # half of the body, then the connection is torn down
    "stall",  # half of the body, then nothing
    "drip",  # one byte after the other, for ever
    "truncate",  # half of the body, then the connection is closed in good order
    "short",  # half of the body, and a length that agrees
    "corrupt",  # a body of the right length with wrong bytes in its middle
    "kill",  # calls `act` before it answers
]


@dataclass
class Fault:
    """What goes wrong, for which requests, and how often.

    `match` is searched in "METHOD /path?query" and `body` in the request's body; the first `skip` matching
    requests are answered well, the next `times` are not.
    """

    kind: Kind
    match: str = ""
    body: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[], None] | None = None
    hits: int = 0

    def applies(self, request: str, body: bytes) -> bool:
        if not re.search(self.match, request) or not re.search(self.body.encode(), body):
            return False
        self.hits += 1
        return self.skip < self.hits <= self.skip + self.times


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FaultyServer:
    """Answers with `respond`, but for the `faults` that apply.

    Attributes
    ----------
    faults: looked at in order for every request; the first that applies happens.
    requests: "METHOD /path" of all requests so far.
    sent: bytes of all bodies so far.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.sent = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._handle(self)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass  # clients that went away

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The right answer; `path` with its query."""
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[FaultyServer]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def count(self, match: str = "") -> int:
        """Requests so far that match."""
        return sum(bool(re.search(match, request)) for request in self.requests)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        request = f"{handler.command} {handler.path}"
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.requests.append(request)
            fault = next((fault for fault in self.faults if fault.applies(request, body)), None)
        if fault is not None and fault.kind == "kill" and fault.act is not None:
            fault.act()
            fault = None
        if fault is not None and fault.kind == "status":
            answer = Answer(fault.status, fault.headers, b'{"error": "on demand"}')
        elif fault is not None and fault.kind in ("page", "xml"):
            page = b"<html><body>Sorry</body></html>" if fault.kind == "page" else b"<?xml version='1.0'?><Error/>"
            answer = Answer(200, {"Content-Type": f"text/{'html' if fault.kind == 'page' else 'xml'}"}, page)
        else:
            answer = self.respond(handler.command, handler.path, handler.headers, body)
        self._send(handler, answer, fault.kind if fault is not None else None)

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, kind: str | None) -> None:
        body = answer.body
        half = len(body) // 2
        if kind == "short":
            body = body[:half]
        if kind == "corrupt":
            body = body[:half] + bytes(255 - byte for byte in body[half : half + 64]) + body[half + 64 :]
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                handler.send_header(name, value)
        stated = {name.lower(): value for name, value in answer.headers.items()}.get("content-length")
        length = stated if handler.command == "HEAD" and stated is not None else str(len(body))
        handler.send_header("Content-Length", length)
        handler.end_headers()
        if handler.command == "HEAD":
            return
        with self._lock:
            self.sent += len(body)
        if kind in ("reset", "stall", "truncate"):
            handler.wfile.write(body[:half])
            handler.wfile.flush()
            if kind == "stall":
                self._until_gone(handler.connection)
            if kind == "reset":
                # a zero linger time makes closing send RST
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
        elif kind == "drip":
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.02)
        else:
            handler.wfile.write(body)

    def _until_gone(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        try:
            while connection.recv(1024):
                pass
        except OSError:
            pass


class FaultyProxy(FaultyServer):
    """Stands before a real server and passes on what it answers.

    Parameters
    ----------
    port: of the real server, on loopback.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.upstream = port

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            # the Host header goes through as it is, so that links in answers lead through this proxy too
            passed = {n: v for n, v in headers.items() if n.lower() not in ("connection", "accept-encoding")}
            connection.request(method, path, body or None, passed)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()
