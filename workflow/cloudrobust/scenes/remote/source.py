"""What sources that fetch over a network share: a scene comes into the store once, and only over the parcels."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...config.sources import RemoteSource as RemoteSourceConfig
from ...errors import InputError
from ..area import Area
from ..cost import Cost, spent
from ..failures import JobFailure
from ..radiometry import Statement
from ..source import Found
from ..store.folder import Part, Store, covers
from ..store.record import Layer, SceneRecord
from ..sun import stated_or_computed
from .assemble import now
from .download import Meter
from .item import FoundItem
from .retry import Patience

Config = TypeVar("Config", bound=RemoteSourceConfig)
Scene = TypeVar("Scene", bound=FoundItem)
T = TypeVar("T")


class RemoteSource(ABC, Generic[Config, Scene]):
    """Scenes of a service, of which the window over the parcels is brought into a store.

    Parameters
    ----------
    config: see there.
    area: where the parcels lie. Only `grid` works without it.
    threads: pieces of scenes that are fetched or checked at the same time.

    Attributes
    ----------
    store: folder of the scenes.
    missing: what to do about a scene that can't be had, "fail" or "gap".
    meter: counts the bytes that arrive.
    """

    thread_safe = True
    kind: type[Scene]
    """What this source finds."""

    def __init__(self, config: Config, area: Area | None, threads: int) -> None:
        self.config = config
        self.area = area.around(config.margin) if area is not None else None
        self.patience = Patience.of(config)
        self.store, self.missing = Path(config.store), config.missing
        self.meter = Meter()
        self._store = Store(config.store)
        self._pool = ThreadPoolExecutor(threads)
        self._lock = threading.Lock()

    @abstractmethod
    def _names(self, level: str) -> Iterable[str]:
        """Layers of a level."""

    @abstractmethod
    def _bring(self, part: Part, scene: Scene, former: SceneRecord | None) -> SceneRecord:
        """Fetch all layers of a scene; `former` is what the store has of it, too small for today's parcels."""

    def paid(self, found: Found) -> Cost | None:
        """What a scene cost, if the store has it."""
        record = self._stored(self._own(found))
        return spent(record) if record is not None else None

    def fetch(self, found: Found) -> Path:
        """Bring a scene into the store if it is not there; return its folder.

        Raises
        ------
        SceneFailure
            If it can't be had.
        JobFailure
            If no scene can be had: the disk is full, access is denied.
        """
        scene = self._own(found)
        place = self._store.place(found.level, found.tile, found.id)
        if self._stored(scene) is not None:
            return place
        with self._store.part(found.id) as part:
            former = self._store.find(found.level, found.tile, found.id)
            if former is not None and self._covers(former):  # another run has fetched it meanwhile
                return place
            return part.publish(self._bring(part, scene, former))

    def _own(self, found: Found) -> Scene:
        """The scene as this source found it."""
        if not isinstance(found, self.kind):
            raise ValueError(f"{found.id} was found elsewhere")
        return found

    def _needed(self) -> Area:
        if self.area is None:
            raise InputError("source: a service's scenes are fetched over the parcels only, so it needs the parcels")
        return self.area

    def _stored(self, found: Found) -> SceneRecord | None:
        record = self._store.find(found.level, found.tile, found.id)
        return record if record is not None and self._covers(record) else None

    def _covers(self, record: SceneRecord) -> bool:
        names = set(self._names(record.level))
        if not names <= set(record.layers):
            return False
        return covers(record, self._windows({name: record.layers[name].geobox for name in names}))

    def _windows(self, geoboxes: Mapping[str, GeoBox]) -> dict[str, Window]:
        """What lies over the parcels, by layer."""
        windows = self._needed().windows(geoboxes.values())
        return {name: windows[geobox] for name, geobox in geoboxes.items()}

    def _each(self, one: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
        """Do all at the same time; all are finished before the first failure is raised, so that they are kept."""
        futures = [self._pool.submit(one, item) for item in items]
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise next((error for error in errors if isinstance(error, JobFailure)), errors[0])
        return [future.result() for future in futures]


def record_of(
    scene: FoundItem,
    layers: dict[str, Layer],
    applied: Statement,
    offsets: dict[str, int],
    cost: Cost,
    origin: Mapping[str, Any],
) -> SceneRecord:
    """The record of a fetched scene.

    Parameters
    ----------
    scene: as found.
    layers: as they lie in the store.
    applied, offsets: what was decided about the numbers, and the offset of each band.
    cost: what was paid.
    origin: where it came from, and what else is worth to know.
    """
    return SceneRecord(
        id=scene.id,
        level=scene.level,
        tile=scene.tile,
        time=scene.time,
        platform=scene.platform or "",
        orbit=scene.orbit if scene.orbit is not None else -1,
        baseline=scene.baseline,
        quantification=applied.quantification,
        cloud_cover=scene.cloud_cover,
        offsets=offsets,
        footprint=scene.footprint,
        layers=layers,
        source={
            **origin,
            "fetched": now(),
            "spent": {"requests": cost.requests, "processing_units": cost.units, "bytes": cost.bytes},
            **stated_or_computed(scene.item["properties"], scene.sensed, scene.footprint),
        },
    )
