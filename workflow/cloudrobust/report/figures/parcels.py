"""Parcels coloured by crop, and the blocks of the split (figure 4 of the study)."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ..palette import FAINT, GROUND, class_colours
from ..style import WIDTH, panel_letter, shorten, styled
from .maps import ParcelMap

PARTS = {"train": "#c9d8e6", "validation": "#e69f00", "test": "#751c36"}
"""Colours of the split's parts: most of the area stays quiet, the test part stands out."""

HATCH, ASIDE_HATCH = "////////", "......"


@styled
def parcels_figure(parcels: gpd.GeoDataFrame, split: pd.DataFrame, block: float | None = None) -> Figure:
    """Two maps: every parcel by its class, and by its part of the split.

    Parameters
    ----------
    parcels
        `parcel`, `class`, `status` and `geometry`.
    split
        `parcel`, `part`, `block` ("column_row" of a square of the CRS, or "").
    block
        Side of the split's square blocks in metres; those with validation and test parcels are outlined.
    """
    chart = ParcelMap(parcels)
    shown = chart.parcels
    usable = (shown["status"] == "usable").to_numpy()
    counts = parcels.loc[parcels["status"] == "usable", "class"].astype(str).value_counts()
    order = sorted(counts.index, key=lambda name: (-counts[name], name))
    columns = 4 if max(map(len, order), default=0) <= 20 else 3
    rows = int(np.ceil((len(order) + 2) / columns))
    figure = Figure(figsize=(WIDTH, chart.panel_height() + 0.85 + 0.155 * (rows + 1)))
    left, right = figure.subplots(1, 2, sharey=True)

    excluded = (shown["status"] == "excluded").to_numpy()
    for axes in (left, right):
        chart.draw(axes, excluded, facecolor="#f2f2f2", edgecolor=FAINT, hatch=HATCH, gid="excluded")
        chart.draw(axes, ~usable & ~excluded, facecolor=GROUND, gid="unlabelled")
        chart.frame(axes, first=axes is left)
    colours = class_colours(order)
    chart.draw(left, usable, facecolor=[colours[str(c)] for c in shown.loc[usable, "class"]], gid="classes")
    part = shown["parcel"].astype(str).map(split.set_index(split["parcel"].astype(str))["part"].astype(str))
    for name, colour in PARTS.items():
        chart.draw(right, (part == name).to_numpy(), facecolor=colour, gid=name)
    aside = usable & part.isna().to_numpy()
    chart.draw(right, aside, facecolor="white", edgecolor=FAINT, hatch=ASIDE_HATCH, gid="set aside")
    if block is not None:
        _outline_blocks(right, split, chart, block)
    for letter, axes, title in (("a", left, "classes"), ("b", right, "split")):
        axes.set_title(title)
        panel_letter(axes, letter)

    crops = [Patch(color=colours[name], label=f"{shorten(name)} ({counts[name]:,})") for name in order]
    sizes = split["part"].astype(str).value_counts()
    parts = [Patch(color=colour, label=f"{name} ({sizes.get(name, 0):,})") for name, colour in PARTS.items()]
    if aside.any():
        label = f"set aside ({aside.sum():,})"
        parts.append(Patch(facecolor="white", edgecolor=FAINT, hatch=ASIDE_HATCH, label=label))
    figure.legend(handles=crops, loc="outside lower center", ncols=columns, columnspacing=1.2)
    # Half an inch below the maps, clear of the axis and its label.
    below = (0.5, -0.5 / chart.panel_height())
    right.legend(handles=parts, loc="upper center", bbox_to_anchor=below, ncols=len(parts), columnspacing=1.2)
    left.legend(handles=_other_handles(parcels, chart), loc="upper center", bbox_to_anchor=below, ncols=3)
    return figure


def _other_handles(parcels: gpd.GeoDataFrame, chart: ParcelMap) -> list[Patch]:
    counts = parcels["status"].value_counts()
    handles = []
    if counts.get("excluded", 0):
        label = f"excluded ({counts['excluded']:,})"
        handles.append(Patch(facecolor="#f2f2f2", edgecolor=FAINT, hatch=HATCH, label=label))
    if counts.get("unlabelled", 0):
        handles.append(Patch(color=GROUND, label=f"without label ({counts['unlabelled']:,})"))
    if chart.without_position:
        handles.append(Patch(fill=False, ec="none", label=f"not drawn: {chart.without_position:,} without position"))
    return handles


def _outline_blocks(axes: Axes, split: pd.DataFrame, chart: ParcelMap, side: float) -> None:
    """Outline the blocks that hold validation and test parcels."""
    for name in ("validation", "test"):
        for block in sorted(set(split.loc[split["part"].astype(str) == name, "block"].astype(str))):
            place = re.fullmatch(r"(-?\d+)_(-?\d+)", block)
            if place is None:
                continue
            x, y = (int(place[n + 1]) * side - chart.bounds[n] for n in range(2))
            axes.add_patch(
                Rectangle(
                    (x / 1000, y / 1000), side / 1000, side / 1000, fill=False, ec=PARTS[name], lw=0.7, gid="block"
                )
            )
