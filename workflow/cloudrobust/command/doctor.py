"""`cloudrobust doctor`: does everything that a run needs work here, and what mends it?"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ..config import Study
from ..errors import InputError
from .project import ROOT, configuration_argument, read_study

NAME = "doctor"
HELP = "look at environment, versions, configuration, credentials, disk, memory, GPU, services, locks and leftovers"

State = Literal["ok", "note", "bad"]
MARKS: dict[State, str] = {"ok": "ok  ", "note": "note", "bad": "BAD "}
PYTHON = (3, 11)
LEAST_DISK, LOW_DISK = 2e9, 20e9
LEAST_MEMORY, LOW_MEMORY = 2e9, 4e9
"""Bytes: below the first nothing works, below the second large studies may not."""
STALE = 3600.0
"""Seconds after which an unfinished file belongs to no running job."""
PATIENCE = 3.0
"""Seconds to wait for a service."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, its state, what was found, and what mends it."""

    what: str
    state: State
    found: str
    mend: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    configuration_argument(parser)
    parser.add_argument("--offline", action="store_true", help="do not try to reach the study's archive")


def run(given: argparse.Namespace) -> int:
    """Look at everything, print it, and return 1 if something is bad."""
    bad = 0
    for one in findings(given.config, offline=given.offline):
        print(f"{MARKS[one.state]}  {one.what:<12} {one.found}", flush=True)
        if one.mend:
            print(f"{'':<19}mend: {one.mend}")
        bad += one.state == "bad"
    print(
        "Everything that was looked at works."
        if not bad
        else f"{bad} {'thing needs' if bad == 1 else 'things need'} mending."
    )
    return 1 if bad else 0


def findings(files: list[Path], *, offline: bool = False) -> Iterator[Finding]:
    """Everything that is looked at, in turn; what belongs to a study only if its configuration can be read."""
    yield environment()
    yield versions(ROOT / "constraints.txt")
    study: Study | None = None
    try:
        study = read_study(files)
        from .check import told

        told(files)
        yield Finding("config", "ok", f"{' + '.join(map(str, files))}: {study.title}")
    except InputError as error:
        yield Finding("config", "bad", str(error), "as the sentence says")
    yield memory()
    yield graphics()
    if study is not None:
        yield from disks(study)
        yield from credentials(study)
        if not offline:
            yield from services(study)
        yield from leftovers(study)
    yield from locks(Path(".snakemake"))


def environment() -> Finding:
    """Python and where the library comes from."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return Finding(
            "environment", "bad", f"Python {version}", f"use Python {wanted} or newer: make PYTHON=/path/to/python"
        )
    inside = sys.prefix != sys.base_prefix
    where = "in a virtual environment" if inside else "in no virtual environment"
    tools = [name for name in ("gcc", "make") if shutil.which(name) is None]
    if tools:
        names = " and ".join(tools)
        return Finding("environment", "note", f"Python {version} {where}; without {names}", f"install {names}")
    return Finding("environment", "ok", f"Python {version} {where}")


def versions(pins: Path) -> Finding:
    """Whether the installed packages are those that the project is tested with."""
    if not pins.is_file():
        return Finding(
            "pins", "note", "there is no constraints.txt beside this installation, so versions are not compared"
        )
    wanted = [line.strip().partition("==") for line in pins.read_text().splitlines() if "==" in line and line[0] != "#"]
    other, absent, same = [], [], 0
    needed = {_plain(one) for one in _required("cloudrobust")}
    for name, _, version in wanted:
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            if _plain(name) in needed:
                absent.append(name)
            continue
        if there.partition("+")[0] == version:
            same += 1
        else:
            other.append(f"{name} {there} instead of {version}")
    mend = "make run, or pip install --constraint constraints.txt --editable ."
    if absent:
        return Finding("pins", "bad", f"missing: {', '.join(absent)}", mend)
    if other:
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        return Finding("pins", "note", f"{'; '.join(other[:3])}{more}", mend)
    return Finding("pins", "ok", f"{same} packages, all as tested")


def _required(name: str) -> list[str]:
    """Names of the packages that a package needs always."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    always = (line for line in lines if "extra ==" not in line)
    return [match[0] for line in always if (match := re.match(r"[\w.-]+", line))]


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def memory() -> Finding:
    """Memory of the machine, and how much is free."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return Finding("memory", "note", "the machine does not tell")
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if ":" in line}
    free, whole = kilobytes.get("MemAvailable", 0) * 1024, kilobytes.get("MemTotal", 0) * 1024
    found = f"{free / 1e9:.1f} GB free of {whole / 1e9:.1f} GB, {os.cpu_count()} cores"
    mend = "close other programs, or run with fewer --cores: every job needs up to 4 GB"
    if free < LEAST_MEMORY:
        return Finding("memory", "bad", found, mend)
    return Finding("memory", "note" if free < LOW_MEMORY else "ok", found, mend if free < LOW_MEMORY else "")


def graphics() -> Finding:
    """Whether networks can train on a GPU."""
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", "ok", ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())))
    if shutil.which("nvidia-smi"):
        return Finding("GPU", "note", "there is one that torch cannot use", "install the torch of your CUDA version")
    return Finding("GPU", "ok", "none; networks train on the processor")


def disks(study: Study) -> Iterator[Finding]:
    """Room where results and scenes go; folders on one disk are told once."""
    seen = set()
    store = getattr(study.source, "store", None)
    for what, folder in (("results", study.results), ("source.store", store)):
        if folder is None:
            continue
        there = next(path for path in (Path(folder).absolute(), *Path(folder).absolute().parents) if path.exists())
        if there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        free = shutil.disk_usage(there).free
        state: State = "bad" if free < LEAST_DISK else "note" if free < LOW_DISK else "ok"
        mend = (
            f"free some, or name another folder ({what if what == 'results' else 'source.store'})"
            if state != "ok"
            else ""
        )
        yield Finding("disk", state, f"{free / 1e9:.1f} GB free for {folder}", mend)


def credentials(study: Study) -> Iterator[Finding]:
    """Whether what the study's source needs is there; its value is never read out."""
    source = study.source
    if source.kind == "stac" and source.preset == "cdse":
        from ..scenes.stac.access import PASSWORD, USERNAME

        absent = [name for name in (USERNAME, PASSWORD) if not os.environ.get(name)]
        yield _keys(absent, "environment", f"export {' and '.join(absent)} of your account")
    elif source.kind == "sentinelhub":
        names = ("SH_CLIENT_ID", "SH_CLIENT_SECRET")
        absent = [name for name in names if not os.environ.get(name)]
        if source.profile is None and not absent:
            yield _keys([], "environment", "")
            return
        from sentinelhub import SHConfig

        try:
            config = SHConfig(source.profile) if source.profile else SHConfig()
            found = bool(config.sh_client_id and config.sh_client_secret)
        except (KeyError, ValueError, OSError):  # no such profile, or a file that is none
            found = False
        place = f"profile {source.profile}" if source.profile else "default profile"
        yield _keys(
            [] if found else [place], place, f"export {' and '.join(names)}, or: sentinelhub.config --profile NAME"
        )
    else:
        yield Finding("credentials", "ok", f"a {source.kind} source needs none")


def _keys(absent: list[str], where: str, mend: str) -> Finding:
    if absent:
        return Finding("credentials", "bad", f"missing: {', '.join(absent)}", mend)
    return Finding("credentials", "ok", f"there ({where})")


def services(study: Study) -> Iterator[Finding]:
    """Whether the study's archive can be reached."""
    address = _address(study)
    if address is None:
        return
    place = urlsplit(address)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname or "", port), timeout=PATIENCE).close()
        yield Finding("service", "ok", f"{place.hostname} answers")
    except OSError as error:
        if any(os.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")):
            yield Finding("service", "note", f"{place.hostname} is reached by a proxy; whether it answers is not tried")
        else:
            yield Finding(
                "service", "bad", f"{place.hostname} cannot be reached ({error})", "check the network, or source.url"
            )


def _address(study: Study) -> str | None:
    source = study.source
    if source.kind == "stac":
        from ..scenes.stac.presets import PRESETS

        return source.url or PRESETS[source.preset].url
    if source.kind == "sentinelhub":
        from ..scenes.sentinelhub.source import DEPLOYMENTS

        return source.url or DEPLOYMENTS[source.deployment][0]
    return None


def leftovers(study: Study) -> Iterator[Finding]:
    """Unfinished files of killed jobs, and series of branches that the configuration no longer has."""
    folders = {study.results, *([study.source.store] if hasattr(study.source, "store") else [])}
    now = time.time()
    parts = sorted(
        {
            path
            for folder in folders
            if Path(folder).is_dir()
            for path in Path(folder).rglob(".*.part*")
            if now - path.stat().st_mtime > STALE
        }
    )
    if parts:
        size = sum(_size(path) for path in parts)
        yield Finding(
            "leftovers", "note",
            f"{len(parts)} unfinished files of killed jobs, {size / 1e6:.1f} MB, the first {parts[0]}",
            f"find {' '.join(sorted(map(str, folders)))} -name '.*.part*' -mmin +60 -exec rm -r {{}} +",
        )  # fmt: skip
    known = {study.results / "series" / prefix for chain in study.chains for prefix in study.prefixes(chain)}
    there = {path.parent for path in (study.results / "series").rglob("series.nc")}
    orphans = sorted(there - known)
    if orphans:
        size = sum(_size(path / "series.nc") for path in orphans)
        yield Finding(
            "orphans", "note",
            f"{len(orphans)} series of no branch any more, {size / 1e6:.1f} MB: {', '.join(map(str, orphans[:3]))}"
            f"{' …' if len(orphans) > 3 else ''}",
            "they do no harm; delete their folders if you do not want the steps back",
        )  # fmt: skip
    if not parts and not orphans:
        yield Finding("leftovers", "ok", "none")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def locks(folder: Path) -> Iterator[Finding]:
    """Whether Snakemake has locked the folder, and jobs that were cut off."""
    locked = sorted((folder / "locks").glob("*")) if (folder / "locks").is_dir() else []
    running = _running(folder.absolute().parent)
    if locked and running:
        yield Finding("lock", "note", f"Snakemake runs here (process {running}); wait for it", "")
    elif locked:
        yield Finding("lock", "bad", "a run was killed and has left the folder locked", "snakemake --unlock")
    else:
        yield Finding("lock", "ok", "none")
    cut = (
        [path for path in (folder / "incomplete").glob("*") if path.is_file()]
        if (folder / "incomplete").is_dir()
        else []
    )
    if cut and not running:
        count = f"{len(cut)} {'file was' if len(cut) == 1 else 'files were'}"
        yield Finding(
            "cut off", "note", f"{count} being written when a run was killed", "run again: these jobs start anew"
        )


def _running(folder: Path) -> int | None:
    """The process of a Snakemake that works in a folder; None if there is none, or the machine does not tell."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve(strict=True) != folder:
                continue
            if any(word.endswith(b"snakemake") for word in (entry / "cmdline").read_bytes().split(b"\0")[:4]):
                return int(entry.name)
        except OSError:
            continue
    return None
