"""Checksums of what jobs make, so that a file that was cut short or damaged later is recognised before it is read.

Formats differ in what they notice: a truncated CSV is a shorter CSV. So every output of a job gets a record of its
size and CRC-32 (ISO 3309, as in zip and PNG) in `<results>/.checksums/`, and the next job compares.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .atomic import atomic
from .errors import InputError

FOLDER = ".checksums"
BLOCK = 1 << 22


def record(paths: Iterable[str | Path], results: str | Path) -> None:
    """Record the files (and folders) below `results` as they are now; others are left alone."""
    for path in map(Path, paths):
        note = _note(path, Path(results))
        if note is not None and path.exists():
            with atomic(note) as part:
                part.write_text(json.dumps(_state(path)))


def check(paths: Iterable[str | Path], results: str | Path) -> None:
    """Compare files with their records; those without one are trusted.

    Raises
    ------
    InputError
        About the first file that is not as the job that made it left it.
    """
    for path in map(Path, paths):
        note = _note(path, Path(results))
        if note is None or not note.is_file() or not path.exists():
            continue
        try:
            known = json.loads(note.read_text())
        except ValueError:
            note.unlink(missing_ok=True)
            continue
        if _state(path) != known:
            raise InputError(
                f"{path}: is not as the job that made it left it (cut short, damaged or edited); delete it and run "
                f"again, or delete {note} if you edited it on purpose"
            )


def _note(path: Path, results: Path) -> Path | None:
    try:
        below = path.absolute().relative_to(results.absolute())
    except ValueError:
        return None
    return results / FOLDER / f"{below}.json"


def _state(path: Path) -> dict[str, Any]:
    """Size in bytes and CRC-32 of a file, or of each file in a folder by name."""
    if not path.is_dir():
        return {"bytes": path.stat().st_size, "crc32": _crc(path)}
    files = sorted(f for f in path.rglob("*") if f.is_file() and not f.name.startswith("."))
    return {str(f.relative_to(path)): [f.stat().st_size, _crc(f)] for f in files}


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            value = zlib.crc32(block, value)
    return value
