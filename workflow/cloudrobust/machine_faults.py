"""Faults of the machine rather than of the input, as one sentence: a full disk, no permission, too little memory."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

NEARLY_FULL = 4 << 20
"""Bytes of free space under which an unexplained failure to write is put down to a full disk: torch, GDAL and HDF5
have errors of their own for it, without the system's number."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def sentence_about(error: BaseException, outputs: Sequence[str]) -> str | None:
    """What a user should do about the fault behind `error`; None if it is none of the machine's.

    Parameters
    ----------
    error
        What was raised; its causes are looked at too.
    outputs
        Files that the job was writing.
    """
    folders = [_existing(Path(file).absolute().parent) for file in outputs]
    for one in _causes(error):
        if isinstance(one, MemoryError):
            return "needs more memory than there is; run with fewer --cores, or give the rule more mem_mb"
        number = one.errno if isinstance(one, OSError) else None
        where = one.filename if isinstance(one, OSError) and one.filename else (folders[0] if folders else "?")
        if number in _FULL:
            return f"the disk of {where} is full; free some space and run again: what is finished is kept"
        if number in _FORBIDDEN:
            return f"{where} cannot be written or read ({os.strerror(number)}); change its permissions, or name another"
    for folder in folders:
        if shutil.disk_usage(folder).free < NEARLY_FULL:
            return f"the disk of {folder} is full; free some space and run again: what is finished is kept"
        if not os.access(folder, os.W_OK):
            return f"{folder} cannot be written; change its permissions, or name another folder under results"
    return None


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
