"""A simulated Sentinel-2 archive of a made-up farm landscape, with the truth known to the pixel.

Read the modules in this order: `landscape` (what lies where), `crops` and `phenology` (what grows),
`canopy` and `spectra` (what that reflects), `weather` (what the days of a year are like), `surface`
(an image of the ground), `clouds` and `atmosphere` (what lies above it), `sensor` (what the instrument
adds), `classification` (what a mask algorithm makes of it), `rendering` (all of it for one acquisition),
`acquisitions` and `source` (the archive).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .landscape import Landscape, make_landscape
    from .source import SimulatedArchive
    from .truth import read_truth

__all__ = ["Landscape", "SimulatedArchive", "make_landscape", "read_truth"]

_HOME = {
    "Landscape": "landscape",
    "make_landscape": "landscape",
    "SimulatedArchive": "source",
    "read_truth": "truth",
}


def __getattr__(name: str) -> Any:
    # imported only where it is used: the modules of this room need rasterio, geopandas and scipy
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
