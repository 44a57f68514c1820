"""Which process is which: a name for this one that can be told dead later, on the same machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def name() -> str:
    """This process as `<host>~<pid>~<start>`, all of it fit for a file's name."""
    pid = os.getpid()
    return f"{host()}~{pid}~{started(pid)}"


def host() -> str:
    """This machine's name, without what a file's name could not hold."""
    return "".join(sign if sign.isalnum() or sign == "-" else "-" for sign in socket.gethostname()) or "host"


def started(pid: int) -> str:
    """When a process started, in clock ticks since boot: field 22 of /proc/<pid>/stat, proc(5). "0" where unknown."""
    try:
        # the second field is the program's name in brackets, which may hold spaces
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


def provably_dead(process: str) -> bool:
    """Whether the process of a `name` ran on this machine and is gone; False wherever that cannot be known."""
    where, _, rest = process.partition("~")
    pid, _, start = rest.partition("~")
    if where != host() or not pid.isdigit() or int(pid) <= 0:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it is there, but another user's
    # Another process may have got the number since.
    return start != "0" and started(int(pid)) != start
