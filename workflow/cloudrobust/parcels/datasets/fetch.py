"""Published data sets from the network into their folder: what is there stays, what is fetched is checked."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from ...atomic import atomic
from ...config.datasets import GUIDE, SEASON, BavarianCropsSource, BreizhCropsSource, DatasetSource
from ...errors import InputError
from ...log import Progress, logger
from ...scenes.remote.download import Downloader
from ...scenes.remote.file import FileFailure, fetch_bytes, fetch_file, opened
from ...scenes.remote.retry import Patience

SIZES = {
    ("L1C", "frh01"): 2559635960,
    ("L1C", "frh02"): 2253658856,
    ("L1C", "frh03"): 2493572704,
    ("L1C", "frh04"): 1555075632,
    ("L1C", "belle-ile"): 17038944,
    ("L1C", "kermaux"): 1259784,
    ("L2A", "frh01"): 987259904,
    ("L2A", "frh02"): 803457960,
    ("L2A", "frh03"): 890027448,
    ("L2A", "frh04"): 639215848,
    ("L2A", "belle-ile"): 8037952,
}
"""Bytes of BreizhCrops' HDF5 files (FILESIZES of the package breizhcrops 0.0.4.1, datasets/urls.py); the publisher
states no checksum. The archives that they come in are compressed with gzip, which has one of its own."""


def fetch(config: DatasetSource) -> dict[str, Any]:
    """Complete a data set's folder.

    Returns
    -------
    What was fetched: address, bytes and checksum by file; and the folder.

    Raises
    ------
    InputError
        If something can't be had, is wrong, or the folder is not empty but incomplete; one sentence that says how
        to provide the files.
    """
    fetched: dict[str, Any] = {}
    if config.missing():
        waits = (config.attempts, config.first_wait, 60 * config.first_wait)
        downloader = opened(Patience(*waits, timeout=config.timeout))
        try:
            if isinstance(config, BavarianCropsSource):
                fetched = _bavarian(config, downloader)
            elif isinstance(config, BreizhCropsSource):
                fetched = _breizh(config, downloader)
        except FileFailure as failure:
            raise InputError(
                f"{failure}; where there is no network, {config.provide()}, and write source.download: false ({GUIDE})"
            ) from failure
        finally:
            downloader.close()
    missing = config.missing()
    if missing:
        raise InputError(f"source.folder: there is no {missing[0]} although the data set was fetched; see {GUIDE}")
    logger.info("%s: complete", config.folder)
    return {"folder": str(config.folder), "fetched": fetched}


def _bavarian(config: BavarianCropsSource, downloader: Downloader) -> dict[str, Any]:
    """One archive, named with its checksum by a record of Zenodo."""
    if config.folder.is_dir() and any(config.folder.iterdir()):
        raise InputError(
            f"source.folder: {config.folder} holds files but lacks {config.missing()[0]}; complete it, or name a "
            "folder that is empty or not there"
        )
    url, size, checksum = _entry(fetch_bytes(downloader, config.record), config)
    archive = config.folder.parent / config.archive
    found = fetch_file(downloader, url, archive, checksum, size)
    bytes_there = archive.stat().st_size
    _unpack(archive, config)
    archive.unlink()
    return {config.archive: {"url": url, "bytes": bytes_there, "checksum": found}}


def _entry(record: bytes, config: BavarianCropsSource) -> tuple[str, int, str]:
    """Address, size and checksum of the archive, as the record states them (developers.zenodo.org, "Records")."""
    try:
        files = {entry["key"]: entry for entry in json.loads(record)["files"]}
        entry = files[config.archive]
        return str(entry["links"]["self"]), int(entry["size"]), str(entry["checksum"])
    except (ValueError, KeyError, TypeError) as error:
        raise FileFailure(config.record, f"does not name {config.archive} with its address and checksum") from error


def _unpack(archive: Path, config: BavarianCropsSource) -> None:
    """The parts that are read, below the folder; it appears whole or not at all."""
    try:
        with zipfile.ZipFile(archive) as opened_archive, atomic(config.folder) as part:
            names = [name for name in opened_archive.namelist() if not name.endswith("/")]
            root = next((name.partition("ids/")[0] for name in names if "ids/" in f"/{name}"), None)
            if root is None:
                raise InputError(f"{archive}: holds no folder ids; it is not the data set that {config.record} names")
            wanted = [name for name in names if _is_read(name, root)]
            progress = Progress(f"{archive.name}: files unpacked", len(wanted))
            for name in wanted:
                target = part / PurePosixPath(name).relative_to(root) if root else part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened_archive.open(name) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                progress.step()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{archive}: cannot be unpacked ({error}); delete it and run again") from error


def _is_read(name: str, root: str) -> bool:
    """Whether a member is a parcel, a list of ids or a class mapping; none may lie outside the folder."""
    if not name.startswith(root) or ".." in PurePosixPath(name).parts:
        return False
    parts = PurePosixPath(name[len(root) :]).parts
    return parts[0] in ("csv", "ids") or (len(parts) == 1 and name.endswith(".csv"))


def _breizh(config: BreizhCropsSource, downloader: Downloader) -> dict[str, Any]:
    """An index and an archive a region and level, and the class mapping."""
    fetched: dict[str, Any] = {}

    def plain(file: Path, address: str) -> None:
        if not file.exists():
            found = fetch_file(downloader, address, file)
            fetched[str(file)] = {"url": address, "bytes": file.stat().st_size, "checksum": found}

    plain(config.mapping, f"{config.url}/{config.classes}")
    for level in config.levels:
        for region in config.regions:
            address = f"{config.url}/{SEASON}/{level}/{region}"
            plain(config.index(level, region), f"{address}.csv")
            file = config.series(level, region)
            if file.exists():
                continue
            archive = file.with_name(f"{file.name}.tar.gz")
            plain(archive, f"{address}.h5.tar.gz")
            _untar(archive, file, SIZES[level, region])
            archive.unlink()
    return fetched


def _untar(archive: Path, file: Path, size: int) -> None:
    """The one HDF5 file of an archive, at its published size."""
    try:
        with tarfile.open(archive, "r:gz") as opened_archive:
            member = next((m for m in opened_archive if m.isreg() and PurePosixPath(m.name).name == file.name), None)
            if member is None:
                raise InputError(f"{archive}: holds no file {file.name}; delete it and run again")
            if member.size != size:
                raise InputError(
                    f"{archive}: {file.name} has {member.size} bytes, not the {size} that the package breizhcrops "
                    "states; delete the archive and run again"
                )
            source = opened_archive.extractfile(member)
            assert source is not None
            with atomic(file) as part, part.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 22)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{archive}: cannot be unpacked ({error}); delete it and run again") from error
