"""What every opened scene offers, whatever it is kept as."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from rasterio.windows import Window


class Scene(Protocol):
    """One acquisition of one tile at one level.

    Attributes
    ----------
    path: where it lies.
    id, level, tile, time, platform, orbit, baseline: from its metadata.
    bands: names of the bands that it holds, in the order of `BANDS`.
    """

    path: Path
    id: str
    level: str
    tile: str
    time: dt.datetime
    platform: str
    orbit: int
    baseline: str
    bands: tuple[str, ...]

    @property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The whole tile's grid of each band, and of "SCL" where there is one."""

    def window(self, layer: str) -> Window:
        """The part of the tile that can be read of a layer."""

    def sun(self) -> tuple[float, float]:
        """Mean zenith and azimuth (from north over east) of the sun in degrees."""

    def read(self, band: str, window: Window | None = None) -> np.ma.MaskedArray:
        """Harmonised digital numbers, int32 (y, x), 10000 = reflectance 1, masked where no data or saturated."""

    def shift(self, band: str) -> int | None:
        """What makes harmonised digital numbers of raw ones by addition alone; None if it takes more than that."""

    def read_raw(self, band: str, window: Window | None = None) -> NDArray[np.uint16]:
        """Digital numbers as the files hold them, uint16 (y, x); only those of a band with a `shift`."""

    def read_classification(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The scene classification, uint8 (y, x); window in its own pixels of 20 m."""

    def read_cloud_probability(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Sen2Cor's cloud probability in percent, uint8 (y, x); window in pixels of 20 m."""
