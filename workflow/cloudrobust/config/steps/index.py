"""Parameters of spectral indices, and the catalogue that they come from."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from pydantic import Field, field_validator

from ..base import Part
from ..spelling import nearest

ALIASES = {"NDRE": "NDREI"}
"""Names that are in use for an index of the catalogue."""


class Index(Part):
    """Spectral indices, appended to the bands."""

    do: Literal["index"] = "index"
    names: tuple[str, ...] = Field(
        min_length=1, description="Indices as the catalogue of spyndex names them: NDVI, EVI, NDWI, NDREI, NDMI …"
    )
    keep: bool = Field(True, description="Keep the bands beside the indices.")

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            index_bands(name)
        if len(set(names)) < len(names):
            raise ValueError("an index occurs twice; write it once")
        return names


@cache
def _catalogue() -> Any:
    # not at the top: it costs 0.2 s, and only studies with indices need it
    import spyndex

    return spyndex


@cache
def index_bands(name: str) -> dict[str, str]:
    """The Sentinel-2 bands that an index needs, by the symbols of the catalogue: {"N": "B08", "R": "B04"}.

    The catalogue is that of spyndex: Montero, D. et al. (2023), "A standardized catalogue of spectral indices to
    advance the use of remote sensing in Earth system research", Scientific Data 10, doi:10.1038/s41597-023-02096-0.

    Raises
    ------
    ValueError
        If the catalogue does not have it, or it needs more than bands of Sentinel-2 and known constants.
    """
    catalogue = _catalogue()
    entry = ALIASES.get(name, name)
    if entry not in catalogue.indices:
        raise ValueError(f"unknown index {name!r}{nearest(name, [*_computable(), *ALIASES])}")
    bands = _bands_of(entry)
    if bands is None:
        raise ValueError(
            f"index {name!r} needs more than Sentinel-2 has ({catalogue.indices[entry].formula}); leave it out"
        )
    return bands


def index_constants(name: str) -> dict[str, float]:
    """The constants of an index, with the catalogue's defaults: {"g": 2.5, "L": 1.0}."""
    catalogue = _catalogue()
    symbols = catalogue.indices[ALIASES.get(name, name)].bands
    return {s: float(catalogue.constants[s].default) for s in symbols if s in catalogue.constants}


def _bands_of(entry: str) -> dict[str, str] | None:
    catalogue = _catalogue()
    found = {}
    for symbol in catalogue.indices[entry].bands:
        if symbol in catalogue.constants and catalogue.constants[symbol].default is not None:
            continue
        satellite = getattr(catalogue.bands.get(symbol), "sentinel2a", None)
        if satellite is None:
            return None
        # the catalogue writes B8 where products write B08
        found[symbol] = re.sub(r"^B(\d)$", r"B0\1", satellite.band)
    return found or None


def _computable() -> list[str]:
    return [entry for entry in _catalogue().indices if _bands_of(entry) is not None]
