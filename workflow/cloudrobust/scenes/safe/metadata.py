"""Product metadata: MTD_MSIL1C.xml and MTD_MSIL2A.xml of every processing baseline.

Elements as in ESA's Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD). The lists of
offsets exist from processing baseline 04.00 on; before it the offset is 0. Products in
the format of before December 2016 are read as well if they hold a single tile.

An element that decides about numbers (quantification, offsets, baseline, level, tile, time, images) must be there,
sane and consistent, or the product is refused in one sentence. One that only describes (orbit) gets a warning.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from lxml import etree
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from ...errors import InputError
from ...log import logger
from ..bands import BANDS
from ..radiometry import offset_of
from .names import ProductName

_LEVELS = {"Level-1C": "L1C", "Level-2A": "L2A", "Level-2Ap": "L2A"}


@dataclass(frozen=True)
class ProductMetadata:
    """What a product says about itself.

    Attributes
    ----------
    id: product name without `.SAFE`.
    level, tile, platform: L1C or L2A, MGRS tile (32UPU), satellite (S2A).
    time: datatake sensing start, naive UTC, to the second as in the product name.
    orbit: relative orbit number.
    baseline: processing baseline, "04.00".
    quantification: digital number of reflectance 1.
    offsets: band to ADD_OFFSET, 0 or negative.
    cloud_cover: percent of the product.
    footprint: polygon in WGS 84 (x longitude, y latitude), in two parts where it crosses 180 degrees.
    image_files: paths of the images relative to the `.SAFE` folder, without `.jp2`, in the file's order.
    """

    id: str
    level: str
    tile: str
    time: datetime
    platform: str
    orbit: int
    baseline: str
    quantification: int
    offsets: dict[str, int]
    cloud_cover: float
    footprint: BaseGeometry
    image_files: tuple[str, ...]

    @property
    def offset(self) -> int:
        """The offset of all bands (that of B02, should a product give them different ones)."""
        return self.offsets["B02"]


def find_metadata(product: str | Path) -> Path:
    """The product metadata file in a `.SAFE` folder.

    Raises
    ------
    InputError
        If there is none.
    """
    folder = Path(product)
    for pattern in ("MTD_MSIL*.xml", "S2?_*_MTD_SAFL*.xml"):
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    raise InputError(f"{folder}: holds no product metadata (MTD_MSIL1C.xml or MTD_MSIL2A.xml); fetch the product again")


QUANTIFICATION = (100, 100_000)
"""Least and greatest digital number of reflectance 1 that is believed; ESA's products have 10000, early ones 1000."""
ORBITS = 143
"""Sentinel-2 repeats after this many orbits, so a relative orbit is 1 to 143."""


def read_metadata(path: str | Path, missing_offset: int | None = None) -> ProductMetadata:
    """Parse a product metadata file.

    Parameters
    ----------
    path: MTD_MSIL1C.xml or MTD_MSIL2A.xml.
    missing_offset: offset of all bands, for a product of baseline 04.00 or later that does not list its offsets.

    Raises
    ------
    InputError
        If the file is missing, is no XML, or an element that decides about numbers is missing or absurd.
    """
    return _Reader(Path(path), missing_offset).product()


class _Reader:
    def __init__(self, path: Path, missing_offset: int | None) -> None:
        self.path, self.missing_offset = path, missing_offset
        # metadata comes from outside: neither entities nor the network may be reached
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            self.root = etree.fromstring(path.read_bytes(), parser)
        except FileNotFoundError:
            raise InputError(f"{path}: the product metadata file is missing; fetch the product again") from None
        except etree.XMLSyntaxError as error:
            raise InputError(f"{path}: is not valid XML ({error.msg}); fetch the product again") from error

    def text(self, *tags: str) -> str:
        """Text of the first element with one of the tags."""
        found = self.optional(*tags)
        if found is None:
            raise InputError(f"{self.path}: has no element {tags[0]}; it is no complete product metadata file")
        return found

    def optional(self, *tags: str) -> str | None:
        for tag in tags:
            element = self.root.find(f".//{tag}")
            if element is not None and element.text and element.text.strip():
                return str(element.text).strip()
        return None

    def number(self, *tags: str) -> float:
        value = self.text(*tags)
        if not math.isfinite(number := _as_float(value)):
            raise InputError(f"{self.path}: {tags[0]} is {value!r}, not a number; fetch the product again")
        return number

    def product(self) -> ProductMetadata:
        identity = self.text("PRODUCT_URI", "PRODUCT_URI_2A", "PRODUCT_URI_1C").removesuffix(".SAFE")
        processing_level = self.text("PROCESSING_LEVEL")
        level = _LEVELS.get(processing_level)
        if level is None:
            raise InputError(
                f"{self.path}: PROCESSING_LEVEL is {processing_level!r}, but only Level-1C and Level-2A are read; "
                "fetch one of these"
            )
        name = ProductName.parse(identity)
        baseline = self._baseline()
        images = self._image_files()
        quantification = self._quantification(level)
        return ProductMetadata(
            id=identity,
            level=level,
            tile=name.tile if name else self._tile_of_granule(),
            time=name.time if name else self._datatake(),
            platform="S" + self.text("SPACECRAFT_NAME").removeprefix("Sentinel-"),
            orbit=self._orbit(name),
            baseline=baseline,
            quantification=quantification,
            offsets=self._offsets("RADIO_ADD_OFFSET" if level == "L1C" else "BOA_ADD_OFFSET", baseline, quantification),
            cloud_cover=self.number("Cloud_Coverage_Assessment"),
            footprint=self._footprint(),
            image_files=images,
        )

    def _baseline(self) -> str:
        value = self.text("PROCESSING_BASELINE")
        if not re.fullmatch(r"\d\d\.\d\d", value):
            raise InputError(f"{self.path}: PROCESSING_BASELINE is {value!r}, not like 05.09; fetch the product again")
        return value

    def _quantification(self, level: str) -> int:
        names_2a = ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE")
        tags = ("QUANTIFICATION_VALUE",) if level == "L1C" else names_2a
        value = self.number(*tags)
        least, greatest = QUANTIFICATION
        if not least <= value <= greatest or value != round(value):
            raise InputError(
                f"{self.path}: {tags[0]} is {value:g}, but reflectance 1 is a whole number from {least} to {greatest} "
                "(ESA's is 10000); fetch the product again"
            )
        return round(value)

    def _orbit(self, name: ProductName | None) -> int:
        """The relative orbit; by the product's name, or 0, where the element is unusable: no number depends on it."""
        value = self.optional("SENSING_ORBIT_NUMBER") or "missing"
        number = _as_float(value)
        if 1 <= number <= ORBITS:
            return int(number)
        orbit = name.orbit if name else 0
        logger.warning("%s: SENSING_ORBIT_NUMBER is %s; orbit %d is recorded", self.path, value, orbit)
        return orbit

    def _datatake(self) -> datetime:
        value = self.text("DATATAKE_SENSING_START")
        try:
            return datetime.fromisoformat(value).replace(microsecond=0, tzinfo=None)
        except ValueError:
            raise InputError(f"{self.path}: DATATAKE_SENSING_START is {value!r}, not a time") from None

    def _offsets(self, tag: str, baseline: str, quantification: int) -> dict[str, int]:
        listed: dict[str, int] = {}
        for element in self.root.iter(tag):
            number, value = element.get("band_id", ""), _as_float(element.text or "")
            # From -1 reflectance to 0: ESA's is -1000, and adding a positive one would darken nothing.
            if number not in _BAND_IDS or not -quantification <= value <= 0:
                raise InputError(
                    f"{self.path}: {tag} of band_id {number!r} is {element.text!r}, but an offset belongs to a band_id "
                    f"from 0 to {len(BANDS) - 1} and lies between -{quantification} and 0; fetch the product again"
                )
            if listed.setdefault(_BAND_IDS[number], round(value)) != round(value):
                raise InputError(f"{self.path}: {tag} of band_id {number!r} has two values; fetch the product again")
        if len(listed) == len(BANDS) or not (listed or offset_of(baseline)):
            offsets = dict.fromkeys(BANDS, 0) | listed
        elif self.missing_offset is not None:
            offsets = dict.fromkeys(BANDS, self.missing_offset) | listed
        else:
            unlisted = ", ".join(band for band in BANDS if band not in listed) if listed else "any band"
            raise InputError(
                f"{self.path}: is of processing baseline {baseline} but lists no {tag} of {unlisted}; fetch the "
                "product again, or write source.offset: -1000 (or 0, if it was subtracted already)"
            )
        if len(set(offsets.values())) > 1:
            logger.warning("%s: bands have different offsets: %s; each band gets its own", self.path, offsets)
        return offsets

    def _granules(self) -> list[etree._Element]:
        return [*self.root.iter("Granule"), *self.root.iter("Granules")]

    def _tile_of_granule(self) -> str:
        """The tile of an old-format product, whose name doesn't tell it."""
        granules = {g.get("granuleIdentifier", "") for g in self._granules()}
        tiles = {m[1] for g in granules if (m := re.search(r"_T(\d{2}[A-Z]{3})(_|$)", g))}
        if len(tiles) != 1:
            raise InputError(
                f"{self.path}: holds {len(tiles)} tiles ({', '.join(sorted(tiles))}), but only products of one tile "
                "are read; fetch the product in the compact format of after December 2016"
            )
        return tiles.pop()

    def _image_files(self) -> tuple[str, ...]:
        files = [str(e.text).strip() for e in self.root.iter("IMAGE_FILE", "IMAGE_FILE_2A") if e.text]
        if not files:  # old format: names only, below the granule's folder
            for granule in self._granules():
                folder = PurePosixPath("GRANULE", granule.get("granuleIdentifier", ""), "IMG_DATA")
                files += [str(folder / str(e.text).strip()) for e in granule.iter("IMAGE_ID") if e.text]
        for file in files:
            # a path from outside must stay inside the product's folder
            if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
                raise InputError(f"{self.path}: IMAGE_FILE {file!r} leads out of the product; don't use this product")
        if not files:
            raise InputError(f"{self.path}: lists no IMAGE_FILE; it is no complete product metadata file")
        return tuple(files)

    def _footprint(self) -> BaseGeometry:
        value = self.text("EXT_POS_LIST")
        numbers = [_as_float(word) for word in value.split()]
        try:
            ring = list(zip(numbers[1::2], numbers[::2], strict=True))
            if all(abs(x) <= 180 and abs(y) <= 90 for x, y in ring):  # not so for NaN
                return split_at_antimeridian(Polygon(ring))
        except ValueError:
            pass
        raise InputError(f"{self.path}: EXT_POS_LIST is no list of positions in degrees; fetch the product again")


_BAND_IDS = {str(number): band for number, band in enumerate(BANDS)}


def _as_float(text: str) -> float:
    """The number that a text is; NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def split_at_antimeridian(polygon: Polygon) -> BaseGeometry:
    """A polygon in degrees; one whose longitudes jump from 180 to -180 becomes two parts that don't."""
    west, _, east, _ = polygon.bounds
    if east - west <= 180:
        return polygon
    unrolled = Polygon([(x % 360, y) for x, y in polygon.exterior.coords])
    left = unrolled.intersection(box(0, -90, 180, 90))
    right = affinity.translate(unrolled.intersection(box(180, -90, 360, 90)), xoff=-360)
    parts = [part for half in (left, right) for part in getattr(half, "geoms", [half]) if part.area > 0]
    return MultiPolygon(parts)
