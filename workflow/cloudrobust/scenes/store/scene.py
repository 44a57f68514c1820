"""Scenes that the store keeps as one GeoTIFF for each band, of the window over the parcels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...errors import InputError
from ..area import holds
from ..bands import BANDS, bands_of
from ..cost import Cost, spent
from ..images import geotiff
from ..radiometry import harmonise, shift_of
from ..safe.manifest import file_checksum
from .record import SCENE_FILE, SceneRecord


class StoredScene:
    """One product of which the store holds the part over the parcels.

    It is read like a product in ESA's format (`cloudrobust.scenes.safe.scene.SafeScene`): grids and windows
    are those of the whole tile; to read beyond what is stored is an error.

    Attributes
    ----------
    path: the scene's folder.
    record: what the store knows of it.
    id, level, tile, time, platform, orbit, baseline: as there.
    bands: names of the bands that the scene holds, in the order of `BANDS`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.record = SceneRecord.read(self.path)
        self.id, self.level, self.tile = self.record.id, self.record.level, self.record.tile
        self.time, self.platform, self.orbit = self.record.time, self.record.platform, self.record.orbit
        self.baseline = self.record.baseline
        self.bands = tuple(band for band in bands_of(self.level) if band in self.record.layers)

    def __repr__(self) -> str:
        return f"StoredScene({str(self.path)!r})"

    @property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The whole tile's grid of each band, and of "SCL" where there is one."""
        layers = self.record.layers
        return {name: layers[name].geobox for name in (*BANDS, "SCL") if name in layers}

    def window(self, layer: str) -> Window:
        """The part of the tile that is stored of a layer, in its own pixels."""
        return self._layer(layer).window

    def sun(self) -> tuple[float, float]:
        """Mean zenith and azimuth (from north over east) of the sun over the tile in degrees; see `scenes.sun`.

        Raises
        ------
        InputError
            If the store has not kept them, as before they were.
        """
        told = self.record.source
        if not {"sun_zenith", "sun_azimuth"} <= set(told):
            raise InputError(
                f"{self.path}: does not tell the sun's angles, which shadow by projection needs; delete the folder and "
                "run again, or use by: scl"
            )
        return float(told["sun_zenith"]), float(told["sun_azimuth"])

    def read_raw(self, band: str, window: Window | None = None) -> NDArray[np.uint16]:
        """Digital numbers as the archive holds them, uint16 (y, x).

        Parameters
        ----------
        band: B01 ... B12.
        window: in pixels of the whole tile's grid of that band; None for the whole tile.

        Raises
        ------
        InputError
            If the window reaches beyond what is stored, the file is damaged, or the scene lacks the band.
        """
        return self._read(band, window)

    def shift(self, band: str) -> int | None:
        """What makes harmonised digital numbers of raw ones by addition alone; None if it takes more than that."""
        return shift_of(self.record.offsets[band], self.record.quantification)

    def read(self, band: str, window: Window | None = None) -> np.ma.MaskedArray:
        """Harmonised digital numbers, int32 (y, x), 10000 = reflectance 1, masked where no data or saturated.

        Parameters and errors as in `read_raw`.
        """
        return harmonise(self.read_raw(band, window), self.record.offsets[band], self.record.quantification)

    def read_classification(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The scene classification of a Level-2A scene, uint8 (y, x); window in its own pixels of 20 m."""
        return self._read("SCL", window)

    def read_cloud_probability(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Sen2Cor's cloud probability in percent, uint8 (y, x); window in pixels of 20 m (the grid of "SCL")."""
        return self._read("CLD", window)

    def _layer(self, name: str) -> Any:
        if name not in self.record.layers:
            held = ", ".join(self.record.layers)
            raise InputError(f"{self.path}: the {self.level} scene holds no {name}; it holds {held}")
        return self.record.layers[name]

    def _read(self, name: str, window: Window | None) -> NDArray[Any]:
        layer = self._layer(name)
        height, width = layer.geobox.shape
        asked = Window(0, 0, width, height) if window is None else window
        if not holds(layer.window, asked):
            raise InputError(
                f"{self.path}: {name} was asked for {_span(asked)}, but only {_span(layer.window)} is stored, the part "
                "over the parcels; run the fetch again with more parcels or a larger source.margin"
            )
        inner = Window(asked.col_off - layer.window.col_off, asked.row_off - layer.window.row_off, *_size(asked))
        return geotiff.read(self.path / layer.file, inner)


def is_stored(folder: Path) -> bool:
    """Whether a folder is a scene of this kind."""
    return (folder / SCENE_FILE).is_file()


def describe(folder: Path) -> dict[str, Any]:
    """The row of a month index for a scene in the store, but for the column `file`."""
    record = SceneRecord.read(folder)
    return {
        "id": record.id,
        "tile": record.tile,
        "level": record.level,
        "time": record.time,
        "platform": record.platform,
        "orbit": record.orbit,
        "baseline": record.baseline,
        "quantification": record.quantification,
        "offset": record.offsets["B02"],
        "cloud_cover": record.cloud_cover,
        "bytes": sum(layer.bytes for layer in record.layers.values()),
        "checksum": file_checksum(folder / SCENE_FILE),  # the file holds the checksums of all the others
        "geometry": record.footprint,
    }


def paid(folder: Path) -> Cost | None:
    """What it cost to fetch a scene in the store; None where its record does not say."""
    record = SceneRecord.read(folder)
    return spent(record) if "spent" in record.source else None


def _size(window: Window) -> tuple[int, int]:
    return window.width, window.height


def _span(window: Window) -> str:
    return (
        f"rows {window.row_off} to {window.row_off + window.height} and "
        f"columns {window.col_off} to {window.col_off + window.width}"
    )
