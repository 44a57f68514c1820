"""Products of the simulator as catalogues have them: COGs or JPEG 2000 files, and STAC items about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from shapely.geometry import mapping

from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.safe.metadata import ProductMetadata
from cloudrobust.scenes.safe.scene import SafeScene
from cloudrobust.scenes.stac.presets import PRESETS, layers_of

STYLES = ("plain", "earth-search", "planetary-computer", "cdse")
"""Presets whose catalogue is imitated: names, properties, and where the offset is stated."""


def collection_id(style: str, level: str) -> str:
    """Name of the collection in which a style keeps a level."""
    return f"{style}-{level.lower()}"


def collections() -> list[dict[str, Any]]:
    """Every style's collections."""
    return [
        {
            "type": "Collection", "id": collection_id(style, level), "stac_version": "1.0.0", "license": "other",
            "description": f"{level} as {style} has it", "links": [],
            "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        }
        for style in STYLES
        for level in PRESETS[style].collections
    ]  # fmt: skip


def write_cogs(product: Path, folder: Path) -> dict[str, Path]:
    """Every band, and "SCL", of a product as a COG of its raw numbers, in tiles of 128 x 128 pixels."""
    scene = SafeScene(product)
    files = {}
    for layer in (*scene.bands, *(["SCL"] if scene.level == "L2A" else [])):
        pixels = scene.read_classification() if layer == "SCL" else scene.read_raw(layer)
        files[layer] = write_cog(folder / scene.id / f"{layer}.tif", pixels, scene.geoboxes[layer])
    return files


def write_cog(path: Path, pixels: np.ndarray, geobox: Any, block: int = 128) -> Path:
    """One band as a COG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="COG", width=pixels.shape[1], height=pixels.shape[0], count=1, dtype=pixels.dtype,
        crs=str(geobox.crs), transform=geobox.affine, nodata=0, compress="DEFLATE", predictor=2, blocksize=block,
    ) as image:  # fmt: skip
        image.write(pixels, 1)
    return path


def items(product: Path, files: dict[str, Path], root: Path, url: str, styles: Iterable[str] = STYLES) -> list[Any]:
    """The items of every style about a product whose COGs are `files` and are served below `url` from `root`."""
    metadata = SafeScene(product).metadata
    return [
        item(style, product, metadata, files, root, url)
        for style in styles
        if metadata.level in PRESETS[style].collections
    ]


def item(
    style: str, product: Path, metadata: ProductMetadata, files: dict[str, Path], root: Path, url: str
) -> dict[str, Any]:
    """One item; "cdse" has ESA's own JPEG 2000 files, served over an alternate address, with checksums."""
    preset = PRESETS[style]
    sensed = f"{metadata.time.isoformat()}.000000Z"
    properties: dict[str, Any] = {
        "datetime": sensed,
        "platform": f"sentinel-{metadata.platform[1:].lower()}",
        "eo:cloud_cover": metadata.cloud_cover,
        "sat:relative_orbit": metadata.orbit,
    }
    if style == "plain":
        zenith, azimuth = SafeScene(product).sun()
        properties |= {"view:sun_elevation": 90 - zenith, "view:sun_azimuth": azimuth}
    key, prefix = preset.tile
    properties[key] = f"{prefix}{metadata.tile}"
    identity = metadata.id
    if style == "earth-search":
        identity = f"{metadata.platform}_{metadata.tile}_{metadata.time:%Y%m%d}_0_{metadata.level}"
        properties |= {"s2:product_uri": f"{metadata.id}.SAFE", "earthsearch:boa_offset_applied": False}
    if style == "planetary-computer":
        parts = metadata.id.split("_")
        identity = "_".join([*parts[:3], *parts[4:]])
        properties |= {"s2:product_uri": f"{metadata.id}.SAFE", "s2:processing_baseline": metadata.baseline}
    numbers = {"scale": 1e-4, "offset": metadata.offset * 1e-4}
    assets: dict[str, Any] = {}
    for layer, asset in layers_of(preset, metadata.level).items():
        statement: dict[str, Any] = {}
        if layer in BANDS:
            prefixed = {f"raster:{name}": value for name, value in numbers.items()}
            statement = prefixed if style == "cdse" else {"raster:bands": [numbers]}
        if style == "planetary-computer":
            statement = {}
        if style == "cdse":
            file = SafeScene(product).file(layer)
            digest = hashlib.md5(file.read_bytes()).hexdigest()
            assets[asset] = {
                "href": f"s3://eodata/{file.name}", "type": "image/jp2", "file:checksum": f"d50110{digest}",
                **statement, "alternate": {"https": {"href": f"{url}/{file.relative_to(root)}"}},
            }  # fmt: skip
        else:
            href = f"{url}/{files[layer].relative_to(root)}"
            assets[asset] = {"href": href, "type": "image/tiff; application=geotiff", **statement}
    bounds = list(metadata.footprint.bounds)
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": identity, "collection": collection_id(style, metadata.level),
        "geometry": mapping(metadata.footprint), "bbox": bounds, "properties": properties, "assets": assets,
        "links": [],
    }  # fmt: skip
