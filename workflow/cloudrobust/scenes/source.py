"""The small protocol behind which every archive of scenes stands."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError
from .area import Area
from .grid import Grid


@dataclass(frozen=True)
class Found:
    """A product that a search found; not fetched yet.

    Attributes
    ----------
    id: product name without `.SAFE`.
    tile, level: MGRS tile (32UPU) and L1C or L2A.
    time: datatake sensing start as in the product name, naive UTC.
    baseline: processing baseline, "04.00".
    platform, orbit: S2A .. S2D and relative orbit number, where the search tells.
    path: the `.SAFE` folder, where there is one already.
    """

    id: str
    tile: str
    level: str
    time: datetime
    baseline: str
    platform: str | None = None
    orbit: int | None = None
    path: Path | None = None


class Source(Protocol):
    """An archive of scenes.

    A source may have more that `fetch_month` looks at: `store` (the folder below which products lie, so that
    indexes name them relative to it), `thread_safe` (whether several `fetch` calls may run at once; absent means
    no), `missing` (whether a scene that can't be had is an error, "fail", or a recorded "gap"), `meter`
    (`cloudrobust.scenes.remote.download.Meter`, the bytes received), `area` (where the parcels are), and
    `footprint(found)` (what a product saw, in longitude and latitude, where it is known before it is fetched).

    One that costs something has `estimate(found, grid)` (what a product will cost, by the grids of its tile) and
    `paid(found)` (what it did cost, if it is in the store), both a `cloudrobust.scenes.cost.Cost`.
    """

    def grid(self, tile: str) -> Grid:
        """The pixel grids of a tile, with "SCL" if the tile has Level-2A products."""
        ...

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Products of a tile and level sensed from `start` to `end`, both days included (UTC)."""
        ...

    def fetch(self, found: Found) -> Path:
        """Bring a product into the store if it is not there; return its verified folder.

        Raises `SceneFailure`, or another `InputError`, if this product can't be had, and `JobFailure` if no
        further one can be had either (`cloudrobust.scenes.failures`).
        """
        ...


# kind in the configuration -> module and class; imported only when it is used
_KINDS = {
    "safe": ("cloudrobust.scenes.safe.source", "SafeSource"),
    "rasters": ("cloudrobust.scenes.rasters.source", "RasterSource"),
    "simulator": ("cloudrobust.scenes.simulator.source", "SimulatedArchive"),
    "stac": ("cloudrobust.scenes.stac.source", "StacSource"),
    "sentinelhub": ("cloudrobust.scenes.sentinelhub.source", "SentinelHubSource"),
}
REMOTE = frozenset({"stac", "sentinelhub"})
"""Kinds that fetch only the part of a scene that lies over the parcels."""


def create(config: Any, area: Area | None = None) -> Source:
    """The source that a part of the configuration describes.

    Parameters
    ----------
    config: one of the classes in `cloudrobust.config.sources`; its field `kind` decides.
    area: where the parcels are; the kinds in `REMOTE` need it for all but `grid`, the others ignore it.

    Raises
    ------
    InputError
        If the kind has no scenes.
    """
    if config.kind not in _KINDS:
        kinds = ", ".join(sorted(_KINDS))
        raise InputError(f"source.kind: {config.kind!r} has no scenes; sources of scenes are {kinds}")
    module, name = _KINDS[config.kind]
    kind = getattr(importlib.import_module(module), name)
    source: Source = kind(config, area) if config.kind in REMOTE else kind(config)
    return source
