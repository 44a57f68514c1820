"""The names in a mirror of `.SAFE` products, without opening any: what both the workflow and the source look at."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def products_below(store: Path) -> Iterator[Path]:
    """`.SAFE` folders, and zipped ones, at any depth below `store`, or `store` itself.

    Links are followed, hidden folders are not: unfinished products are, among others.
    """
    if _is_product(store.absolute().name):
        yield store
        return
    visited: set[tuple[int, int]] = set()
    for folder, names, files in os.walk(store, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in visited:  # a link led back to a folder above
            names.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        yield from (Path(folder, name) for name in names if name.endswith(".SAFE") and not name.startswith("."))
        yield from (Path(folder, name) for name in files if is_zip(name))
        names[:] = [name for name in names if not name.startswith(".") and not name.endswith(".SAFE")]


def products_of_days(store: Path, level: str, days: Iterable[dt.date]) -> Iterator[Path]:
    """Products in folders by day, as the Copernicus Data Space mounts its archive: Sentinel-2/MSI/L2A/2022/05/05.

    Reprocessed ones lie beside, in Sentinel-2/MSI/L2A_N0500/2022/05/05. Only the folders of `days` are listed.
    """
    collections = sorted((store / "Sentinel-2" / "MSI").glob(f"{level}*"))
    for day in days:
        for collection in collections:
            folder = collection / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
            if folder.is_dir():
                yield from sorted(path for path in folder.iterdir() if _is_product(path.name))


def name_of(product: Path) -> str:
    """The product's name without `.SAFE` and `.zip`."""
    return product.absolute().name.removesuffix(".zip").removesuffix(".SAFE")


def is_zip(name: str) -> bool:
    """Whether a file's name is that of a zipped product."""
    return name.startswith("S2") and name.endswith(".zip")


def _is_product(name: str) -> bool:
    return name.endswith(".SAFE") or is_zip(name)
