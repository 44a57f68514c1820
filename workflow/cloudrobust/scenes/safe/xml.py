"""The XML documents of a SAFE product: product metadata, tile metadata and manifest.

Elements, attributes and their order as in products of ESA's processing baselines 03.01 to 05.09.
What a product of ours cannot have (telemetry, auxiliary files, viewing angles) is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from lxml import etree
from lxml.builder import E, ElementMaker
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from ..bands import BAND
from ..radiometry import NODATA, SATURATED, SCALE
from .names import STAMP, ProductName

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PSD = "https://psd-14.sentinel2.eo.esa.int/PSD/"
_XFDU = "urn:ccsds:schema:xfdu:1"
_SAFE = "http://www.esa.int/safe/sentinel/1.1"
_GML = "http://www.opengis.net/gml"

# Sentinel-2 makes 143 orbits in ten days (ESA, Sentinel-2 User Handbook). A known absolute and relative orbit of
# each satellite, from the real products S2A_MSIL1C_20210908T042701 and S2B_MSIL2A_20220413T150759.
_CYCLE_ORBITS, _CYCLE_DAYS = 143, 10
_ORBITS = {
    "S2A": (datetime(2021, 9, 8, 4, 27, 1), 32448, 133),
    "S2B": (datetime(2022, 4, 13, 15, 7, 59), 26649, 25),
}

# Sen2Cor's names of the scene classes 2 to 11 (Level-2A Algorithm Overview), in percent of what is not class 0
_CLASSES = {
    1: "SATURATED_DEFECTIVE_PIXEL_PERCENTAGE",
    2: "DARK_FEATURES_PERCENTAGE",
    3: "CLOUD_SHADOW_PERCENTAGE",
    4: "VEGETATION_PERCENTAGE",
    5: "NOT_VEGETATED_PERCENTAGE",
    6: "WATER_PERCENTAGE",
    7: "UNCLASSIFIED_PERCENTAGE",
    8: "MEDIUM_PROBA_CLOUDS_PERCENTAGE",
    9: "HIGH_PROBA_CLOUDS_PERCENTAGE",
    10: "THIN_CIRRUS_PERCENTAGE",
    11: "SNOW_ICE_PERCENTAGE",
}


@dataclass(frozen=True)
class Description:
    """What the documents of a product say.

    Attributes
    ----------
    name: the product's name.
    offset: ADD_OFFSET of all bands; 0 writes no list of offsets, as before baseline 04.00.
    image_files: IMAGE_FILE entries, without `.jp2`.
    footprint: (longitude, latitude) pairs of a closed ring.
    sizes: nominal resolution (10, 20, 60) to the grid that it has.
    cloud_cover: percent.
    sun_zenith, sun_azimuth: degrees.
    """

    name: ProductName
    offset: int
    image_files: tuple[str, ...]
    footprint: tuple[tuple[float, float], ...]
    sizes: dict[int, GeoBox]
    cloud_cover: float
    sun_zenith: float
    sun_azimuth: float

    @property
    def absolute_orbit(self) -> int:
        """The absolute orbit nearest in time that has the product's relative orbit."""
        return absolute_orbit(self.name.platform, self.name.time, self.name.orbit)

    @property
    def granule(self) -> str:
        """Name of the granule folder: L1C_T32UPU_A034156_20220105T102411."""
        n = self.name
        return f"{n.level}_T{n.tile}_A{self.absolute_orbit:06d}_{n.time:{STAMP}}"

    @property
    def granule_id(self) -> str:
        """Identifier of the granule in metadata."""
        n = self.name
        return (
            f"{n.platform}_OPER_MSI_{n.level}_TL_2APS_{n.discriminator:{STAMP}}_A{self.absolute_orbit:06d}"
            f"_T{n.tile}_N{n.baseline}"
        )

    @property
    def datastrip_id(self) -> str:
        """Identifier of the datastrip in metadata."""
        n = self.name
        return f"{n.platform}_OPER_MSI_{n.level}_DS_2APS_{n.discriminator:{STAMP}}_S{n.time:{STAMP}}_N{n.baseline}"

    @property
    def long_level(self) -> str:
        """Level-1C or Level-2A."""
        return f"Level-{self.name.level[1:]}"


def absolute_orbit(platform: str, time: datetime, relative: int) -> int:
    """The absolute orbit number nearest to `time` that belongs to a relative orbit (satellites after S2B as S2A)."""
    known, absolute, its_relative = _ORBITS.get(platform, _ORBITS["S2A"])
    passed = (time - known) / timedelta(days=_CYCLE_DAYS) * _CYCLE_ORBITS
    ahead = (relative - its_relative) % _CYCLE_ORBITS
    return max(1, absolute + ahead + _CYCLE_ORBITS * round((passed - ahead) / _CYCLE_ORBITS))


def earth_sun_correction(time: datetime) -> float:
    """U, the inverse square of the distance between Earth and Sun in astronomical units.

    U = 1 / (1 - 0.01673 cos(0.0172 (t - 2)))², t in days since 1950 (ESA, Sentinel-2 Level-1 ATBD,
    reflectance conversion). With noon of 1 January as the origin of t it gives the U of real products
    to ten digits.
    """
    days = (time - datetime(1950, 1, 1, 12)) / timedelta(days=1)
    return 1.0 / (1.0 - 0.01673 * math.cos(0.0172 * (days - 2))) ** 2


def product_metadata(description: Description, classification: NDArray[np.uint8] | None = None) -> bytes:
    """MTD_MSIL1C.xml or MTD_MSIL2A.xml; `classification` gives the shares of scene classes of Level-2A."""
    d, n = description, description.name
    schema = f"{_PSD}User_Product_{d.long_level}.xsd"
    n1 = ElementMaker(namespace=schema, nsmap={"n1": schema, "xsi": _XSI})
    root = n1(
        f"{d.long_level}_User_Product",
        n1.General_Info(_product_info(d), _image_characteristics(d)),
        n1.Geometric_Info(
            E.Product_Footprint(
                E.Product_Footprint(E.Global_Footprint(E.EXT_POS_LIST(_positions(d.footprint, " ")))),
                E.RASTER_CS_TYPE("POINT"),
                E.PIXEL_ORIGIN("1"),
            ),
            E.Coordinate_Reference_System(E.GEO_TABLES("EPSG", version="1"), E.HORIZONTAL_CS_TYPE("GEOGRAPHIC")),
        ),
        n1.Quality_Indicators_Info(
            E.Cloud_Coverage_Assessment(repr(float(d.cloud_cover))),
            E.Technical_Quality_Assessment(E.DEGRADED_ANC_DATA_PERCENTAGE("0.0"), E.DEGRADED_MSI_DATA_PERCENTAGE("0")),
            *([_content(classification)] if n.level == "L2A" and classification is not None else []),
        ),
    )
    return _document(root, f"{schema} {schema}")


def _product_info(d: Description) -> Any:
    n = d.name
    sensed = f"{n.time:%Y-%m-%dT%H:%M:%S}.000Z"
    return E.Product_Info(
        E.PRODUCT_START_TIME(sensed),
        E.PRODUCT_STOP_TIME(sensed),
        E.PRODUCT_URI(f"{n}.SAFE"),
        E.PROCESSING_LEVEL(d.long_level),
        E.PRODUCT_TYPE(f"S2MSI{n.level[1:]}"),
        E.PROCESSING_BASELINE(n.baseline),
        E.GENERATION_TIME(f"{n.discriminator:%Y-%m-%dT%H:%M:%S}.000000Z"),
        E.PREVIEW_IMAGE_URL("Not applicable"),
        E.PREVIEW_GEO_INFO("Not applicable"),
        E.Datatake(
            E.SPACECRAFT_NAME(f"Sentinel-{n.platform[1:]}"),
            E.DATATAKE_TYPE("INS-NOBS"),
            E.DATATAKE_SENSING_START(sensed),
            E.SENSING_ORBIT_NUMBER(str(n.orbit)),
            E.SENSING_ORBIT_DIRECTION("DESCENDING"),
            datatakeIdentifier=f"G{n.platform}_{n.time:{STAMP}}_{d.absolute_orbit:06d}_N{n.baseline}",
        ),
        E.Query_Options(E.PRODUCT_FORMAT("SAFE_COMPACT"), completeSingleTile="true"),
        E.Product_Organisation(
            E.Granule_List(
                E.Granule(
                    *(E.IMAGE_FILE(file) for file in d.image_files),
                    datastripIdentifier=d.datastrip_id,
                    granuleIdentifier=d.granule_id,
                    imageFormat="JPEG2000",
                )
            )
        ),
    )


def _image_characteristics(d: Description) -> Any:
    level = d.name.level
    if level == "L1C":
        quantification = E.QUANTIFICATION_VALUE(str(SCALE), unit="none")
        offsets, offset = "Radiometric_Offset_List", "RADIO_ADD_OFFSET"
    else:
        quantification = E.QUANTIFICATION_VALUES_LIST(
            E.BOA_QUANTIFICATION_VALUE(str(SCALE), unit="none"),
            E.AOT_QUANTIFICATION_VALUE("1000.0", unit="none"),
            E.WVP_QUANTIFICATION_VALUE("1000.0", unit="cm"),
        )
        offsets, offset = "BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET"
    return E.Product_Image_Characteristics(
        *(
            E.Special_Values(E.SPECIAL_VALUE_TEXT(text), E.SPECIAL_VALUE_INDEX(str(value)))
            for text, value in (("NODATA", NODATA), ("SATURATED", SATURATED))
        ),
        E.Image_Display_Order(E.RED_CHANNEL("3"), E.GREEN_CHANNEL("2"), E.BLUE_CHANNEL("1")),
        quantification,
        *([E(offsets, *(E(offset, str(d.offset), band_id=str(b.band_id)) for b in BAND.values()))] if d.offset else []),
        E.Reflectance_Conversion(
            E.U(repr(earth_sun_correction(d.name.time))),
            E.Solar_Irradiance_List(
                *(E.SOLAR_IRRADIANCE(f"{b.irradiance:g}", bandId=str(b.band_id), unit="W/m²/µm") for b in BAND.values())
            ),
        ),
        E.Spectral_Information_List(
            *(
                E.Spectral_Information(
                    E.RESOLUTION(str(b.resolution)),
                    E.Wavelength(
                        E.MIN(str(b.limits[0]), unit="nm"),
                        E.MAX(str(b.limits[1]), unit="nm"),
                        E.CENTRAL(f"{b.wavelength:g}", unit="nm"),
                    ),
                    bandId=str(b.band_id),
                    physicalBand=b.physical,
                )
                for b in BAND.values()
            )
        ),
        *([E.REFERENCE_BAND("3")] if level == "L1C" else []),
    )


def _content(classification: NDArray[np.uint8]) -> Any:
    counts = np.bincount(classification.ravel(), minlength=12)
    measured = max(1, int(counts[1:].sum()))
    return E.Image_Content_QI(
        E.NODATA_PIXEL_PERCENTAGE(f"{100 * counts[0] / max(1, counts.sum()):.6f}"),
        *(E(name, f"{100 * counts[number] / measured:.6f}") for number, name in _CLASSES.items()),
    )


def tile_metadata(description: Description) -> bytes:
    """MTD_TL.xml: the tile's grids and the sun's position."""
    d, n = description, description.name
    schema = f"{_PSD}S2_PDI_{d.long_level}_Tile_Metadata.xsd"
    n1 = ElementMaker(namespace=schema, nsmap={"n1": schema, "xsi": _XSI})
    crs = next(iter(d.sizes.values())).crs
    epsg = crs.epsg if crs is not None else None
    if epsg is None:
        raise ValueError(f"the grid's CRS has no EPSG code: {crs}")
    zone = f"{epsg % 100}{'N' if epsg // 100 == 326 else 'S'}"
    root = n1(
        f"{d.long_level}_Tile_ID",
        n1.General_Info(
            E.TILE_ID(d.granule_id, metadataLevel="Brief"),
            E.DATASTRIP_ID(d.datastrip_id, metadataLevel="Standard"),
            E.DOWNLINK_PRIORITY("NOMINAL", metadataLevel="Standard"),
            E.SENSING_TIME(f"{n.time:%Y-%m-%dT%H:%M:%S}.000000Z", metadataLevel="Standard"),
        ),
        n1.Geometric_Info(
            E.Tile_Geocoding(
                E.HORIZONTAL_CS_NAME(f"WGS84 / UTM zone {zone}"),
                E.HORIZONTAL_CS_CODE(f"EPSG:{epsg}"),
                *(
                    E.Size(E.NROWS(str(box.shape[0])), E.NCOLS(str(box.shape[1])), resolution=str(resolution))
                    for resolution, box in d.sizes.items()
                ),
                *(
                    E.Geoposition(
                        E.ULX(_number(box.affine.c)),
                        E.ULY(_number(box.affine.f)),
                        E.XDIM(_number(box.affine.a)),
                        E.YDIM(_number(box.affine.e)),
                        resolution=str(resolution),
                    )
                    for resolution, box in d.sizes.items()
                ),
                metadataLevel="Brief",
            ),
            E.Tile_Angles(
                E.Mean_Sun_Angle(
                    E.ZENITH_ANGLE(repr(float(d.sun_zenith)), unit="deg"),
                    E.AZIMUTH_ANGLE(repr(float(d.sun_azimuth)), unit="deg"),
                ),
                metadataLevel="Standard",
            ),
        ),
        n1.Quality_Indicators_Info(
            E.Image_Content_QI(
                E.CLOUDY_PIXEL_PERCENTAGE(repr(float(d.cloud_cover))), E.DEGRADED_MSI_DATA_PERCENTAGE("0")
            ),
            metadataLevel="Standard",
        ),
    )
    return _document(root, f"{schema} {schema}")


def manifest(description: Description, files: Sequence[tuple[str, int, str]]) -> bytes:
    """manifest.safe.

    Parameters
    ----------
    description: the product.
    files: relative path, size in bytes and MD5 checksum of every other file of the product.
    """
    d, n = description, description.name
    spaces: Mapping[str, str] = {"xfdu": _XFDU, "gml": _GML, "safe": _SAFE}
    xfdu = ElementMaker(namespace=_XFDU, nsmap=dict(spaces))
    safe = ElementMaker(namespace=_SAFE, nsmap=dict(spaces))
    gml = ElementMaker(namespace=_GML, nsmap=dict(spaces))
    ids = {path: path.rsplit(".", 1)[0].rsplit("/", 1)[-1] + "_Data" for path, _, _ in files}
    sensed = f"{n.time:%Y-%m-%dT%H:%M:%S}.000Z"

    def described(identity: str, text: str, content: Any) -> Any:
        return E.metadataObject(
            E.metadataWrap(E.xmlData(content), mimeType="text/xml", vocabularyName="SAFE", textInfo=text),
            ID=identity,
            classification="DESCRIPTION",
            category="DMD",
        )

    root = xfdu.XFDU(
        E.informationPackageMap(
            xfdu.contentUnit(
                *(
                    xfdu.contentUnit(
                        E.dataObjectPointer(dataObjectID=ids[path]),
                        ID=ids[path].removesuffix("_Data") + "_Unit",
                        unitType="Metadata Unit" if path.endswith(".xml") else "Measurement Data Unit",
                    )
                    for path, _, _ in files
                ),
                unitType=f"Product_{d.long_level}",
                textInfo=f"SENTINEL-2 MSI {d.long_level} User Product",
                dmdID="acquisitionPeriod platform measurementOrbitReference measurementFrameSet",
            )
        ),
        E.metadataSection(
            described("acquisitionPeriod", "Acquisition Period", safe.acquisitionPeriod(safe.startTime(sensed))),
            described(
                "platform",
                "Platform Description",
                safe.platform(
                    safe.familyName("SENTINEL"),
                    safe.number(n.platform[1:]),
                    safe.instrument(safe.familyName("Multi-Spectral Instrument", abbreviation="MSI")),
                ),
            ),
            described(
                "measurementOrbitReference",
                "Orbit Reference",
                safe.orbitReference(
                    safe.orbitNumber(str(d.absolute_orbit), type="start"),
                    safe.relativeOrbitNumber(str(n.orbit), type="start"),
                ),
            ),
            described(
                "measurementFrameSet",
                "Frame Set",
                safe.frameSet(
                    safe.footPrint(
                        gml.coordinates(_positions(d.footprint, " ")),
                        srsName="http://www.opengis.net/gml/srs/epsg.xml#4326",
                    )
                ),
            ),
        ),
        E.dataObjectSection(
            *(
                E.dataObject(
                    E.byteStream(
                        E.fileLocation(locatorType="URL", href=f"./{path}"),
                        E.checksum(checksum, checksumName="MD5"),
                        mimeType="text/xml" if path.endswith(".xml") else "application/octet-stream",
                        size=str(size),
                    ),
                    ID=ids[path],
                )
                for path, size, checksum in files
            )
        ),
        version=f"esa/safe/sentinel/1.1/sentinel-2/msi/archive_{n.level.lower()}_user_product",
    )
    return _document(root, None)


def _positions(ring: Sequence[tuple[float, float]], separator: str) -> str:
    """Latitude before longitude, as in ESA's products."""
    return separator.join(f"{latitude!r} {longitude!r}" for longitude, latitude in ring)


def _number(value: float) -> str:
    """Whole numbers without a decimal point, as ESA writes them; else every digit."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _document(root: Any, schema: str | None) -> bytes:
    if schema is not None:
        root.set(f"{{{_XSI}}}schemaLocation", schema)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=False, pretty_print=True)
    return content
