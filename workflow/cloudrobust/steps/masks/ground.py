"""What a mask method looks at: the layers of one acquisition over one piece of ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from ...config.steps import MaskRaster

TYPICAL = {10: "B02", 20: "B8A", 60: "B01"}
"""A band of each resolution in metres, whose grid stands for that resolution."""


@dataclass(frozen=True)
class Found:
    """What a method finds on the mask's grid.

    Attributes
    ----------
    masked
        (y, x) bool, what the method looks for.
    unknown
        (y, x) bool, where there is no data to tell; masked however methods combine, and never grown.
    grown
        Whether `masked` has been grown by the method's `dilate` already.
    """

    masked: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    grown: bool = False


@dataclass(frozen=True)
class Spectra:
    """Reflectance on a grid that may be coarser than the mask's.

    Attributes
    ----------
    values
        (band, y, x) float32, unit 1, NaN where there is no data.
    pixel
        Size of a pixel in metres (y, x).
    geobox
        The grid; None if it is the mask's.
    """

    values: NDArray[np.float32]
    pixel: tuple[float, float]
    geobox: GeoBox | None


class Ground(Protocol):
    """One acquisition over one piece of ground, on the mask's grid.

    Every method raises an InputError if the acquisition has no such layer.
    """

    @property
    def level(self) -> str:
        """Level of the chain that is masked."""
        ...

    @property
    def pixel(self) -> tuple[float, float]:
        """Size of a pixel of the mask in metres (y, x)."""
        ...

    def classification(self) -> NDArray[np.uint8]:
        """(y, x) scene classification of L2A."""
        ...

    def cloud_probability(self) -> NDArray[Any]:
        """(y, x) cloud probability of L2A in percent."""
        ...

    def true_sky(self) -> NDArray[np.uint8]:
        """(y, x, n) classes of the truth in the n finer pixels of each pixel; only the simulator knows them."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the mask."""
        ...

    def beside(self, method: MaskRaster) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        """(y, x) values of the raster that belongs to the acquisition, and where it has data; None without a file."""
        ...

    def spectra(self, bands: Sequence[str], level: str, resolution: int | None = None) -> Spectra:
        """Reflectance of a level on the grid of a resolution in metres, or on the mask's own."""
        ...

    def brought(self, layer: NDArray[np.bool_], spectra: Spectra) -> NDArray[np.bool_]:
        """(y, x) on the mask's grid of a layer on the grid of `spectra`."""
        ...

    def sun(self) -> tuple[float, float]:
        """Zenith and azimuth (from north over east) of the sun in degrees."""
        ...


class Method(Protocol):
    """A module of this folder that works on pixels."""

    def find(self, ground: Ground, method: Any) -> Found:
        """What the method finds."""
        ...

    def reach(self, ground: Ground, method: Any) -> float:
        """Metres from which a pixel can be influenced, besides the growing by `dilate`."""
        ...
