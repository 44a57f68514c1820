"""A real STAC API server on loopback: PostgreSQL, pgstac, stac-fastapi (see `install_pgstac.sh`)."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / ".venv" / "peers"
POSTGRES = Path("/usr/lib/postgresql/15/bin")


def available() -> bool:
    """Whether the servers are installed."""
    return (PEERS / ".installed").is_file() and (POSTGRES / "initdb").is_file()


@contextmanager
def database(folder: Path) -> Iterator[dict[str, str]]:
    """A PostgreSQL of its own; gives the environment variables that name it."""
    port = free_port()
    # PostgreSQL refuses to run as root
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    options: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}

    def run(*command: str | Path) -> None:
        log = folder / "commands.log"
        with log.open("a") as stream:
            done = subprocess.run(command, cwd=folder, stdout=stream, stderr=stream, check=False, **options)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{log.read_text()}")

    data = folder / "data"
    run(POSTGRES / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(POSTGRES / "pg_ctl", "-D", data, "-o", settings, "-l", folder / "server.log", "-w", "start")
    try:
        run(POSTGRES / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "postgis")
        yield {
            "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": "postgis",
            "PGPASSWORD": "x",
        }  # fmt: skip
    finally:
        run(POSTGRES / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@contextmanager
def stac_server(
    folder: Path, files: Path, collections: Iterable[dict[str, Any]], items: Iterable[dict[str, Any]]
) -> Iterator[int]:
    """The STAC API with these collections and items, and `files` below /files; gives its port."""
    for name, content in (("collections", collections), ("items", items)):
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(entry) + "\n" for entry in content))
    python = PEERS / "bin" / "python"
    # not below `folder`: PostgreSQL's own user must get there, and paths of sockets must be short
    with tempfile.TemporaryDirectory(prefix="pgstac-") as place, database(Path(place)) as connection:
        # UV_ and PYTHON variables of the tests' own environment must not reach the servers'
        environment = {"PATH": os.environ["PATH"], "FILES": str(files), "PYTHONPATH": str(HERE), **connection}
        subprocess.run(
            [python, HERE / "fill_pgstac.py", folder / "collections.ndjson", folder / "items.ndjson"],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
        port = free_port()
        with (folder / "server.log").open("w") as log:
            server = subprocess.Popen(
                [python, "-m", "uvicorn", "--factory", "stac_app:create", "--port", str(port), "--log-level", "error"],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/_mgmt/ping", server, folder / "server.log")
            yield port
        finally:
            server.kill()  # in good order it would wait for connections that are kept open
            server.wait(10)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"the STAC server does not come up:\n{log.read_text()}")
