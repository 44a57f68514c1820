"""A whole file over HTTP: continued where it broke off, by a later process too, and checked before it counts."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

from ...errors import InputError
from ...log import logger
from ..failures import Refused
from .download import Downloader, Meter, Version
from .progress import readable
from .retry import Patience

PAGES = ("text/html", "application/xhtml")
"""What error pages come as; text and JSON may be the file itself."""
BLOCK = 1 << 20


class FileFailure(InputError):
    """A file can't be had; `reason` is a clause without a full stop."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url, self.reason = url, reason


def opened(patience: Patience) -> Downloader:
    """A downloader for single files of any kind."""
    return Downloader(patience, meter=Meter(), connections=1, pages=PAGES)


def fetch_file(
    downloader: Downloader, url: str, target: Path, checksum: str | None = None, size: int | None = None
) -> str:
    """Fetch `url` to `target`, which appears whole and right or not at all.

    What has arrived lies beside it as `<name>.part`, with the version that it belongs to in `<name>.part.json`; the
    next call goes on from there if the server still has that version and serves ranges, else from the start.

    Parameters
    ----------
    downloader
        Of `opened`.
    checksum
        `md5:<hex>` or `sha256:<hex>`, as the publisher states it.
    size
        Bytes, as the publisher states them.

    A file that is at `target` already stays if it has that checksum, or if none is stated.

    Returns
    -------
    The file's checksum: by the publisher's algorithm, or SHA-256.

    Raises
    ------
    FileFailure
        If it can't be had, or is not what the publisher states; then the part is deleted.
    """
    algorithm = (checksum or "sha256:").partition(":")[0]
    if target.is_file() and (found := _digest(target, algorithm)) == (checksum or found):
        return found
    target.parent.mkdir(parents=True, exist_ok=True)
    part, note = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json")
    try:
        _continue(downloader, url, part, note)
    except Refused as refused:
        raise FileFailure(url, refused.reason) from refused
    there = part.stat().st_size
    found = _digest(part, algorithm)
    fault = ""
    if size is not None and there != size:
        fault = f"has {there} bytes, not the {size} that its publisher states"
    elif checksum is not None and found != checksum.lower():
        fault = f"has the checksum {found}, not the {checksum} that its publisher states"
    if fault:
        part.unlink()
        note.unlink(missing_ok=True)
        raise FileFailure(url, f"{fault}; what arrived is deleted, run again")
    part.replace(target)
    note.unlink(missing_ok=True)
    logger.info("%s: %s, %s", target, readable(there), found)
    return found


def fetch_bytes(downloader: Downloader, url: str) -> bytes:
    """A small file into memory."""
    target = io.BytesIO()
    try:
        downloader.copy(url, target)
    except Refused as refused:
        raise FileFailure(url, refused.reason) from refused
    return target.getvalue()


def _continue(downloader: Downloader, url: str, part: Path, note: Path) -> None:
    """All bytes into `part`, from where an earlier process left it."""
    version = _version(downloader, url)
    if version is None:
        with part.open("wb") as file:
            downloader.copy(url, file)
        return
    said = {"url": url, "size": version.size, "etag": version.etag}
    known = json.loads(note.read_text()) if note.is_file() else None
    start = part.stat().st_size if part.is_file() and known == said and version.etag is not None else 0
    if start:
        logger.info("%s: goes on after %s", url, readable(start))
    elif part.is_file():
        part.unlink()
    note.write_text(json.dumps(said))
    if version.size is not None and start == version.size:
        return
    with part.open("ab") as file:
        length = None if version.size is None else version.size - start
        downloader.copy(url, file, start, length, version)


def _version(downloader: Downloader, url: str) -> Version | None:
    """Length and entity tag by asking for the first byte; None if the server serves no ranges."""
    try:
        return downloader.copy(url, io.BytesIO(), 0, 1)
    except Refused as refused:
        if "ignores the range" in refused.reason:
            return None
        raise


def _digest(file: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm)
    with file.open("rb") as opened_file:
        while block := opened_file.read(BLOCK):
            digest.update(block)
    return f"{algorithm}:{digest.hexdigest()}"
