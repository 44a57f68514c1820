"""manifest.safe: which files a product holds, with their sizes and checksums."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lxml import etree

from ...errors import InputError

# names that ESA's manifests use (MD5 until baseline 04.00, SHA3-256 since) to those of hashlib
_ALGORITHMS = {"MD5": "md5", "SHA3-256": "sha3_256", "SHA-256": "sha256"}


@dataclass(frozen=True)
class ManifestEntry:
    """One file of a product: path relative to the `.SAFE` folder, checksum and, where stated, size in bytes."""

    path: str
    algorithm: str
    checksum: str
    size: int | None


def read_manifest(product: Path) -> dict[str, ManifestEntry]:
    """Entries of `manifest.safe` by relative path; empty if the product has no manifest.

    Raises
    ------
    InputError
        If the manifest is no XML, or states a size that is no number.
    """
    path = product / "manifest.safe"
    if not path.is_file():
        return {}
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: is not valid XML ({error.msg}); fetch the product again") from error
    entries = {}
    for stream in root.iter("byteStream"):
        location, checksum = stream.find("fileLocation"), stream.find("checksum")
        if location is None or checksum is None or not checksum.text:
            continue
        name = str(PurePosixPath(location.get("href", "")))
        size = stream.get("size")
        if size and not (size.isascii() and size.isdigit()):
            raise InputError(f"{path}: the size of {name} is {size!r}, not a number of bytes; fetch the product again")
        entries[name] = ManifestEntry(
            name,
            checksum.get("checksumName", "MD5").upper(),
            checksum.text.strip().lower(),
            int(size) if size else None,
        )
    return entries


def file_checksum(path: Path, algorithm: str = "MD5") -> str:
    """Hexadecimal checksum of a file; `algorithm` as manifests name it."""
    if algorithm not in _ALGORITHMS:
        raise InputError(f"{path}: its manifest uses the checksum {algorithm!r}; known are {', '.join(_ALGORITHMS)}")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _ALGORITHMS[algorithm]).hexdigest()


def complaint(product: Path, entry: ManifestEntry) -> str | None:
    """What is wrong with a file that exists: its size or checksum differs from the manifest's; None if nothing."""
    path = product / entry.path
    size = path.stat().st_size
    if entry.size is not None and size != entry.size:
        return f"has {size} bytes, the manifest says {entry.size}"
    if file_checksum(path, entry.algorithm) != entry.checksum:
        return f"differs from the {entry.algorithm} checksum in the manifest"
    return None
