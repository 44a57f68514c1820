"""Image chips of one parcel through the year, clouds and all (figure 2 of the study)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from ...errors import InputError
from ...scenes import open_scene
from ..palette import CLOUD, FAINT, INK
from ..style import WIDTH, styled

RGB = ("B04", "B03", "B02")
"""Red, green, blue."""

ROWS, COLUMNS = 4, 8

NO_DATA = (0.85, 0.85, 0.89)
"""Red, green, blue of pixels without data."""

HEADROOM = 1.5
"""Room above the ground's darkest dates, for soil that is bare and bright for part of the year only."""

LEAST_RANGE = 500.0
"""DN from black to full light at least, so that the noise of a uniform place is not stretched to a picture."""


def evenly(count: int, wanted: int) -> np.ndarray:
    """Positions of `wanted` items spread evenly over `count`, first and last included; all if there are fewer."""
    if count <= wanted:
        return np.arange(count)
    return np.round(np.linspace(0, count - 1, wanted)).astype(int)


def read_chips(
    index: pd.DataFrame,
    store: str | Path | None,
    parcel: shapely.Geometry,
    crs: Any,
    side: float = 480.0,
    count: int = ROWS * COLUMNS,
) -> xr.Dataset:
    """Read a square around a parcel from scenes spread evenly over those of an index.

    Parameters
    ----------
    index
        Rows of month indices of one level, any order; scenes that do not see the square count as nothing there.
    store
        Folder of the scenes, for `open_scene`.
    parcel
        Polygon in `crs`.
    crs
        CRS of the polygon, anything that pyproj takes for one.
    side
        Of the square, in metres.
    count
        Number of chips at most.

    Returns
    -------
    Dataset
        `chip` float32 (time, y, x, colour): harmonised DN (10000 = reflectance 1), NaN where there is no data;
        `x`, `y` pixel centres in metres of the scenes' CRS; attribute `parcel`: the outline as WKT in that CRS.

    Raises
    ------
    InputError
        The index is empty, or its scenes lie on different grids (name one tile).
    """
    scenes = index.sort_values(["time", "id"], ignore_index=True)
    if scenes.empty:
        raise InputError("chips: the index holds no scene; check period and tiles")
    if scenes["tile"].nunique() > 1:
        raise InputError(
            f"chips: the index holds tiles {', '.join(sorted(set(scenes['tile'])))}; give those of one tile"
        )
    chosen = scenes.iloc[evenly(len(scenes), count)]
    chips, shape, window, box = [], None, None, None
    for row in chosen.to_dict("records"):
        scene = open_scene(row, store)
        if shape is None:
            box = scene.geoboxes[RGB[0]]
            shape = gpd.GeoSeries([shapely.force_2d(parcel)], crs=crs).to_crs(str(box.crs)).iloc[0]
            window = _window(box, (shape.centroid.x, shape.centroid.y), side)
        chips.append(np.stack([_read(scene, band, window) for band in RGB], axis=-1))
    assert box is not None
    assert window is not None
    assert shape is not None
    x = box.affine.c + box.affine.a * (window.col_off + np.arange(window.width) + 0.5)
    y = box.affine.f + box.affine.e * (window.row_off + np.arange(window.height) + 0.5)
    return xr.Dataset(
        {
            "chip": (
                ("time", "y", "x", "colour"),
                np.stack(chips),
                {"long_name": "harmonised DN, 10000 = reflectance 1"},
            )
        },
        coords={"time": chosen["time"].to_numpy("datetime64[ns]"), "x": x, "y": y, "colour": list(RGB)},
        attrs={"parcel": shapely.to_wkt(shape, rounding_precision=3), "level": str(chosen["level"].iloc[0])},
    )


def _window(box: GeoBox, centre: tuple[float, float], side: float) -> Window:
    """Whole pixels of a square around `centre`; may reach beyond the image."""
    column, row = box.wld2pix(*centre)
    width, height = (max(2, round(side / abs(size))) for size in (box.affine.a, box.affine.e))
    return Window(round(column - width / 2), round(row - height / 2), width, height)


def _read(scene: Any, band: str, window: Window) -> np.ndarray:
    """A window of one band as float32, NaN without data and beyond what there is of the image."""
    held = scene.window(band)
    inside = window.intersection(held) if _overlap(window, held) else None
    chip = np.full((window.height, window.width), np.nan, np.float32)
    if inside is not None:
        top, left = int(inside.row_off - window.row_off), int(inside.col_off - window.col_off)
        values = scene.read(band, inside)
        chip[top : top + values.shape[0], left : left + values.shape[1]] = values.astype(np.float32).filled(np.nan)
    return chip


def _overlap(one: Window, other: Window) -> bool:
    return bool(
        one.col_off < other.col_off + other.width
        and one.row_off < other.row_off + other.height
        and one.col_off + one.width > other.col_off
        and one.row_off + one.height > other.row_off
    )


def stretch(chips: xr.DataArray) -> tuple[np.ndarray, float]:
    """The common stretch: what is black in each colour (colour,), and the DN from black to full light.

    Clouds are brighter than the ground, so of each pixel the darkest third of its dates is taken as ground. Its 2nd
    percentile is black, colour by colour, which takes away the blue haze of the air (dark object subtraction, Chavez
    1988, Remote Sens. Environ. 24:459-479). Its 98th percentile, by the widest of the colours, so that colours keep
    their proportions, is full light but for `HEADROOM`. Clouds then saturate, as they do to the eye.
    """
    values = chips.transpose("time", "y", "x", "colour").to_numpy()
    values = values[np.isfinite(values).any(axis=(1, 2, 3))]
    if not len(values):
        return np.zeros(chips.sizes["colour"]), 1.0
    # NaN sorts last, so a pixel without data on some dates still has its darkest ones first.
    ground = np.sort(values, axis=0)[: -(-len(values) // 3)]
    black, light = np.nanpercentile(ground, [2, 98], axis=(0, 1, 2))
    return black, float(max(HEADROOM * (light - black).max(), LEAST_RANGE))


@styled
def chips_figure(
    chips: xr.Dataset, title: str, clear: Mapping[pd.Timestamp, float] | None = None, threshold: float = 0.5
) -> Figure:
    """A 4 x 8 grid of chips with the parcel's outline, in order of time.

    Parameters
    ----------
    chips
        Of `read_chips`.
    title
        Above the figure.
    clear
        Clear fraction of the parcel by time, where it is known; dates below `threshold` get a cloud's frame.
    threshold
        As in `figures.series`.
    """
    outline = shapely.from_wkt(chips.attrs["parcel"])
    limits = stretch(chips["chip"])
    cell = WIDTH / COLUMNS
    rows = int(np.ceil(chips.sizes["time"] / COLUMNS))
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.0)
    figure = Figure(figsize=(WIDTH, rows * (cell + 0.17) + 0.55), layout=layout)
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes in panels[chips.sizes["time"] :]:
        axes.set_axis_off()
    known = {pd.Timestamp(time): share for time, share in (clear or {}).items() if np.isfinite(share)}
    unknown = [time for time in chips["time"].values if pd.Timestamp(time) not in known]
    for axes, time in zip(panels, chips["time"].values, strict=False):
        share = known.get(pd.Timestamp(time))
        _draw_chip(axes, chips.sel(time=time), limits, outline)
        _label(axes, pd.Timestamp(time), share, share is not None and share < threshold, bool(known))
    width = float(chips["x"].values[-1] - chips["x"].values[0]) + float(chips["x"].values[1] - chips["x"].values[0])
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    note = f"{chips.attrs.get('level', '')} true colour, one stretch for all; each chip {width:.0f} m wide, north up"
    if known:
        note += f"; % = clear share of the parcel, grey frame: below {100 * threshold:.0f} %"
        note += ", dotted frame: unknown" if unknown else ""
    figure.supxlabel(note, fontsize=6.5, color=FAINT)
    return figure


def _draw_chip(axes: Axes, chip: xr.Dataset, limits: tuple[np.ndarray, float], outline: shapely.Geometry) -> None:
    black, width = limits
    values = chip["chip"].to_numpy()
    colours = np.clip((values - black) / width, 0, 1)
    # No data is shown as neither dark ground nor bright cloud.
    colours[~np.isfinite(values).all(axis=-1)] = NO_DATA
    x, y = chip["x"].to_numpy(), chip["y"].to_numpy()
    half = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    axes.imshow(colours, extent=(x[0] - half[0], x[-1] + half[0], y[-1] - half[1], y[0] + half[1]))
    for part in shapely.get_parts(outline):
        for ring in shapely.get_rings(part):
            # White on the ground, with a dark rim to be seen on clouds.
            (line,) = axes.plot(*shapely.get_coordinates(ring).T, color="white", lw=0.8, gid="outline")
            line.set_path_effects([withStroke(linewidth=1.5, foreground="#555555")])
    axes.set_xlim(x[0] - half[0], x[-1] + half[0])
    axes.set_ylim(y[-1] - half[1], y[0] + half[1])


def _label(axes: Axes, time: pd.Timestamp, share: float | None, cloudy: bool, others_known: bool) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color=CLOUD, linewidth=2.2 if cloudy else 0.4)
    axes.set_title(f"{time:%Y-%m-%d}", fontsize=5.8, pad=2, color=INK)
    if share is None and others_known:
        axes.spines[:].set(linestyle=":", linewidth=1.2)
    if share is not None:
        axes.set_title(f"{100 * share:.0f} %", fontsize=5.8, pad=2, color=FAINT, loc="right")
