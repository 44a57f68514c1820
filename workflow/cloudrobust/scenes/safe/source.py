"""A folder tree of `.SAFE` products as a source: ESA's own files, a mirror, or the simulator's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from ...config.mirrors import is_zip, name_of, products_below, products_of_days
from ...config.sources import SafeSource as SafeSourceConfig
from ...errors import InputError
from ...log import logger
from ..grid import Grid
from ..images import jp2
from ..radiometry import VISIBLE, Darkness, Statement, contradiction
from ..source import Found
from .manifest import complaint, read_manifest
from .metadata import find_metadata, read_metadata
from .names import ProductName
from .scene import SafeScene, layer_files
from .zipped import unpack


class SafeSource:
    """All `.SAFE` folders below a folder, zipped or not, at any depth; it may be one itself.

    The tree is walked once, on first use. Only names are looked at, and metadata is read only of
    products in the format of before December 2016, whose names don't tell the tile. An archive in folders
    by day (layout eodata) is not walked: only the days asked for are listed. Zipped products are unpacked
    when they are fetched.

    Parameters
    ----------
    config: its field `store` is the folder (`cloudrobust.config.sources.SafeSource`).

    Attributes
    ----------
    store: the folder.
    missing: what to do about a product that is damaged, "fail" or "gap".
    missing_offset: offset of products that should list theirs and do not; None refuses them.
    """

    thread_safe = True

    def __init__(self, config: SafeSourceConfig) -> None:
        self.config = config
        self.store, self.missing = Path(config.store), config.missing
        self.missing_offset = config.offset
        if not self.store.is_dir():
            raise InputError(f"source.store: there is no folder {self.store}; name the folder that holds your products")

    @cached_property
    def products(self) -> list[Found]:
        """Every product in the tree, sorted by path."""
        return [found for path in sorted(products_below(self.store)) if (found := _found(path)) is not None]

    def grid(self, tile: str) -> Grid:
        """The grids of a tile: of the first Level-1C product, and those of a Level-2A product that it lacks ("SCL")."""
        geoboxes: dict[str, GeoBox] = {}
        for level in ("L1C", "L2A"):
            first = next((p for p in self._any(level) if (p.tile, p.level) == (tile, level)), None)
            if first is not None:
                scene = SafeScene(self._folder(first), self.missing_offset)
                Grid(tile, geoboxes).check(scene.geoboxes, str(scene.path))
                geoboxes = {**scene.geoboxes, **geoboxes}
        if not geoboxes:
            held = ["others"]  # an archive by days is not listed as a whole
            if self.config.layout == "any":
                held = sorted({p.tile for p in self.products}) or ["no product at all"]
            raise InputError(
                f"{self.store}: holds no product of tile {tile}; it holds {', '.join(held)}: "
                "correct the key tiles, or fetch products of the tile"
            )
        return Grid(tile, geoboxes)

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Products of a tile and level sensed from `start` to `end`, both included, sorted by time, then id."""
        days = [start + timedelta(number) for number in range((end - start).days + 1)]
        products = self.products if self.config.layout == "any" else self._of_days(level, days)
        matching = (p for p in products if (p.tile, p.level) == (tile, level) and start <= p.time.date() <= end)
        return sorted(matching, key=lambda p: (p.time, p.id))

    def fetch(self, found: Found) -> Path:
        """The product's folder, after every image that is read has been verified.

        Raises
        ------
        InputError
            If an image is missing or damaged, or (where the configuration says so) if the numbers contradict the
            stated offset; the sentence names the file.
        """
        path = self._folder(found)
        check_offset(verify(path, self.missing_offset), self.config.offset_check)
        return path

    def footprint(self, found: Found) -> BaseGeometry | None:
        """What a product saw, by its metadata; None if that is damaged."""
        try:
            return read_metadata(find_metadata(self._folder(found)), self.missing_offset).footprint
        except InputError as error:
            logger.warning("%s", error)
            return None

    def _folder(self, found: Found) -> Path:
        """The product's folder; a zipped one is unpacked first."""
        path = _path(found)
        return unpack(path, Path(self.config.unpacked)) if is_zip(path.name) else path

    def _of_days(self, level: str, days: Iterable[date]) -> Iterator[Found]:
        for path in products_of_days(self.store, level, days):
            if (found := _found(path)) is not None:
                yield found

    def _any(self, level: str) -> Iterable[Found]:
        """Products of a level, among others; those of an archive by days from the newest day backwards."""
        if self.config.layout == "any":
            return self.products
        folders = self.store.glob(f"Sentinel-2/MSI/{level}*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
        days = sorted({date(*(int(part) for part in folder.parts[-3:])) for folder in folders}, reverse=True)
        return self._of_days(level, days)


def verify(product: Path, missing_offset: int | None = None) -> SafeScene:
    """Check every image that is read of a product: it has the checksum of the manifest, or else decodes in full.

    Other images (a preview, other resolutions) are not read; one that is missing is logged.

    Returns
    -------
    The product, opened.

    Raises
    ------
    InputError
        About the first image that is missing or damaged.
    """
    scene = SafeScene(product, missing_offset)
    manifest = read_manifest(product)
    listed = [product / f"{image}.jp2" for image in scene.metadata.image_files]
    images = [scene.file(layer) for layer in layer_files(scene.metadata.image_files)]
    for path in listed:
        if path not in images and not path.is_file():
            logger.warning("%s is missing; nothing reads it, so the scene is used", path)
    if scene.cloud_probability_file.is_file():  # not listed among the images, but read as one
        images.append(scene.cloud_probability_file)
    for path in (find_metadata(product), *images):
        if not path.is_file():
            raise jp2.damaged(path, scene.id, "is missing")
        entry = manifest.get(path.relative_to(product).as_posix())
        problem = complaint(product, entry) if entry is not None else None
        if problem is not None:
            raise jp2.damaged(path, scene.id, problem)
        if entry is None and path in images:
            jp2.read_window(path, scene.id)
    return scene


def check_offset(scene: SafeScene, policy: Literal["trust", "warn", "reject"]) -> None:
    """Hold the offset of the metadata against the numbers of the visible bands, decoded at an eighth of their size.

    Raises
    ------
    InputError
        If they contradict each other and `policy` is "reject".
    """
    bands = [band for band in VISIBLE if band in scene.bands]
    if policy == "trust" or not bands:
        return
    darkness = {band: Darkness() for band in bands}
    for band in bands:
        darkness[band].see(jp2.read_small(scene.file(band), scene.id, 8))
    metadata = scene.metadata
    statement = Statement(metadata.offset, metadata.quantification, "metadata")
    suspicion = contradiction(statement, metadata.baseline, darkness)
    if suspicion is None:
        return
    sentence = (
        f"{scene.path}: the metadata states the offset {metadata.offset}, but the numbers look {suspicion}; "
        "fetch the product again, or write source.offset_check: trust if the metadata is right"
    )
    if policy == "reject":
        raise InputError(sentence)
    logger.warning("%s", sentence)


def _path(found: Found) -> Path:
    if found.path is None:
        raise ValueError(f"{found.id} was found elsewhere: it has no path")
    return found.path


def _found(path: Path) -> Found | None:
    """What a product is, from its name where that tells; None, and a line in the log, if it is no Level-1C or 2A."""
    folder = path.absolute()
    name = ProductName.parse(name_of(folder))
    if name is not None:
        return Found(str(name), name.tile, name.level, name.time, name.baseline, name.platform, name.orbit, folder)
    if is_zip(folder.name):
        logger.warning("%s is left out: its name does not tell which product it is", path)
        return None
    try:
        m = read_metadata(find_metadata(folder))
    except InputError as error:
        logger.warning("%s is left out: %s", path, error)
        return None
    return Found(m.id, m.tile, m.level, m.time, m.baseline, m.platform, m.orbit, folder)
