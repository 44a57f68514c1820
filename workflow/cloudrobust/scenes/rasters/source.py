"""A folder of GeoTIFFs from elsewhere as a source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

from odc.geo.geobox import GeoBox

from ...config import file_names
from ...config.sources import SKIPPED, RastersSource
from ...errors import InputError
from ...log import logger
from ..bands import BANDS
from ..failures import SceneFailure
from ..grid import Grid
from ..source import Found
from . import images
from .scene import RasterScene, Record

LAYERS = (*BANDS, "SCL")


class RasterSource:
    """All files of a folder whose names fit the template; files of one time, level and tile are one scene.

    Nothing is copied: `fetch` verifies the files and writes a small record of where the bands lie.

    Parameters
    ----------
    config: see `cloudrobust.config.sources.RastersSource`.

    Attributes
    ----------
    store: the folder.
    missing: what to do about a scene that is damaged or lacks a band, "fail" or "gap".
    """

    thread_safe = True

    def __init__(self, config: RastersSource) -> None:
        self.config = config
        self.store, self.missing = Path(config.store), config.missing
        if not self.store.is_dir():
            raise InputError(f"source.store: there is no folder {self.store}; name the folder that holds your files")
        self._grids: dict[str, Grid] = {}

    @cached_property
    def scenes(self) -> dict[str, tuple[Found, tuple[file_names.Named, ...]]]:
        """Every scene by its id, with its files, sorted by id.

        Raises
        ------
        InputError
            If no file fits, or two are of the same time, level, tile and band.
        """
        try:
            named = file_names.files(self.store, self.config.pattern)
        except ValueError as error:
            raise InputError(str(error)) from None
        if not named:
            others = sorted(path.name for path in self.store.iterdir())
            held = f"it holds {', '.join(others[:3])}{' …' if len(others) > 3 else ''}" if others else "it is empty"
            raise InputError(f"source.pattern: no file of {self.store} fits {self.config.pattern!r}; {held}")
        scenes: dict[str, list[file_names.Named]] = {}
        for file in named:
            if file.band is None or self._wanted(file):
                tile, level = file.tile or self.config.tile, file.level or self.config.level
                scenes.setdefault(f"{level}_{tile}_{file.time:%Y%m%dT%H%M%S}", []).append(file)
        found = {}
        for name, files in sorted(scenes.items()):
            _check_once(files)
            level, tile, _ = name.split("_")
            found[name] = (Found(name, tile, level, files[0].time, "00.00"), tuple(files))
        return found

    def grid(self, tile: str) -> Grid:
        """The grids of a tile: those of its first scene of Level-1C, and of Level-2A what that lacks."""
        if tile not in self._grids:
            geoboxes: dict[str, GeoBox] = {}
            for level in ("L1C", "L2A"):
                first = next((n for n, (f, _) in self.scenes.items() if (f.tile, f.level) == (tile, level)), None)
                if first is not None:
                    scene = self._scene(first)
                    Grid(tile, geoboxes).check(scene.geoboxes, str(scene.files[0]))
                    geoboxes = {**scene.geoboxes, **geoboxes}
            if not geoboxes:
                held = ", ".join(sorted({found.tile for found, _ in self.scenes.values()}))
                raise InputError(f"{self.store}: holds no file of tile {tile}, only of {held}: correct the key tiles")
            self._grids[tile] = Grid(tile, geoboxes)
        return self._grids[tile]

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Scenes of a tile and level from `start` to `end`, both included, sorted by time."""
        return [
            found
            for found, _ in self.scenes.values()
            if (found.tile, found.level) == (tile, level) and start <= found.time.date() <= end
        ]

    def fetch(self, found: Found) -> Path:
        """The record of a scene, after every pixel of its files has been decoded.

        Raises
        ------
        SceneFailure
            If a file is damaged, the scene lacks a band that others have, or it lies on another grid.
        """
        try:
            scene = self._scene(found.id)
            for file in scene.files:
                images.verify(file)
            self._check_bands(scene)
            self.grid(found.tile).check(scene.geoboxes, " and ".join(str(file) for file in scene.files[:2]))
        except InputError as error:
            raise SceneFailure(found.id, str(error)) from error
        return scene.path

    def _check_bands(self, scene: RasterScene) -> None:
        """Every band that the scenes of this tile and level have must be in this one."""
        first = next(
            name for name, (f, _) in self.scenes.items() if (f.tile, f.level) == (scene.tile, scene.level)
        )  # fmt: skip
        wanted = [band for band in self.config.bands or self._layers(first) if band != SKIPPED]
        lacking = [band for band in wanted if band not in scene.record.layers]
        if lacking:
            raise InputError(
                f"{scene.files[0]}: the scene lacks {' and '.join(lacking)}; add it, or leave it out of source.bands"
            )

    def _scene(self, name: str) -> RasterScene:
        found, _ = self.scenes[name]
        config = self.config
        record = Record(
            found.id, found.tile, found.level, found.time.isoformat(), self._layers(name), config.scale, config.offset,
            config.nodata,
        )  # fmt: skip
        # A folder for each way of reading: two studies may read the same files differently.
        own = hashlib.sha256(f"{config.store.absolute()} {config.canonical()}".encode()).hexdigest()[:12]
        return RasterScene(record.write(Path(config.records) / own))

    def _layers(self, name: str) -> dict[str, tuple[str, int]]:
        """File and number of each layer of a scene, in the order of bands."""
        layers: dict[str, tuple[str, int]] = {}
        _, files = self.scenes[name]
        for file in files:
            path = file.path.absolute()
            with images.opened(path) as image:
                held = self._named(path, file.band, image.count, image.descriptions)
            layers |= {layer: (str(path), number) for number, layer in enumerate(held, 1) if layer in LAYERS}
        if not any(band in layers for band in BANDS):
            raise InputError(
                f"{files[0].path}: neither its name nor its bands' descriptions tell a band; name them in source.bands"
            )
        return {layer: layers[layer] for layer in LAYERS if layer in layers}

    def _named(self, path: Path, band: str | None, count: int, descriptions: Sequence[str | None]) -> list[str]:
        """Names of the bands of a file, in their order."""
        if band is not None:
            if count != 1:
                raise InputError(
                    f"{path}: its name tells one band and it has {count}; take {{band}} out of source.pattern and name "
                    "them in source.bands"
                )
            return [band_name(band)]
        if self.config.bands is None:
            return [band_name(description or "") for description in descriptions]
        if count != len(self.config.bands):
            raise InputError(
                f"{path}: has {count} bands, and source.bands names {len(self.config.bands)}; write - for one that is "
                "not to be read"
            )
        return list(self.config.bands)

    def _wanted(self, file: file_names.Named) -> bool:
        name = band_name(file.band or "")
        wanted = name in (self.config.bands or LAYERS)
        if not wanted:
            logger.info("%s is not read: %s is no band that is asked for", file.path, file.band)
        return wanted


def band_name(word: str) -> str:
    """The name of a band however it is written: B2, b02 and B02 are B02; other words stay."""
    match = re.fullmatch(r"B0?(\d|1[0-2])", word.upper())
    return f"B{int(match[1]):02d}" if match else word.upper()


def _check_once(files: Sequence[file_names.Named]) -> None:
    seen: dict[str | None, Path] = {}
    for file in files:
        band = None if file.band is None else band_name(file.band)
        if band in seen:
            what = "time and level" if band is None else f"time, level and band {band}"
            raise InputError(
                f"{seen[band]} and {file.path} are of one {what}; remove one, merge them, or tell them apart in "
                "source.pattern"
            )
        seen[band] = file.path
