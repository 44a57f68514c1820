"""The simulated archive as a source of scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...config.sources import SimulatorSource
from ...errors import InputError
from ..grid import Grid
from ..safe.names import STAMP
from ..safe.writer import write_product
from ..source import Found
from . import acquisitions, truth
from .acquisitions import Acquisition
from .canopy import load_or_tabulate
from .classification import CLOUDS
from .landscape import TILE, Landscape, geoboxes, make_landscape
from .rendering import Renderer

VERSION = 1
"""Raise it when products of the same configuration come out differently, so that none of an old version is reused."""


class SimulatedArchive:
    """An archive whose products are rendered and written when they are fetched.

    Products of one configuration lie in one folder of the store, beside `truth/` (see `truth`); another seed, size or
    cloudiness gets another folder, so that a change of the configuration never meets old products. Everything is
    written whole or not at all, and depends only on the configuration and the acquisition: processes may fetch at the
    same time and in any order.

    Attributes
    ----------
    store: folder below which everything lies, as configured.
    folder: the folder of this configuration in it.
    """

    thread_safe = False

    def __init__(self, config: SimulatorSource) -> None:
        self.config = config
        self.store = Path(config.store)
        meaning = config.model_dump_json(exclude={"store", "kind"}) + f"v{VERSION}"
        self.folder = self.store / f"seed{config.seed}-{hashlib.sha256(meaning.encode()).hexdigest()[:8]}"

    def grid(self, tile: str) -> Grid:
        """The grids of the tile's bands and of "SCL"."""
        self._check(tile)
        return Grid(tile, geoboxes(self.config.size))

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        """Products of a level sensed from `start` to `end`, both days included."""
        self._check(tile)
        return [self._found(a, level) for a in acquisitions.passes(self.config, start, end)]

    def fetch(self, found: Found) -> Path:
        """The `.SAFE` folder of a product; it is rendered and written where it is missing."""
        product = self.folder / f"{found.id}.SAFE"
        acquisition = acquisitions.at(self.config, found.time)
        path = self.truth_path(found.tile, found.time)
        if not path.is_file():
            truth.write_truth(path, self.renderer.truth(acquisition), geoboxes(self.config.size)["B02"])
        # the writer moves a product here only when it is whole
        return product if product.is_dir() else self._write(acquisition, found.level)

    def truth_path(self, tile: str, time: datetime) -> Path:
        """Where the truth of an acquisition lies once one of its products was fetched; `truth.read_truth` reads it."""
        return self.folder / "truth" / f"{tile}_{time:{STAMP}}.tif"

    def true_ground(self, day: date, bands: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """What the ground reflects on a day at the hour of the passes, without clouds and air: an image a band.

        Returns
        -------
        Reflectance, unit 1, float32 (rows, columns) on the native grid of each of the bands.
        """
        return self.renderer.bare_ground(acquisitions.on(self.config, day), bands)

    @cached_property
    def renderer(self) -> Renderer:
        """What makes the products; the landscape and the canopy table are kept in the store."""
        kept = self.folder / "landscape"
        try:
            landscape = Landscape.load(kept)
        except FileNotFoundError:
            landscape = make_landscape(self.config)
            landscape.save(kept)
        return Renderer(self.config, landscape, load_or_tabulate(self.store))

    def _check(self, tile: str) -> None:
        if tile != TILE:
            raise InputError(
                f"tiles: the simulated landscape lies in tile {TILE}, not in {tile}; write tiles: [{TILE}]"
            )

    def _found(self, acquisition: Acquisition, level: str) -> Found:
        name = acquisitions.name(self.config, acquisition, level)
        path = self.folder / f"{name}.SAFE"
        return Found(
            id=str(name), tile=name.tile, level=level, time=name.time, baseline=name.baseline, platform=name.platform,
            orbit=name.orbit, path=path if path.is_dir() else None,
        )  # fmt: skip

    def _write(self, acquisition: Acquisition, level: str) -> Path:
        name = acquisitions.name(self.config, acquisition, level)
        renderer = self.renderer
        classes = probability = None
        if level == "L2A":
            bands = renderer.level2(acquisition)
            classes, probability = renderer.scene_classification(acquisition)
            cloudy = np.isin(classes, CLOUDS)
        else:
            bands = renderer.level1(acquisition)
            light = renderer.conditions(acquisition).light[20]
            cloudy = light.low + light.high > 0.1
        return write_product(
            self.folder, level=level, tile=name.tile, time=name.time, platform=name.platform, orbit=name.orbit,
            baseline=name.baseline, geoboxes=geoboxes(self.config.size), bands=bands, classification=classes,
            cloud_probability=probability, cloud_cover=round(100 * float(np.mean(cloudy)), 2),
            sun_zenith=acquisition.sun_zenith, sun_azimuth=acquisition.sun_azimuth, processing_time=name.discriminator,
        )  # fmt: skip
