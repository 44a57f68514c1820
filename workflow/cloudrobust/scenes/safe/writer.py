"""Writing real `.SAFE` products in the compact format: what the simulator and the tests put into an archive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from ...atomic import atomic
from ..bands import BAND, bands_of
from ..images import jp2
from ..radiometry import encode, offset_of
from .manifest import file_checksum
from .names import STAMP, ProductName
from .xml import Description, manifest, product_metadata, tile_metadata


def write_product(
    folder: str | Path,
    *,
    level: str,
    tile: str,
    time: datetime | np.datetime64,
    platform: str,
    orbit: int,
    baseline: str,
    geoboxes: Mapping[str, GeoBox],
    bands: Mapping[str, NDArray[Any] | np.ma.MaskedArray],
    classification: NDArray[np.uint8] | None = None,
    cloud_probability: NDArray[np.uint8] | None = None,
    cloud_cover: float = 0.0,
    nodata: Mapping[str, NDArray[np.bool_]] | None = None,
    sun_zenith: float = 40.0,
    sun_azimuth: float = 160.0,
    processing_time: datetime | np.datetime64 | None = None,
    threads: int = 1,
) -> Path:
    """Write one product; it appears whole or not at all, and replaces one of the same name.

    Parameters
    ----------
    folder: where the `.SAFE` folder shall stand.
    level: L1C or L2A.
    tile, platform, orbit, baseline: 32UPU, S2A, relative orbit number, "04.00".
    time: datatake sensing start, UTC; cut to the second.
    geoboxes: grid of every band to write, and of "SCL" with a classification or cloud probability.
    bands: band to harmonised digital numbers, integers (y, x), 10000 = reflectance 1. Masked pixels become
        no data. From baseline 04.00 on the raw numbers carry +1000, as in ESA's products; they are clipped to
        1..65534.
    classification: scene classification (Level-2A), uint8 on the grid "SCL".
    cloud_probability: percent (Level-2A), uint8 on the grid "SCL".
    cloud_cover: percent, for the metadata.
    nodata: band to true where there is no measurement, in place of or beside a masked array.
    sun_zenith, sun_azimuth: degrees, for the tile metadata.
    processing_time: generation time in the name; by default six hours after sensing.
    threads: threads of the JPEG 2000 encoder.

    Returns
    -------
    Path of the `.SAFE` folder.

    Raises
    ------
    ValueError
        If a band does not belong to the level, or arrays and grids do not fit.
    """
    sensed = _utc(time)
    name = ProductName(
        platform=platform,
        level=level,
        time=sensed,
        baseline=baseline,
        orbit=orbit,
        tile=tile,
        discriminator=_utc(processing_time) if processing_time is not None else sensed + timedelta(hours=6),
    )
    if ProductName.parse(str(name)) != name:
        raise ValueError(f"{name} is no valid product name; check platform, level, baseline, orbit and tile")
    foreign = set(bands) - set(bands_of(level))
    if foreign or not bands:
        raise ValueError(f"{level} holds {', '.join(bands_of(level))}; not {', '.join(sorted(foreign)) or 'no band'}")
    if level != "L2A" and (classification is not None or cloud_probability is not None):
        raise ValueError("only Level-2A products have a scene classification and a cloud probability")

    offset = offset_of(baseline)
    order = [band for band in BAND if band in bands]
    layers = [*order, "SCL"] if classification is not None else order
    description = Description(
        name=name,
        offset=offset,
        image_files=(),
        footprint=_ring(geoboxes[order[0]]),
        sizes=_sizes({layer: geoboxes[layer] for layer in order}),
        cloud_cover=cloud_cover,
        sun_zenith=sun_zenith,
        sun_azimuth=sun_azimuth,
    )
    granule = f"GRANULE/{description.granule}"
    files = {layer: f"{granule}/IMG_DATA/{_image_name(name, layer)}" for layer in layers}
    description = Description(**{**vars(description), "image_files": tuple(files.values())})

    product = Path(folder) / f"{name}.SAFE"
    with atomic(product) as part:
        for band in order:
            target = part / f"{files[band]}.jp2"
            target.parent.mkdir(parents=True, exist_ok=True)
            raw = encode(bands[band], offset, None if nodata is None else nodata.get(band))
            jp2.write_image(target, raw, geoboxes[band], threads)
        if classification is not None:
            target = part / f"{files['SCL']}.jp2"
            target.parent.mkdir(parents=True, exist_ok=True)
            jp2.write_image(target, _uint8(classification, "classification"), geoboxes["SCL"], threads)
        if cloud_probability is not None:
            target = part / granule / "QI_DATA" / "MSK_CLDPRB_20m.jp2"
            target.parent.mkdir(parents=True, exist_ok=True)
            jp2.write_image(target, _uint8(cloud_probability, "cloud_probability"), geoboxes["SCL"], threads)
        (part / granule / "MTD_TL.xml").write_bytes(tile_metadata(description))
        (part / f"MTD_MSI{level}.xml").write_bytes(product_metadata(description, classification))
        entries = [
            (str(file.relative_to(part).as_posix()), file.stat().st_size, file_checksum(file))
            for file in sorted(part.rglob("*"))
            if file.is_file()
        ]
        (part / "manifest.safe").write_bytes(manifest(description, entries))
    return product


def _utc(time: datetime | np.datetime64) -> datetime:
    """Naive UTC, cut to the second."""
    if isinstance(time, np.datetime64):
        moment: datetime = time.astype("datetime64[s]").item()
        return moment
    naive = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    # a pandas Timestamp is a datetime, too, but not one that compares equal after parsing a name
    return datetime(naive.year, naive.month, naive.day, naive.hour, naive.minute, naive.second)


def _image_name(name: ProductName, layer: str) -> str:
    stem = f"T{name.tile}_{name.time:{STAMP}}_{layer}"
    if name.level == "L1C":
        return stem
    resolution = 20 if layer == "SCL" else BAND[layer].resolution
    return f"R{resolution}m/{stem}_{resolution}m"


def _sizes(geoboxes: Mapping[str, GeoBox]) -> dict[int, GeoBox]:
    """The grid of each nominal resolution.

    The tile metadata has room for one grid at each of 10, 20 and 60 m, and readers expect all three. A
    resolution of which no band is written gets that of the finest grid, coarsened over the same extent.
    """
    sizes: dict[int, GeoBox] = {}
    for band in sorted(geoboxes, key=lambda b: BAND[b].resolution):
        known = sizes.setdefault(BAND[band].resolution, geoboxes[band])
        if known != geoboxes[band]:
            raise ValueError(f"bands of {BAND[band].resolution} m must share one grid; {band} has another")
    finest = min(sizes)
    for resolution in (10, 20, 60):
        if resolution not in sizes:
            sizes[resolution] = sizes[finest].zoom_out(resolution / finest)
    return dict(sorted(sizes.items()))


def _ring(geobox: GeoBox) -> tuple[tuple[float, float], ...]:
    """Corners of the grid as a closed ring of (longitude, latitude)."""
    transformer = Transformer.from_crs(str(geobox.crs), "EPSG:4326", always_xy=True)
    corners = transformer.itransform(geobox.extent.geom.exterior.coords)
    return tuple((float(x), float(y)) for x, y in corners)


def _uint8(values: NDArray[Any], what: str) -> NDArray[np.uint8]:
    if values.dtype != np.uint8:
        raise ValueError(f"{what} must be uint8, not {values.dtype}")
    return values
