"""Scenes: Sentinel-2 products, where they come from and how their numbers are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .open import open_scene

__all__ = ["open_scene"]


def __getattr__(name: str) -> Any:
    # rasterio and geopandas are imported only where a scene is opened
    if name == "open_scene":
        from .open import open_scene

        return open_scene
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
