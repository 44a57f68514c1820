"""Which requests make up a scene: pure functions, nothing is asked yet."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ..bands import BAND, bands_of

MOST = 2500
"""Pixels along a side that one Process request may have."""
STEP = 2304
"""Pixels along the side of a piece: within `MOST`, and whole blocks of 256 pixels of the stored files."""


@dataclass(frozen=True)
class Group:
    """Layers on one grid, requested together.

    Attributes
    ----------
    resolution: metres, 10, 20 or 60.
    bands: spectral bands.
    extras: "SCL" and "CLD", where the group has them.
    """

    resolution: int
    bands: tuple[str, ...]
    extras: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """Bands and extras."""
        return self.bands + self.extras


@dataclass(frozen=True)
class Piece:
    """One request.

    Attributes
    ----------
    group: layers.
    geobox: the grid of the whole tile.
    window: the part of it, at most `MOST` pixels along a side.
    """

    group: Group
    geobox: GeoBox
    window: Window

    @property
    def ground(self) -> GeoBox:
        """The grid of the piece itself."""
        rows, columns = self.window.toslices()
        return self.geobox[rows, columns]

    @property
    def name(self) -> str:
        """Distinct within a scene."""
        return f"{self.group.resolution}m-{self.window.row_off}-{self.window.col_off}"


def groups(level: str, cloud_probability: bool) -> tuple[Group, ...]:
    """The groups of a level, finest first."""
    extras: tuple[str, ...] = ()
    if level == "L2A":
        extras = ("SCL", "CLD") if cloud_probability else ("SCL",)
    return tuple(
        Group(
            resolution,
            tuple(band for band in bands_of(level) if BAND[band].resolution == resolution),
            extras if resolution == 20 else (),
        )
        for resolution in (10, 20, 60)
    )


def pieces(group: Group, geobox: GeoBox, window: Window, step: int = STEP) -> list[Piece]:
    """A window cut into pieces; every pixel belongs to exactly one, so no seam can be seen."""
    if not 0 < step <= MOST:
        raise ValueError(f"a piece may have 1 to {MOST} pixels along a side, not {step}")
    return [
        Piece(
            group,
            geobox,
            Window(
                column,
                row,
                min(step, window.col_off + window.width - column),
                min(step, window.row_off + window.height - row),
            ),
        )
        for row in range(window.row_off, window.row_off + window.height, step)
        for column in range(window.col_off, window.col_off + window.width, step)
    ]
