"""Files that appear whole or not at all."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import process


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there only if the block succeeds.

    Works for a file and for a folder (the caller creates whichever it needs at the
    yielded path). The temporary keeps the suffix, because many writers look at it.
    A folder that already stands at `path` is replaced.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{process.name()}.{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        yield part
        if part.is_dir() and path.is_dir():
            shutil.rmtree(path)
        part.replace(path)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def remove_orphans(folder: str | Path) -> list[Path]:
    """Remove the temporary files and folders that killed processes of this machine have left in a folder.

    Those of living processes and of other machines stay.

    Returns
    -------
    What was removed.
    """
    found = []
    for part in Path(folder).glob(".*.part*"):
        match = _PART.search(part.name)
        if match is not None and process.provably_dead(match[1]):
            shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
            found.append(part)
    return found


_PART = re.compile(r"\.([^.]+~\d+~\d+)\.[0-9a-f]{8}\.part")
