"""One scene from several products: the parts of an acquisition that a ground segment or an archive has cut apart.

A datatake is cut where it was downlinked or processed in pieces (datastrips); a tile on the cut is then in two
products of the same start of sensing, each of which has no data where the other was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .radiometry import NODATA, SATURATED

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from rasterio.windows import Window

    from .scene import Scene

SEPARATOR = "|"
"""Stands between the parts in an index's column `file`; no product's name has it."""
AND = "+"
"""Stands in the id of a merged scene before what tells the other parts from the first."""


def files_of(file: str | Path) -> list[str]:
    """The products that an index's column `file` names; nearly always one."""
    return str(file).split(SEPARATOR)


def merged_id(ids: Sequence[str]) -> str:
    """Id of a scene of several parts: that of the first, and the last time stamps of the others' names."""
    return AND.join([ids[0], *(other.rsplit("_", 1)[-1] for other in ids[1:])])


class MergedScene:
    """Several products as one, read like each of them.

    A pixel is that of the first part that measured it, and no data where none did.

    Attributes
    ----------
    parts: the products; the first is preferred where they overlap.
    path, level, tile, time, platform, orbit, baseline: of the first part.
    id: as the index names it.
    bands: that all parts hold.
    """

    def __init__(self, parts: Sequence[Scene]) -> None:
        self.parts = tuple(parts)
        first = self.parts[0]
        self.path, self.level, self.tile, self.time = first.path, first.level, first.tile, first.time
        self.platform, self.orbit, self.baseline = first.platform, first.orbit, first.baseline
        self.id = merged_id([part.id for part in self.parts])
        self.bands = tuple(band for band in first.bands if all(band in part.bands for part in self.parts))

    def __repr__(self) -> str:
        return f"MergedScene({list(self.parts)!r})"

    @property
    def geoboxes(self) -> dict[str, GeoBox]:
        """The whole tile's grids; those of the first part, which all others must have."""
        boxes = self.parts[0].geoboxes
        return {name: box for name, box in boxes.items() if all(p.geoboxes.get(name) == box for p in self.parts)}

    def window(self, layer: str) -> Window:
        """The part of the tile of which every part can be asked."""
        # Imported where it is needed: an index of scenes is read without any.
        from rasterio.windows import Window

        windows = [part.window(layer) for part in self.parts]
        top, left = max(w.row_off for w in windows), max(w.col_off for w in windows)
        bottom = min(w.row_off + w.height for w in windows)
        right = min(w.col_off + w.width for w in windows)
        return Window(left, top, max(right - left, 0), max(bottom - top, 0))

    def sun(self) -> tuple[float, float]:
        """Of the first part."""
        return self.parts[0].sun()

    def read(self, band: str, window: Window | None = None) -> np.ma.MaskedArray:
        """Harmonised digital numbers, as `SafeScene.read`; each part's by its own offset."""
        first = self.parts[0].read(band, window)
        values, missing = np.ma.getdata(first).copy(), np.ma.getmaskarray(first).copy()
        for part in self.parts[1:]:
            if not missing.any():
                break
            other = part.read(band, window)
            filled = missing & ~np.ma.getmaskarray(other)
            values[filled] = np.ma.getdata(other)[filled]
            missing &= ~filled
        return np.ma.MaskedArray(values, mask=missing)

    def shift(self, band: str) -> int | None:
        """What makes harmonised digital numbers of raw ones by addition alone; None if the parts differ in it."""
        shifts = {part.shift(band) for part in self.parts}
        return shifts.pop() if len(shifts) == 1 else None

    def read_raw(self, band: str, window: Window | None = None) -> NDArray[np.uint16]:
        """Digital numbers as the files hold them; only where the parts have one `shift`."""
        values = self.parts[0].read_raw(band, window)
        for part in self.parts[1:]:
            missing = (values == NODATA) | (values == SATURATED)
            if not missing.any():
                break
            np.copyto(values, part.read_raw(band, window), where=missing)
        return values

    def read_classification(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The scene classification; 0 where no part has one."""
        return self._by_classification([part.read_classification(window) for part in self.parts], window)

    def read_cloud_probability(self, window: Window | None = None) -> NDArray[np.uint8]:
        """The cloud probability of the part whose classification holds."""
        return self._by_classification([part.read_cloud_probability(window) for part in self.parts], window)

    def _by_classification(self, layers: list[NDArray[Any]], window: Window | None) -> NDArray[Any]:
        result = layers[0].copy()
        missing = self.parts[0].read_classification(window) == 0
        for part, layer in zip(self.parts[1:], layers[1:], strict=True):
            known = missing & (part.read_classification(window) != 0)
            result[known] = layer[known]
            missing &= ~known
        return result
