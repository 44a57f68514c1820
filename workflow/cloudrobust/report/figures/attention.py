"""Attention of the Transformer: matrix, graph, and in the context of the series (figures 6 and 7 of the study)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.dates
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..numbers import model_name
from ..palette import CLOUD, FAINT, INK, PALETTE, PREPROCESSED, RAW
from ..style import WIDTH, panel_letter, shorten, styled
from .explained_series import (
    axis_of_dates,
    band_handles,
    days,
    draw_series,
    edges,
    mark,
    mark_above,
    marked_handles,
    of_parcel,
    title_of,
)

STRONGEST = 5
"""Input dates named in the series of each head."""


@styled
def matrix_figure(explained: xr.Dataset, parcel: str) -> Figure:
    """Attention weights of one parcel, output dates × input dates, a row of panels for each layer.

    `explained` is that of `evaluation.explanations.explain.explain`.
    """
    one = of_parcel(explained, parcel)
    layers, heads = one.sizes["layer"], one.sizes["head"]
    figure = Figure(figsize=(WIDTH, 0.5 + layers * 2.15))
    panels = figure.subplots(layers, heads, sharex=True, sharey=True, squeeze=False)
    top = max(float(np.nanquantile(one["attention"].values, 0.995)), 1e-6)
    borders = edges(days(one))
    image = None
    for layer in range(layers):
        for head in range(heads):
            axes = panels[layer, head]
            weights = one["attention"].isel(layer=layer, head=head).values
            image = axes.pcolormesh(borders, borders, weights, cmap="magma_r", vmin=0, vmax=top, rasterized=True)
            _dates_of_both(axes, borders)
            mark_above(axes, one)
            axes.set_title(f"layer {layer + 1}, head {head + 1}", pad=9)
            if head == 0:
                axes.set_ylabel("output date")
            if layer == layers - 1:
                axes.set_xlabel("input date")
    assert image is not None
    bar = figure.colorbar(image, ax=panels, fraction=0.025, pad=0.01, extend="max")
    bar.set_label("attention (a row sums to 1)")
    word = one.attrs["marked"]
    ticks = [Line2D([], [], color=FAINT, lw=1.5, label=f"above a column: {word} input date")]
    if one["marked"].isnull().any():
        ticks.append(Line2D([], [], color=FAINT, lw=1.5, ls=":", label=f"unknown whether {word}"))
    figure.legend(handles=ticks, loc="outside lower center", ncols=2)
    figure.suptitle(title_of(one, parcel), x=0.01, ha="left", fontsize=9)
    return figure


def _dates_of_both(axes: Axes, borders: np.ndarray) -> None:
    axes.set_xlim(borders[0], borders[-1])
    axes.set_ylim(borders[-1], borders[0])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(matplotlib.dates.AutoDateLocator(minticks=3, maxticks=7))
        axis.set_major_formatter(matplotlib.dates.DateFormatter("%b"))


@styled
def graph_figure(explained: xr.Dataset, parcel: str, layer: int = 0) -> Figure:
    """The attention of a layer as a bipartite graph: input dates below, output dates above, a panel for each head."""
    one = of_parcel(explained, parcel)
    heads = one.sizes["head"]
    figure = Figure(figsize=(WIDTH, 0.7 + 1.35 * heads))
    panels = figure.subplots(heads, 1, sharex=True, squeeze=False)[:, 0]
    for head, axes in enumerate(panels):
        mark(axes, one)
        _draw_lines(axes, one, layer, head, bottom=0.0, top=1.0)
        marked = one["marked"].values
        edge = np.where(np.isnan(marked), FAINT, INK)
        for height in (0.0, 1.0):
            axes.scatter(days(one), np.full(one.sizes["date"], height), s=9, zorder=4, lw=0.5, edgecolor=edge.tolist(),
                         color=np.where(marked == 1, CLOUD, "white").tolist(), clip_on=False)  # fmt: skip
        axes.set_ylim(-0.12, 1.12)
        axes.set_yticks([0, 1], ["input", "output"])
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(f"layer {layer + 1}, head {head + 1}: {_told(one, layer, head)}")
        panel_letter(axes, "abcdefgh"[head])
    axis_of_dates(panels[-1], one)
    figure.suptitle(title_of(one, parcel), x=0.01, ha="left", fontsize=9)
    figure.legend(handles=_line_handles(one), loc="outside lower center", ncols=4)
    return figure


@styled
def context_figure(explained: xr.Dataset, parcel: str, layer: int = 0) -> Figure:
    """For each head of a layer the series, and below it lines from the input dates to all output dates.

    The input dates that receive most attention are pointed out in the series.
    """
    one = of_parcel(explained, parcel)
    heads = one.sizes["head"]
    figure = Figure(figsize=(WIDTH, 0.8 + 2.2 * heads))
    panels = figure.subplots(2 * heads, 1, sharex=True, height_ratios=[1.35, 1] * heads, squeeze=False)[:, 0]
    few = [band for band in ("B02", "B03", "B04", "B08", "B8A", "B11", "B12") if band in one["band"].values]
    bands = few or [str(b) for b in one["band"].values[:6]]
    for head in range(heads):
        above, below = panels[2 * head], panels[2 * head + 1]
        draw_series(above, one, bands)
        _point_out(above, one, layer, head)
        above.set_title(f"layer {layer + 1}, head {head + 1}: {_told(one, layer, head)}")
        panel_letter(above, "abcdefgh"[head])
        mark(below, one)
        _draw_lines(below, one, layer, head, bottom=1.0, top=0.0)
        below.set_ylim(0, 1)
        below.set_yticks([0, 1], ["output", "input"])
        below.tick_params(axis="y", length=0)
        below.spines[["left", "bottom"]].set_visible(head == heads - 1)
        below.spines["left"].set_visible(False)
        above.spines["bottom"].set_visible(False)
        above.tick_params(axis="x", length=0)
    axis_of_dates(panels[-1], one)
    figure.suptitle(title_of(one, parcel), x=0.01, ha="left", fontsize=9)
    figure.legend(handles=band_handles(one.sel(band=bands)), loc="outside right upper")
    star = Line2D([], [], ls="", marker="v", ms=4, color=INK, label=f"the {STRONGEST} most attended dates")
    figure.legend(handles=[*_line_handles(one), star], loc="outside lower center", ncols=5)
    return figure


def _draw_lines(axes: Axes, one: xr.Dataset, layer: int, head: int, bottom: float, top: float) -> None:
    """Lines from input (at `bottom`) to output dates, darker if stronger; weak ones are left out."""
    weights = one["attention"].isel(layer=layer, head=head).values
    centres, marked = days(one), one["marked"].values
    output, source = np.nonzero(weights > 1.5 / len(centres))
    if not len(output):
        return
    strength = weights[output, source]
    order = np.argsort(strength)
    output, source, strength = output[order], source[order], strength[order]
    segments = [[(centres[s], bottom), (centres[o], top)] for o, s in zip(output, source, strict=True)]
    alpha = np.clip(strength / strength.max(), 0, 1) ** 1.4
    clear_colour, cloud_colour, unknown_colour = (np.array(to_rgba(name)) for name in (PREPROCESSED, RAW, FAINT))
    colours = np.where(marked[source][:, None] == 1, cloud_colour, clear_colour)
    colours[np.isnan(marked[source])] = unknown_colour
    colours[:, 3] = 0.05 + 0.8 * alpha
    axes.add_collection(LineCollection(segments, colors=colours, linewidths=0.3 + 0.7 * alpha, zorder=2, gid="lines"))


def _point_out(axes: Axes, one: xr.Dataset, layer: int, head: int) -> None:
    values = one["received"].isel(layer=layer, head=head).values
    highest = one["reflectance"].max("band").values
    room = 0.04 * (np.nanmax(highest) - np.nanmin(one["reflectance"].values))
    for n in np.argsort(values)[::-1][:STRONGEST]:
        if np.isfinite(highest[n]):
            axes.plot(days(one)[n], highest[n] + room, "v", ms=3.5, color=INK, zorder=5, gid="strongest")


def _told(one: xr.Dataset, layer: int, head: int) -> str:
    """How much attention falls on marked dates, and how many of the dates they are."""
    marked = one["marked"].values
    known = np.isfinite(marked)
    values = one["received"].isel(layer=layer, head=head).values
    if not known.any() or not values[known].sum():
        return "clouds unknown"
    on = values[known] @ marked[known] / values[known].sum()
    word = one.attrs["marked"]
    return f"{100 * on:.0f} % of its attention is on {word} dates, which are {100 * marked[known].mean():.0f} %"


def _line_handles(one: xr.Dataset) -> list:
    word = one.attrs["marked"]
    unknown = Line2D([], [], color=FAINT, lw=1.2, label="to dates of which it is unknown")
    return [
        Line2D([], [], color=PREPROCESSED, lw=1.2, label="attention to other dates"),
        Line2D([], [], color=RAW, lw=1.2, label=f"attention to {word} dates"),
        *([unknown] if one["marked"].isnull().any() else []),
        *marked_handles(one),
    ]


@styled
def on_clouds_figure(tables: Mapping[tuple[str, str], pd.DataFrame], raw: str) -> Figure:
    """How much of each explanation falls on marked dates, minus their share.

    Parameters
    ----------
    tables
        By branch and model: `clouds` of an explanation.
    raw
        Name of the raw branch, whose colour differs.

    Returns
    -------
    Figure
        Integrated gradients of every model; and, of models that have attention, every head and every class.
    """
    attended = {key: t for key, t in tables.items() if (t["what"] == "attention").any()}
    figure = Figure(figsize=(WIDTH, 3.7))
    panels = figure.subplots(1, 3 if attended else 1, squeeze=False)[0]
    branches = list(dict.fromkeys(branch for branch, _ in tables))
    for number, branch in enumerate(branches):
        colour = RAW if branch == raw else PREPROCESSED if number < 2 else PALETTE[number % len(PALETTE)]
        shift = 0.22 * (number - (len(branches) - 1) / 2)
        word = next(str(t["marked"].iloc[0]) for (b, _), t in tables.items() if b == branch)
        of_branch = {model: t for (b, model), t in tables.items() if b == branch}
        rows = pd.concat([t[(t["what"] == "integrated gradients") & (t["class"] == "all")] for t in of_branch.values()])
        _dots(panels[0], rows, [model_name(m) for m in of_branch], colour, shift, f"{branch}: {word} dates")
        for (b, _), table in attended.items():
            if b != branch:
                continue
            heads = table[(table["what"] == "attention") & (table["class"] == "all") & (table["layer"] > 0)]
            _dots(panels[1], heads, [f"layer {r.layer}, head {r.head}" for r in heads.itertuples()], colour, shift)
            whole = table[(table["what"] == "attention") & (table["layer"] == 0)]
            _dots(
                panels[2],
                whole,
                [shorten(c, 18) for c in whole["class"].replace({"all": "all classes"})],
                colour,
                shift,
            )
    titles = ("integrated gradients", "attention by head", "attention by class")
    for panel, letter, title in zip(panels, "abc", titles, strict=False):
        panel.axvline(0, color=FAINT, lw=0.8, zorder=1)
        panel.set_title(title)
        panel_letter(panel, letter)
        panel.grid(axis="x")
        panel.invert_yaxis()
    words = "share of importance on such dates − share of such dates (negative: avoided); bars: 95 % bootstrap"
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, title=words, title_fontsize=7)
    return figure


def _dots(axes: Axes, rows: pd.DataFrame, names: list[str], colour: str, shift: float, label: str = "") -> None:
    places = np.arange(len(rows)) + shift
    values = rows["difference"].to_numpy(float)
    spread = np.abs(rows[["low", "high"]].to_numpy(float).T - values)
    axes.errorbar(values, places, xerr=spread, fmt="o", ms=3, lw=0.9, color=colour, label=label or None)
    axes.set_yticks(np.arange(len(rows)), names)
