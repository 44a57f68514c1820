"""STAC catalogues as a source of scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from typing import TypeVar

from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from ...config.sources import StacSource as StacSourceConfig
from ...errors import InputError
from ...log import logger
from ..area import Area, holds
from ..cost import Cost
from ..failures import Refused, SceneFailure, Trouble
from ..grid import Grid
from ..radiometry import VISIBLE, Darkness, Statement
from ..remote.assemble import darkness_of, settle
from ..remote.download import Downloader
from ..remote.item import FoundItem
from ..remote.source import RemoteSource, record_of
from ..source import Found
from ..store.folder import Part, grown
from ..store.record import Layer, SceneRecord
from .access import authority
from .catalogue import Catalogue
from .image import RemoteImage
from .items import address, read_item, stated_bytes, stated_checksum, stated_radiometry
from .presets import layers_of, preset_of

T = TypeVar("T")

BLOCK = 1024
"""Rows of pixels that one request for a window brings, about: catalogues' tiles have 512 or 1024."""
DAMAGED = 3
"""Times that an image may arrive damaged before its scene counts as missing."""


class StacSource(RemoteSource[StacSourceConfig, FoundItem]):
    """Scenes of a STAC API."""

    kind = FoundItem

    def __init__(self, config: StacSourceConfig, area: Area | None = None) -> None:
        # while some threads check what has arrived, others keep the connections busy
        super().__init__(config, area, threads=2 * config.connections)
        self.preset = preset_of(config)

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
        return self._own(found).footprint

    def estimate(self, found: Found, grid: Grid) -> Cost:
        """About what a scene costs, whether the store has it or not; nothing is asked.

        Bytes are the share of the sizes that the item states, where it does; else those of pixels that are not
        compressed, and so more than will arrive. Files that have to be fetched whole count whole.
        """
        scene = self._own(found)
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

    def _names(self, level: str) -> Iterable[str]:
        return layers_of(self.preset, level)

    def _bring(self, part: Part, scene: FoundItem, former: SceneRecord | None) -> SceneRecord:
        images = self._open(scene)
        windows = grown(self._windows({name: image.geobox for name, image in images.items()}), former)
        darkness: dict[str, Darkness] = {}

        def one(name: str) -> Layer:
            return self._layer(part, scene, name, images[name], windows[name], darkness)

        layers = dict(zip(images, self._each(one, images), strict=True))
        asked = sum(image.requests for image in images.values())
        cost = Cost(1, asked, 0.0, sum(image.received for image in images.values()))
        return self._record(part, scene, layers, darkness, cost)

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
        origin = {
            "kind": "stac",
            "api": self.preset.url,
            "collection": found.item.get("collection"),
            "item": found.item["id"],
            "radiometry": decided,
        }
        return record_of(found, layers, applied, offsets, cost, origin)


def _offset(statement: Statement, reference: Statement, applied: Statement) -> int:
    """A band's own offset; the corrected one where the reference's was corrected."""
    return applied.offset if applied.offset != reference.offset else statement.offset
