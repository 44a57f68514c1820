"""The layers of one date of a cube of pixels (…, y, x)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...config.steps import MaskRaster
from ...errors import InputError
from .ground import Spectra

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class CubeGround:
    """`Ground` of one date: variables `classification`, `cloud_probability` (percent), `reflectance`, and
    `sun_zenith` and `sun_azimuth` (degrees) where a method asks for them. All lie on one grid, whatever
    resolution is asked for."""

    date: xr.Dataset
    who: str

    @property
    def level(self) -> str:
        """The level that the cube states, or else the one that its bands tell."""
        stated = self.date.attrs.get("level")
        return str(stated) if stated else "L1C" if "B10" in self._bands else "L2A"

    @property
    def pixel(self) -> tuple[float, float]:
        """Size of a pixel in metres (y, x)."""
        sizes = [float(abs(np.diff(self.date[dim].values[:2])[0])) for dim in ("y", "x") if self.date.sizes[dim] > 1]
        if not sizes:
            raise InputError(f"{self.who}: a cube of one pixel does not tell the pixels' size; use a larger one")
        return sizes[0], sizes[-1]

    @property
    def _bands(self) -> list[str]:
        return [str(band) for band in self.date["band"].values] if "band" in self.date.coords else []

    def _layer(self, name: str) -> xr.DataArray:
        if name not in self.date:
            raise InputError(f"{self.who}: the cube has no variable {name!r}; mask pixels before they are averaged")
        return self.date[name]

    def classification(self) -> NDArray[np.uint8]:
        return self._layer("classification").transpose("y", "x").values

    def cloud_probability(self) -> NDArray[Any]:
        return self._layer("cloud_probability").transpose("y", "x").values

    def true_sky(self) -> NDArray[np.uint8]:
        return self._layer("true_sky").transpose("y", "x").values[..., None]

    @property
    def shape(self) -> tuple[int, int]:
        return self.date.sizes["y"], self.date.sizes["x"]

    def beside(self, method: MaskRaster) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        raise InputError(f"{self.who}: {method.pattern} names files of scenes, and a cube has none; mask scenes")

    def spectra(self, bands: Sequence[str], level: str, resolution: int | None = None) -> Spectra:  # noqa: ARG002
        if self.level != level:
            raise InputError(
                f"{self.who}: needs {level}, and the cube is of {self.level}; mask scenes, or another level"
            )
        missing = [band for band in bands if band not in self._bands]
        if missing:
            raise InputError(f"{self.who}: needs band {missing[0]}, which the cube lacks; keep it")
        values = self._layer("reflectance").sel(band=list(bands)).transpose("band", "y", "x").values
        return Spectra(values.astype(np.float32, copy=False), self.pixel, None)

    def brought(self, layer: NDArray[np.bool_], spectra: Spectra) -> NDArray[np.bool_]:  # noqa: ARG002
        return layer

    def sun(self) -> tuple[float, float]:
        return float(self._layer("sun_zenith")), float(self._layer("sun_azimuth"))
