"""What a STAC item says about a scene."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..failures import SceneFailure
from ..radiometry import Statement, stated_by_baseline, stated_by_flag, stated_by_scale
from ..remote.item import FoundItem, mapping, number
from ..safe.names import STAMP, ProductName
from .presets import Preset

FLAG = "earthsearch:boa_offset_applied"


def read_item(item: Mapping[str, Any], level: str, preset: Preset) -> FoundItem | None:
    """The scene that an item describes; None if it says too little to know."""
    properties = mapping(item.get("properties"))
    if not item.get("id"):
        return None
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
    try:
        time = datetime.strptime(datatake[1], STAMP)
    except ValueError:
        return None
    platform = str(properties.get("platform", "")).upper().replace("SENTINEL-", "S") or None
    orbit = number(properties.get("sat:relative_orbit"))
    known = int(orbit) if math.isfinite(orbit) else None
    return FoundItem(str(item["id"]), tile, level, time, str(baseline), platform, known, None, item)


def _asset(found: FoundItem, asset: str) -> Mapping[str, Any]:
    return mapping(mapping(found.item.get("assets")).get(asset))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def address(found: FoundItem, asset: str, preset: Preset) -> str:
    """The URL of an asset.

    Raises
    ------
    SceneFailure
        If the item has no such asset, or none that is served over HTTP.
    """
    assets = mapping(found.item.get("assets"))
    if asset not in assets:
        held = ", ".join(sorted(assets)) or "none"
        raise SceneFailure(found.id, f"the catalogue's item has no asset {asset!r}; it has {held}")
    content = mapping(assets[asset])
    href = str(content.get("href", ""))
    if preset.alternate is not None:
        alternate = mapping(mapping(content.get("alternate")).get(preset.alternate))
        href = str(alternate.get("href", href))
    if not href.startswith(("http://", "https://")):
        raise SceneFailure(found.id, f"its asset {asset!r} is not served over HTTP, it is {href}")
    return href


def stated_bytes(found: FoundItem, asset: str) -> tuple[bool, int | None]:
    """Whether an asset can only be had whole, as JPEG 2000 files, and its size where the item states it."""
    content = _asset(found, asset)
    whole = "jp2" in f"{content.get('type', '')} {content.get('href', '')}"
    size = number(content.get("file:size"))
    return whole, int(size) if math.isfinite(size) and size >= 0 else None


def stated_checksum(found: FoundItem, asset: str) -> tuple[str, str] | None:
    """Algorithm and checksum of a whole file where the item states one (file extension: a multihash in hex)."""
    value = str(_asset(found, asset).get("file:checksum", ""))
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
    properties, content = mapping(found.item.get("properties")), _asset(found, asset)
    if preset.stated == "baseline":
        return stated_by_baseline(found.baseline, "item")
    if preset.stated == "flag":
        if FLAG not in properties:
            # items of before the flag was introduced hold ESA's numbers
            return stated_by_baseline(found.baseline, f"item without {FLAG}")
        return stated_by_flag(bool(properties[FLAG]), found.baseline, FLAG)
    bands = [band for key in ("raster:bands", "bands") for band in _list(content.get(key))]
    for where in map(mapping, (content, *bands)):
        scale = number(where.get("raster:scale", where.get("scale")))
        offset = number(where.get("raster:offset", where.get("offset", 0.0)))
        # Reflectance 1 is a whole number from 100 to 100,000, and the offset is at most one reflectance below zero.
        if 1e-5 <= scale <= 1e-2 and -1 <= offset <= 0:
            return stated_by_scale(scale, offset, f"asset {asset}")
    raise SceneFailure(found.id, f"the catalogue states no scale and offset for its asset {asset!r}")
