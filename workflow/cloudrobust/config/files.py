"""Checks of what the configuration points to, before any work starts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ..errors import InputError
from . import file_names
from .datasets import BavarianCropsSource, DatasetSource
from .mirrors import name_of, products_below
from .sources import RastersSource, SafeSource, TableSource
from .steps import Custom, Mask, MaskRaster
from .study import Study
from .yaml_file import read_yaml


def check_yaml(files: Iterable[str | Path]) -> None:
    """Read configuration files strictly, for what Snakemake's own reading of them lets pass: a key that occurs twice.

    Raises
    ------
    InputError
        About the first file that is not well-formed.
    """
    for file in files:
        if Path(file).is_file():  # not one that Snakemake took from elsewhere
            read_yaml(file)


def check_results(study: Study, origin: str = "config.yaml") -> None:
    """Raise InputError if the folder of results cannot be made or written to."""
    folder = study.results.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise InputError(f"{origin}: results: {there} is a file, not a folder; name another folder, or move it")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(
            f"{origin}: results: {there} cannot be written to; name another folder, or change its permissions"
        )


def check_files(study: Study, origin: str = "config.yaml") -> None:
    """Raise InputError for the first file or folder of the study that is not there or cannot be used."""
    check_results(study, origin)
    wanted = [
        ("parcels.file", study.parcels.file),
        ("parcels.classes", study.parcels.classes),
        ("prediction.file", study.prediction.file),
    ]
    if isinstance(study.source, TableSource):
        wanted.append(("source.file", study.source.file))
    if isinstance(study.source, BavarianCropsSource):
        wanted += [("source.preprocessed", file) for file in study.source.given()]
    wanted += [(f"steps.{name}.file", step.file) for name, step in study.steps.items() if isinstance(step, Custom)]
    for key, file in wanted:
        if file is not None and not file.is_file():
            raise InputError(f"{origin}: {key}: there is no file {file}; check the path")
    if isinstance(study.source, DatasetSource) and not study.source.download and study.source.missing():
        missing = study.source.missing()
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"{origin}: source.folder: there is no {missing[0]}{more}; {study.source.provide()}, or write "
            "source.download: true where there is a network"
        )
    if isinstance(study.source, SafeSource | RastersSource) and not study.source.store.is_dir():
        raise InputError(f"{origin}: source.store: there is no folder {study.source.store}; check the path")
    for name, step in study.steps.items():
        for method in step.resolved if isinstance(step, Mask) else ():
            if isinstance(method, MaskRaster) and not method.folder.is_dir():
                raise InputError(f"{origin}: steps.{name}: there is no folder {method.folder}; check the path")


@cache
def _products(store: Path) -> dict[tuple[str, str], list[str]]:
    """Names of the products below `store` by (tile, level), without opening any."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in products_below(store):
        parts = name_of(path).split("_")
        if len(parts) > 5:
            found[parts[5].removeprefix("T"), parts[1].removeprefix("MSI")].append(path.name)
    return found


def products(study: Study, tile: str, level: str, month: str) -> list[str]:
    """Names of the products of a month that a folder holds now: a rule's parameter, so that new ones are seen.

    Empty for sources that are asked rather than listed, and for archives by days, which are too large to be listed.
    """
    if isinstance(study.source, RastersSource):
        return rasters(study.source, level, month)
    if not isinstance(study.source, SafeSource) or study.source.layout != "any":
        return []
    stamp = month.replace("-", "")
    return sorted(n for n in _products(study.source.store)[tile, level] if n.split("_")[2].startswith(stamp))


def rasters(source: RastersSource, level: str, month: str) -> list[str]:
    """The files of a month and level, each with its size, so that one that was made anew is seen."""
    try:
        found = file_names.files(source.store, source.pattern)
    except ValueError:  # the rule says which file
        return []
    fitting = (f for f in found if f"{f.time:%Y-%m}" == month and (f.level or source.level) == level)
    return [f"{f.path.relative_to(source.store).as_posix()} {f.path.stat().st_size}" for f in fitting]


def mask_files(step: Mask, month: str) -> list[str]:
    """The masks from elsewhere that a step finds for a month, each with its size: a rule's parameter."""
    found = []
    for method in step.resolved:
        if isinstance(method, MaskRaster):
            try:
                named = file_names.files(method.folder, method.pattern)
            except ValueError:  # a file that no scene asks for
                named = []
            found += [f"{f.path} {f.path.stat().st_size}" for f in named if f"{f.time:%Y-%m}" == month]
    return found
