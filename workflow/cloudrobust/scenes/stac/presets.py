"""What differs from catalogue to catalogue.

Earth Search v1 (Element 84), Planetary Computer (Microsoft) and the Copernicus Data Space's STAC API, by
their items and documentation. None of the first two has Level-1C files that are served without an account
at a cloud provider; the Copernicus Data Space has.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ...config.sources import StacSource
from ...errors import InputError
from ..bands import BANDS, bands_of

Stated = Literal["flag", "raster", "baseline"]


@dataclass(frozen=True)
class Preset:
    """A catalogue's names and habits.

    Attributes
    ----------
    url: of the API.
    collections: level to collection.
    assets: level to layer (band, or "SCL") to asset.
    tile: the property that names the MGRS tile, and what stands before the name there.
    stated: where the offset is stated. flag: `earthsearch:boa_offset_applied`; raster: scale and offset
        of the asset in the raster extension; baseline: nowhere, the numbers are ESA's.
    access: who grants access to the files: nobody needs to, a signature, or a token.
    token_url: where.
    """

    url: str
    collections: dict[str, str]
    assets: dict[str, dict[str, str]]
    tile: tuple[str, str]
    stated: Stated
    access: Literal["public", "sas", "oidc"] = "public"
    token_url: str = ""
    alternate: str | None = field(default=None)


_COMMON_NAMES = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2",
    "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B09": "nir09", "B11": "swir16", "B12": "swir22", "SCL": "scl",
}  # fmt: skip
_PLAIN = {name: name for name in (*BANDS, "SCL")}
_NATIVE = {
    **dict.fromkeys(("B01", "B09", "B10"), 60),
    **dict.fromkeys(("B02", "B03", "B04", "B08"), 10),
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12", "SCL"), 20),
}

PRESETS: dict[str, Preset] = {
    "earth-search": Preset(
        "https://earth-search.aws.element84.com/v1",
        {"L2A": "sentinel-2-l2a"},
        {"L2A": _COMMON_NAMES},
        ("grid:code", "MGRS-"),
        "flag",
    ),
    "earth-search-c1": Preset(
        "https://earth-search.aws.element84.com/v1",
        {"L2A": "sentinel-2-c1-l2a"},
        {"L2A": _COMMON_NAMES},
        ("grid:code", "MGRS-"),
        "raster",
    ),
    "planetary-computer": Preset(
        "https://planetarycomputer.microsoft.com/api/stac/v1",
        {"L2A": "sentinel-2-l2a"},
        {"L2A": _PLAIN},
        ("s2:mgrs_tile", ""),
        "baseline",
        "sas",
        "https://planetarycomputer.microsoft.com/api/sas/v1/token",
    ),
    "cdse": Preset(
        "https://stac.dataspace.copernicus.eu/v1",
        {"L1C": "sentinel-2-l1c", "L2A": "sentinel-2-l2a"},
        {"L1C": _PLAIN, "L2A": {name: f"{name}_{side}m" for name, side in _NATIVE.items()}},
        ("grid:code", "MGRS-"),
        "raster",
        "oidc",
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
        alternate="https",
    ),
    "plain": Preset(
        "",
        {"L1C": "sentinel-2-l1c", "L2A": "sentinel-2-l2a"},
        {"L1C": _PLAIN, "L2A": _PLAIN},
        ("grid:code", "MGRS-"),
        "raster",
    ),
}


def preset_of(config: StacSource) -> Preset:
    """The preset of a source with what its configuration says otherwise.

    Raises
    ------
    InputError
        If an address is missing, or a name is no layer.
    """
    preset = PRESETS[config.preset]
    url = config.url or preset.url
    if not url:
        raise InputError(f"source.url: the preset {config.preset} has no address of its own; name the API's")
    foreign = sorted(set(config.assets) - set(_PLAIN))
    if foreign:
        raise InputError(f"source.assets: {foreign[0]!r} is no band; write B02 ... B12, B8A or SCL")
    collections: dict[str, str] = {**preset.collections, **{str(level): c for level, c in config.collections.items()}}
    assets = {level: {**preset.assets.get(level, _PLAIN), **config.assets} for level in collections}
    return replace(
        preset, url=url.rstrip("/"), collections=collections, assets=assets,
        token_url=(config.token_url or preset.token_url).rstrip("/"),
    )  # fmt: skip


def layers_of(preset: Preset, level: str) -> dict[str, str]:
    """Layer to asset of a level: its bands, and the scene classification for Level-2A."""
    names = [*bands_of(level), *(["SCL"] if level == "L2A" else [])]
    return {name: preset.assets[level][name] for name in names}
