"""STAC catalogues as a source of scenes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from ...config.sources import StacSource as StacSourceConfig
from ...errors import InputError
from ...log import logger
from ..area import Area, holds
from ..assemble import darkness_of, now, settle
from ..cost import Cost, spent
from ..download import Downloader, Meter
from ..failures import JobFailure, Refused, SceneFailure, Trouble
from ..grid import Grid
from ..radiometry import VISIBLE, Darkness, Statement
from ..record import Layer, SceneRecord
from ..retry import Patience
from ..source import Found
from ..store import Part, Store, covers, grown
from ..sun import stated_or_computed
from .access import authority
from .catalogue import Catalogue
from .image import RemoteImage
from .items import FoundItem, address, read_item, stated_bytes, stated_checksum, stated_radiometry
from .presets import layers_of, preset_of

T = TypeVar("T")

BLOCK = 1024
"""Rows of pixels that one request for a window brings, about: catalogues' tiles have 512 or 1024."""
DAMAGED = 3
"""Times that an image may arrive damaged before its scene counts as missing."""


class StacSource:
    """Scenes of a STAC API, of which the window over the parcels is brought into a store.

    Parameters
    ----------
    config: see there.
    area: where the parcels lie. Only `grid` works without it.

    Attributes
    ----------
    store: folder of the scenes.
    missing: what to do about a scene that can't be had, "fail" or "gap".
    meter: counts the bytes that arrive.
    """

    thread_safe = True

    def __init__(self, config: StacSourceConfig, area: Area | None = None) -> None:
        self.config = config
        self.area = area.around(config.margin) if area is not None else None
        self.preset = preset_of(config)
        self.patience = Patience.of(config)
        self.store, self.missing = Path(config.store), config.missing
        self.meter = Meter()
        self._store = Store(config.store)
        # while some threads check what has arrived, others keep the connections busy
        self._pool = ThreadPoolExecutor(2 * config.connections)
        self._lock = threading.Lock()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The API; opened on first use."""
        return Catalogue(self.preset, self.patience)

    @cached_property
    def downloader(self) -> Downloader:
        """What fetches files; made on first use."""
        access = authority(self.preset, self.patience)
        return Downloader(self.patience, access, self.meter, self.config.connections)

    def grid(self, tile: str) -> Grid:
        """The grids of a tile, by the headers of the files of any one scene of each level."""
        geoboxes: dict[str, GeoBox] = {}
        for level in sorted(self.preset.collections):
            for item in self.catalogue.items(level, tile, most=1):
                found = read_item(item, level, self.preset)
                if found is not None:
                    own = {name: image.geobox for name, image in self._open(found).items()}
                    Grid(tile, geoboxes).check(own, found.id)
                    geoboxes = {**own, **geoboxes}
        if not geoboxes:
            raise InputError(
                f"source.url: the catalogue at {self.preset.url} has no scene of tile {tile}; correct the key tiles"
            )
        return Grid(tile, geoboxes)

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Scenes of a tile and level whose datatake began from `start` to `end`, sorted by time, then id."""
        area = self._needed()
        if area.empty:
            logger.info("tile %s holds no parcel: nothing to fetch", tile)
            return []
        most = self.config.max_cloud_cover
        scenes: list[Found] = []
        for item in self.catalogue.items(level, tile, (start, end), area, most):
            found = read_item(item, level, self.preset)
            if found is None or (found.tile, found.level) != (tile, level):
                logger.warning("%s is left out: the item does not tell which scene of %s it is", item["id"], tile)
            elif start <= found.time.date() <= end and not found.cloud_cover > most:
                scenes.append(found)
        return sorted(scenes, key=lambda scene: (scene.time, scene.id))

    def footprint(self, found: Found) -> BaseGeometry:
        """What a scene saw, by the catalogue's word."""
        return _item(found).footprint

    def estimate(self, found: Found, grid: Grid) -> Cost:
        """About what a scene costs, whether the store has it or not; nothing is asked.

        Bytes are the share of the sizes that the item states, where it does; else those of pixels that are not
        compressed, and so more than will arrive. Files that have to be fetched whole count whole.
        """
        scene = _item(found)
        windows = self._windows({name: grid.geoboxes[name] for name in layers_of(self.preset, found.level)})
        cost = Cost(scenes=1)
        for name, asset in layers_of(self.preset, found.level).items():
            window, (height, width) = windows[name], grid.geoboxes[name].shape
            whole, size = stated_bytes(scene, asset)
            stated = size if size is not None else height * width * (1 if name == "SCL" else 2)
            share = 1.0 if whole else window.height * window.width / (height * width)
            rows = 1 if whole else -(-window.height // BLOCK)
            cost += Cost(requests=1 + rows, bytes=round(share * stated))
        return cost

    def paid(self, found: Found) -> Cost | None:
        """What a scene cost, if the store has it."""
        record = self._stored(_item(found))
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
        found = _item(found)
        place = self._store.place(found.level, found.tile, found.id)
        if self._stored(found) is not None:
            return place
        with self._store.part(found.id) as part:
            former = self._store.find(found.level, found.tile, found.id)
            if former is not None and self._covers(former):  # another run has fetched it meanwhile
                return place
            images = self._open(found)
            windows = grown(self._windows({name: image.geobox for name, image in images.items()}), former)
            darkness: dict[str, Darkness] = {}

            def one(name: str) -> Layer:
                return self._layer(part, found, name, images[name], windows[name], darkness)

            layers = dict(zip(images, self._each(one, images), strict=True))
            asked = sum(image.requests for image in images.values())
            cost = Cost(1, asked, 0.0, sum(image.received for image in images.values()))
            return part.publish(self._record(part, found, layers, darkness, cost))

    def _needed(self) -> Area:
        if self.area is None:
            raise InputError("source: a stac source fetches the parts over parcels, so it needs the parcels")
        return self.area

    def _stored(self, found: FoundItem) -> SceneRecord | None:
        record = self._store.find(found.level, found.tile, found.id)
        return record if record is not None and self._covers(record) else None

    def _covers(self, record: SceneRecord) -> bool:
        names = layers_of(self.preset, record.level)
        return set(names) <= set(record.layers) and covers(
            record, self._windows({name: record.layers[name].geobox for name in names})
        )

    def _windows(self, geoboxes: Mapping[str, GeoBox]) -> dict[str, Window]:
        windows = self._needed().windows(geoboxes.values())
        return {name: windows[geobox] for name, geobox in geoboxes.items()}

    def _open(self, found: FoundItem) -> dict[str, RemoteImage]:
        """Every layer's image, its header read."""
        assets = layers_of(self.preset, found.level)
        urls = {name: address(found, asset, self.preset) for name, asset in assets.items()}

        def one(name: str) -> RemoteImage:
            return self._again(found, assets[name], lambda: RemoteImage(urls[name], self.downloader))

        return dict(zip(urls, self._each(one, urls), strict=True))

    def _layer(
        self,
        part: Part,
        found: FoundItem,
        name: str,
        image: RemoteImage,
        window: Window,
        darkness: dict[str, Darkness],
    ) -> Layer:
        """A layer, from an earlier run or fetched."""
        kept = part.finished(name, lambda layer: layer.geobox == image.geobox and holds(layer.window, window))
        if kept is not None:
            return kept
        asset = layers_of(self.preset, found.level)[name]

        first = True

        def attempt() -> Layer:
            nonlocal first
            if not first:  # after a failure even the header is read anew: it may be what is damaged
                image.open()
            first = False
            count = Darkness() if name in VISIBLE else None
            with part.writing(name) as path:
                see = count.see if count is not None else None
                taken = image.fetch(window, path, see, stated_checksum(found, asset))
                layer = Layer(path.name, image.geobox, taken, 0, "", image.url.partition("?")[0])
                layer = part.keep(name, path, layer)
            if count is not None:
                with self._lock:
                    darkness[name] = count
            return layer

        return self._again(found, asset, attempt)

    def _again(self, found: FoundItem, asset: str, attempt: Callable[[], T]) -> T:
        """Try once more what arrived damaged, and say which scene it is about."""
        for number in range(1, DAMAGED + 1):
            try:
                return attempt()
            except Trouble as trouble:
                logger.info("%s: %s: %s", found.id, asset, trouble.reason)
                if number == DAMAGED:
                    raise SceneFailure(found.id, f"asset {asset!r}: {trouble.reason}, {number} times") from trouble
            except Refused as refused:
                raise SceneFailure(found.id, f"asset {asset!r}: {refused.reason}") from refused
        raise AssertionError

    def _each(self, one: Callable[[str], T], names: Mapping[str, Any]) -> list[T]:
        """Do all at the same time; all are finished before the first failure is raised, so that they are kept."""
        futures = [self._pool.submit(one, name) for name in names]
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise next((error for error in errors if isinstance(error, JobFailure)), errors[0])
        return [future.result() for future in futures]

    def _record(
        self, part: Part, found: FoundItem, layers: dict[str, Layer], darkness: dict[str, Darkness], cost: Cost
    ) -> SceneRecord:
        assets = layers_of(self.preset, found.level)
        stated = {n: stated_radiometry(found, asset, self.preset) for n, asset in assets.items() if n != "SCL"}
        if len({statement.quantification for statement in stated.values()}) > 1:
            raise SceneFailure(found.id, "the catalogue states different scales for its bands")
        missing = {name: layers[name] for name in VISIBLE if name not in darkness}
        counts = {**darkness, **darkness_of(part, missing)}
        applied, decided = settle(found.id, stated["B02"], found.baseline, counts, self.config.offset_check)
        offsets = {name: _offset(statement, stated["B02"], applied) for name, statement in stated.items()}
        orbit = found.orbit if found.orbit is not None else -1
        return SceneRecord(
            id=found.id,
            level=found.level,
            tile=found.tile,
            time=found.time,
            platform=found.platform or "",
            orbit=orbit,
            baseline=found.baseline,
            quantification=applied.quantification,
            cloud_cover=found.cloud_cover,
            offsets=offsets,
            footprint=found.footprint,
            layers=layers,
            source={
                "kind": "stac",
                "api": self.preset.url,
                "collection": found.item.get("collection"),
                "item": found.item["id"],
                "fetched": now(),
                "spent": {"requests": cost.requests, "processing_units": cost.units, "bytes": cost.bytes},
                "radiometry": decided,
                **stated_or_computed(found.item["properties"], found.sensed, found.footprint),
            },
        )


def _item(found: Found) -> FoundItem:
    if not isinstance(found, FoundItem):
        raise ValueError(f"{found.id} was found elsewhere")
    return found


def _offset(statement: Statement, reference: Statement, applied: Statement) -> int:
    """A band's own offset; the corrected one where the reference's was corrected."""
    return applied.offset if applied.offset != reference.offset else statement.offset
