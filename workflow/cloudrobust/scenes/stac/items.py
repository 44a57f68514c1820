"""What a STAC item says about a scene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..failures import SceneFailure
from ..radiometry import Statement, stated_by_baseline, stated_by_flag, stated_by_scale
from ..remote.item import FoundItem
from ..safe.names import STAMP, ProductName
from .presets import Preset

FLAG = "earthsearch:boa_offset_applied"


def read_item(item: Mapping[str, Any], level: str, preset: Preset) -> FoundItem | None:
    """The scene that an item describes; None if it says too little to know."""
    properties = item["properties"]
    for text in (properties.get("s2:product_uri"), item["id"], properties.get("title")):
        name = ProductName.parse(str(text)) if text else None
        if name is not None:
            return FoundItem(
                str(name), name.tile, name.level, name.time, name.baseline, name.platform, name.orbit, None, item
            )
    key, prefix = preset.tile
    tile = str(properties.get(key, "")).removeprefix(prefix)
    baseline = properties.get("s2:processing_baseline") or properties.get("processing:version")
    # GS2B_20220505T100559_026931_N04.00: the datatake's start is in its name
    datatake = re.match(r"GS2[A-Z]_(\d{8}T\d{6})_", str(properties.get("s2:datatake_id", "")))
    if not tile or not baseline or not re.fullmatch(r"\d\d\.\d\d", str(baseline)) or not datatake:
        return None
    time = datetime.strptime(datatake[1], STAMP)
    platform = str(properties.get("platform", "")).upper().replace("SENTINEL-", "S") or None
    orbit = properties.get("sat:relative_orbit")
    return FoundItem(str(item["id"]), tile, level, time, str(baseline), platform, orbit, None, item)


def address(found: FoundItem, asset: str, preset: Preset) -> str:
    """The URL of an asset.

    Raises
    ------
    SceneFailure
        If the item has no such asset, or none that is served over HTTP.
    """
    assets = found.item["assets"]
    if asset not in assets:
        raise SceneFailure(found.id, f"the catalogue's item has no asset {asset!r}; it has {', '.join(sorted(assets))}")
    content = assets[asset]
    href = str(content.get("href", ""))
    if preset.alternate is not None:
        href = str(content.get("alternate", {}).get(preset.alternate, {}).get("href", href))
    if not href.startswith(("http://", "https://")):
        raise SceneFailure(found.id, f"its asset {asset!r} is not served over HTTP, it is {href}")
    return href


def stated_bytes(found: FoundItem, asset: str) -> tuple[bool, int | None]:
    """Whether an asset can only be had whole, as JPEG 2000 files, and its size where the item states it."""
    content = found.item["assets"].get(asset, {})
    whole = "jp2" in f"{content.get('type', '')} {content.get('href', '')}"
    size = content.get("file:size")
    return whole, int(size) if size is not None else None


def stated_checksum(found: FoundItem, asset: str) -> tuple[str, str] | None:
    """Algorithm and checksum of a whole file where the item states one (file extension: a multihash in hex)."""
    value = str(found.item["assets"].get(asset, {}).get("file:checksum", ""))
    # multihash: code of the algorithm, length, digest (https://multiformats.io/multihash)
    for prefix, algorithm in (("d50110", "md5"), ("1220", "sha256"), ("1620", "sha3_256")):
        if value.startswith(prefix):
            return algorithm, value[len(prefix) :].lower()
    return None


def stated_radiometry(found: FoundItem, asset: str, preset: Preset) -> Statement:
    """What the catalogue states about the numbers of an asset.

    Raises
    ------
    SceneFailure
        If it states nothing that is understood.
    """
    properties, content = found.item["properties"], found.item["assets"].get(asset, {})
    if preset.stated == "baseline":
        return stated_by_baseline(found.baseline, "item")
    if preset.stated == "flag":
        if FLAG not in properties:
            # items of before the flag was introduced hold ESA's numbers
            return stated_by_baseline(found.baseline, f"item without {FLAG}")
        return stated_by_flag(bool(properties[FLAG]), found.baseline, FLAG)
    for where in (content, *content.get("raster:bands", ()), *content.get("bands", ())):
        scale = where.get("raster:scale", where.get("scale"))
        if scale is not None and float(scale) > 0:
            offset = where.get("raster:offset", where.get("offset", 0.0))
            return stated_by_scale(float(scale), float(offset), f"asset {asset}")
    raise SceneFailure(found.id, f"the catalogue states no scale and offset for its asset {asset!r}")
