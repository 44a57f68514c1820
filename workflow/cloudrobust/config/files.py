"""Checks of what the configuration points to, before any work starts."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache
from pathlib import Path

from ..errors import InputError
from .sources import SafeSource, TableSource
from .study import Study


def check_files(study: Study, origin: str = "config.yaml") -> None:
    """Raise InputError for the first file or folder of the study that is not there."""
    wanted = [("parcels.file", study.parcels.file), ("parcels.classes", study.parcels.classes)]
    if isinstance(study.source, TableSource):
        wanted.append(("source.file", study.source.file))
    for key, file in wanted:
        if file is not None and not file.is_file():
            raise InputError(f"{origin}: {key}: there is no file {file}; check the path")
    if isinstance(study.source, SafeSource) and not study.source.store.is_dir():
        raise InputError(f"{origin}: source.store: there is no folder {study.source.store}; check the path")


@cache
def _products(store: Path) -> dict[tuple[str, str], list[str]]:
    """Names of the products below `store` by (tile, level), without opening any."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for folder, names, _ in os.walk(store, followlinks=True):
        if folder.endswith(".SAFE"):
            names.clear()
            parts = Path(folder).name.removesuffix(".SAFE").split("_")
            if len(parts) > 5:
                found[parts[5].removeprefix("T"), parts[1].removeprefix("MSI")].append(Path(folder).name)
    return found


def products(study: Study, tile: str, level: str, month: str) -> list[str]:
    """Names of the products of a month that a `safe` source holds now: a rule's parameter, so that new ones are seen.

    Empty for sources that are asked rather than listed.
    """
    if not isinstance(study.source, SafeSource):
        return []
    stamp = month.replace("-", "")
    return sorted(n for n in _products(study.source.store)[tile, level] if n.split("_")[2].startswith(stamp))
