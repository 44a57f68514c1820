"""Scenes in ESA's SAFE format, read file by file: no driver stands between the JP2 and the numbers."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import numpy as np
from lxml import etree
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...errors import InputError
from ..bands import BAND, bands_of
from ..images import jp2
from ..radiometry import harmonise, shift_of
from .metadata import ProductMetadata, find_metadata, read_metadata

_IMAGE = re.compile(r"_(?P<layer>B\d\d|B8A|SCL)(_(?P<resolution>\d\d)m)?$")


class SafeScene:
    """One product: an acquisition of one tile at one level.

    Nothing but the product metadata is read on opening; each `read` decodes just its window of one
    file, and no file stays open.

    Attributes
    ----------
    path: the `.SAFE` folder.
    missing_offset: offset of all bands, for a product that should list its offsets and does not.
    metadata: what the product says about itself.
    id, level, tile, time, platform, orbit, baseline: from the metadata, see `ProductMetadata`.
    bands: names of the bands that the product holds, in the order of `BANDS`.
    """

    def __init__(self, path: str | Path, missing_offset: int | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise InputError(f"{self.path}: there is no such product folder; fetch the scene again")
        self.metadata: ProductMetadata = read_metadata(find_metadata(self.path), missing_offset)
        self.id, self.level, self.tile = self.metadata.id, self.metadata.level, self.metadata.tile
        self.time, self.platform, self.orbit = self.metadata.time, self.metadata.platform, self.metadata.orbit
        self.baseline = self.metadata.baseline
        self._files = layer_files(self.metadata.image_files)
        self.bands = tuple(band for band in bands_of(self.level) if band in self._files)

    def __repr__(self) -> str:
        return f"SafeScene({str(self.path)!r})"

    @cached_property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The whole grid of each band, and of "SCL" where the product has it, from the files' own georeferencing."""
        return {name: jp2.read_geobox(self.file(name), self.id) for name in (*self.bands, "SCL") if name in self._files}

    def window(self, layer: str) -> Window:
        """The part of the tile that the product holds of a layer: all of it."""
        geobox = self.geoboxes[layer]
        return Window(0, 0, geobox.shape.x, geobox.shape.y)

    def sun(self) -> tuple[float, float]:
        """Mean zenith and azimuth (from north over east) of the sun over the tile in degrees, by the tile metadata.

        Raises
        ------
        InputError
            If the product has no tile metadata, or it does not state the angles.
        """
        granule = self.path / self.metadata.image_files[0].split("/IMG_DATA", 1)[0]
        file = next(iter(sorted([*granule.glob("MTD_TL.xml"), *granule.glob("*_MTD_*_TL_*.xml")])), None)
        if file is None:
            raise InputError(
                f"{granule}: holds no tile metadata (MTD_TL.xml), which tells the sun's angles; fetch it again"
            )
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            sun = etree.fromstring(file.read_bytes(), parser).find(".//Mean_Sun_Angle")
            zenith, azimuth = (float(sun.findtext(tag) or "") for tag in ("ZENITH_ANGLE", "AZIMUTH_ANGLE"))
        except (etree.XMLSyntaxError, AttributeError, TypeError, ValueError):
            raise InputError(f"{file}: states no Mean_Sun_Angle; fetch the product again") from None
        return zenith, azimuth

    def file(self, layer: str) -> Path:
        """The JP2 of a band or of "SCL": native resolution, or the finest that the product has."""
        if layer not in self._files:
            what = "scene classification" if layer == "SCL" else f"band {layer}"
            raise InputError(f"{self.path}: the {self.level} product holds no {what}; it has {', '.join(self._files)}")
        return self.path / f"{self._files[layer]}.jp2"

    def read_raw(self, band: str, window: Window | None = None) -> NDArray[np.uint16]:
        """Digital numbers as the file holds them, uint16 (y, x).

        Parameters
        ----------
        band: B01 ... B12.
        window: in pixels of that band; None for the whole image.

        Raises
        ------
        InputError
            If the file is missing, truncated or corrupt, or if the product lacks the band.
        """
        return jp2.read_window(self.file(band), self.id, window)

    def shift(self, band: str) -> int | None:
        """What makes harmonised digital numbers of raw ones by addition alone; None if it takes more than that."""
        return shift_of(self.metadata.offsets[band], self.metadata.quantification)

    def read(self, band: str, window: Window | None = None) -> np.ma.MaskedArray:
        """Harmonised digital numbers, int32 (y, x), 10000 = reflectance 1, masked where no data or saturated.

        Parameters and errors as in `read_raw`.
        """
        return harmonise(self.read_raw(band, window), self.metadata.offsets[band], self.metadata.quantification)

    def read_classification(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The scene classification of a Level-2A product, uint8 (y, x); window in its own pixels of 20 m."""
        return jp2.read_window(self.file("SCL"), self.id, window)

    def read_cloud_probability(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Sen2Cor's cloud probability in percent, uint8 (y, x); window in pixels of 20 m (the grid of "SCL")."""
        return jp2.read_window(self.cloud_probability_file, self.id, window)

    @property
    def cloud_probability_file(self) -> Path:
        """Path of the cloud probability raster, which the product metadata doesn't list."""
        return self.path / self.metadata.image_files[0].split("/IMG_DATA", 1)[0] / "QI_DATA" / "MSK_CLDPRB_20m.jp2"


def layer_files(image_files: tuple[str, ...]) -> dict[str, str]:
    """The image to read for each layer.

    Level-2A products hold most bands at several resolutions. The native one is taken, so that both
    levels of a tile have the same grids, and the finest where the native one is missing.

    Parameters
    ----------
    image_files: paths without `.jp2`, as the product metadata lists them.

    Returns
    -------
    Band name, or "SCL", to path; in order of bands, other layers (TCI, AOT, WVP) left out.
    """
    order = [*BAND, "SCL"]
    candidates: dict[str, list[tuple[bool, int, str]]] = {}
    for file in image_files:
        match = _IMAGE.search(file)
        if match is None:
            continue
        layer = match["layer"]
        if layer not in order:
            continue
        native = 20 if layer == "SCL" else BAND[layer].resolution
        resolution = int(match["resolution"] or native)
        candidates.setdefault(layer, []).append((resolution != native, resolution, file))
    return {layer: min(candidates[layer])[2] for layer in sorted(candidates, key=order.index)}
