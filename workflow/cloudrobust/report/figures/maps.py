"""What all maps of parcels share: fast polygons, axes in kilometres, scale bar and north arrow."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path as Outline
from matplotlib.transforms import ScaledTranslation

from ...errors import InputError
from ..palette import INK
from ..style import WIDTH

MANY = 5000
"""From this many parcels on they are rasterised inside the PDF, which would otherwise take minutes to open."""

POINT = 0.006
"""Radius of the disc drawn for a parcel that is a point, as a share of the map's longer side."""

SLIMMEST = 0.6
"""Least ratio of a map's shorter to its longer side; the map is widened to it, so that titles and bar have room."""


class ParcelMap:
    """Parcels ready to be drawn, in kilometres from the map's south-west corner.

    Attributes
    ----------
    parcels
        Those that have a position.
    bounds
        West, south, east, north of the map in metres.
    without_position
        Number of parcels that cannot be drawn.
    """

    def __init__(self, parcels: gpd.GeoDataFrame) -> None:
        """Take the parcels that have a geometry; points (of tables) become small discs.

        Raises
        ------
        InputError
            No parcel has a position.
        """
        placed = parcels.geometry.notna() & ~parcels.geometry.is_empty
        self.parcels = parcels[placed.to_numpy()].reset_index(drop=True)
        self.without_position = int((~placed).sum())
        if self.parcels.empty:
            raise InputError(
                "parcels: none has a position, so there is no map to draw; give source.longitude and latitude"
            )
        if self.parcels.crs is not None and not self.parcels.crs.is_projected:
            self.parcels = self.parcels.to_crs(self.parcels.estimate_utm_crs())
        shapes = self.parcels.geometry.to_numpy()
        west, south, east, north = _widened(*(float(edge) for edge in shapely.total_bounds(shapes)))
        points = shapely.get_type_id(shapes) == 0
        if points.any():
            shapes = np.where(points, shapely.buffer(shapes, POINT * max(east - west, north - south, 1.0)), shapes)
        self.bounds = (west, south, east, north)
        origin = np.array([west, south])
        self.outlines = np.empty(len(shapes), dtype=object)
        self.outlines[:] = [_outline(shape, origin) for shape in shapes]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in kilometres."""
        west, south, east, north = self.bounds
        return max(east - west, 1.0) / 1000, max(north - south, 1.0) / 1000

    def panel_height(self) -> float:
        """Inches that a map of half a page's width is high."""
        width, height = self.size
        return float(np.clip(0.44 * WIDTH * height / width, 1.0, 6.0))

    def draw(self, axes: Axes, chosen: np.ndarray, **style: Any) -> PathCollection | None:
        """Draw the parcels where `chosen` (bool, one a parcel) is true; `style` goes to the collection."""
        if not chosen.any():
            return None
        style = {"linewidth": 0.15, "edgecolor": "white", **style}
        collection = PathCollection(self.outlines[chosen].tolist(), **style)
        collection.set_rasterized(len(self.parcels) > MANY)
        axes.add_collection(collection)
        return collection

    def frame(self, axes: Axes, first: bool = True) -> None:
        """Equal axes in kilometres, a scale bar and a north arrow; only the `first` map labels its vertical axis."""
        width, height = self.size
        margin = 0.02 * max(width, height)
        axes.set_xlim(-margin, width + margin)
        axes.set_ylim(-margin, height + margin)
        axes.set_aspect("equal")
        axes.set_xlabel("east (km)")
        if first:
            axes.set_ylabel("north (km)")
        _scale_bar(axes, width)
        _north_arrow(axes)


def _outline(geometry: shapely.Geometry, origin: np.ndarray) -> Outline:
    rings = [
        # Exteriors and holes run in opposite directions, which is what leaves holes unfilled.
        Outline((shapely.get_coordinates(ring) - origin) / 1000, closed=True)
        for part in shapely.get_parts(shapely.orient_polygons(geometry))
        for ring in shapely.get_rings(part)
    ]
    return Outline.make_compound_path(*rings)


def bar_length(width: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most a quarter of `width`."""
    power = 10 ** np.floor(np.log10(width / 4))
    return float(max(n * power for n in (1, 2, 5) if n * power <= width / 4 * (1 + 1e-9)))


def _widened(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    width, height = max(east - west, 1.0), max(north - south, 1.0)
    across, up = max(SLIMMEST * height - width, 0.0) / 2, max(SLIMMEST * width - height, 0.0) / 2
    return west - across, south - up, east + across, north + up


def _scale_bar(axes: Axes, width: float) -> None:
    """Below the right end of the horizontal axis, beside its label."""
    length = bar_length(width)
    words = f"{length:g} km" if length >= 1 else f"{1000 * length:g} m"
    right = axes.get_xlim()[1]
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = axes.get_xaxis_transform() + ScaledTranslation(0, -21 / 72, figure.dpi_scale_trans)
    style: dict[str, Any] = {"color": INK, "lw": 1.8, "clip_on": False, "solid_capstyle": "butt", "gid": "scale bar"}
    axes.plot([right - length, right], [0, 0], transform=place, scalex=False, scaley=False, **style)
    axes.text(right - length, 0, f"{words} ", transform=place, ha="right", va="center", fontsize=6.5, clip_on=False)


def _north_arrow(axes: Axes) -> None:
    axes.annotate(
        "N", (1.035, 1.0), xytext=(1.035, 0.9), xycoords="axes fraction", ha="center", va="top", fontsize=7,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 0.9, "mutation_scale": 8, "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False, gid="north",
    )  # fmt: skip
