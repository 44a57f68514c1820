"""Gradients of the highest score, per band and date, under the series (figure 8 of the study)."""

from __future__ import annotations

import matplotlib.dates
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..style import WIDTH, panel_letter, styled
from .explained_series import (
    axis_of_dates,
    band_handles,
    by_wavelength,
    days,
    draw_series,
    edges,
    mark_above,
    marked_handles,
    of_parcel,
    title_of,
)


@styled
def gradients_figure(explained: xr.Dataset, parcel: str) -> Figure:
    """The series, the gradient of its highest logit, and integrated gradients; bands in their order, dates as dates.

    `explained` is that of `evaluation.explanations.explain.explain`.
    """
    one = of_parcel(explained, parcel)
    figure = Figure(figsize=(WIDTH, 5.6))
    series, slopes, paths = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1.1, 1.1])
    draw_series(series, one)
    series.set_title("series as the network was shown it")
    bands = by_wavelength(one)
    of = str(one.attrs.get("gradient_of", "logit"))
    for axes, name, words, unit in (
        (slopes, "gradient", "gradient of the highest score, ∂max(ŷ)/∂x", f"{of} per\ndeviation"),
        (paths, "integrated", _told(one), of),
    ):
        values = one[name].sel(band=bands).transpose("band", "date").values
        reach = max(float(np.quantile(np.abs(values), 0.995)), 1e-9)
        image = axes.pcolormesh(
            edges(days(one)), np.arange(len(bands) + 1), values, cmap="RdBu", vmin=-reach, vmax=reach, rasterized=True
        )
        axes.set_yticks(np.arange(len(bands)) + 0.5, bands)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_title(words)
        mark_above(axes, one, 1.005, 1.04)
        bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01, extend="both")
        bar.set_label(unit)
    for axes, letter in ((series, "a"), (slopes, "b"), (paths, "c")):
        panel_letter(axes, letter)
    axis_of_dates(paths, one)
    figure.suptitle(title_of(one, parcel), x=0.01, ha="left", fontsize=9)
    figure.legend(handles=[*band_handles(one), *marked_handles(one)], loc="outside lower center", ncols=8)
    return figure


def _told(one: xr.Dataset) -> str:
    """What the integrated gradients of a parcel are, and whether they add up."""
    change, gap = one["change"].item(), one["gap"].item()
    of = one.attrs["gradient_of"]
    words = f"integrated gradients, against the average parcel ({of} {change:+.2f})"
    if gap > one.attrs["tolerance"]:
        return f"{words}; they do not add up: error {100 * gap:.0f} %"
    return f"{words}; error of the sum {100 * gap:.1f} %"


@styled
def class_gradients_figure(explained: xr.Dataset, bins: int = 24) -> Figure:
    """When each class is told apart: mean size of integrated gradients per class and time of the season.

    Dates of all parcels fall into `bins` equal steps of time; each row (class) sums to 1. Parcels whose integrated
    gradients do not add up are left out.
    """
    closed = explained["gap"].values <= explained.attrs["tolerance"]
    if not closed.any():
        figure = Figure(figsize=(WIDTH, 1.0))
        figure.text(0.5, 0.5, "the integrated gradients of no parcel add up to its score", ha="center", va="center")
        return figure
    explained = explained.isel(parcel=np.flatnonzero(closed))
    time = explained["time"].values.astype("datetime64[s]").astype(float) / 86400
    shown = explained["shown"].values
    size = np.abs(explained["integrated"].sum("band").values)
    borders = np.linspace(time[shown].min() - 0.5, time[shown].max() + 0.5, bins + 1)
    place = np.clip(np.digitize(time, borders) - 1, 0, bins - 1)
    names = explained["class"].values.astype(str)
    classes = sorted(set(names.tolist()))
    rows = np.zeros((len(classes), bins))
    for row, name in enumerate(classes):
        chosen = shown & (names == name)[:, None]
        rows[row] = np.bincount(place[chosen], size[chosen], bins)
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1e-12)
    bands = by_wavelength(explained)
    share = np.abs(explained["integrated"].sel(band=bands).values).sum(axis=1)
    share = np.stack([share[names == name].mean(axis=0) for name in classes])
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    figure = Figure(figsize=(WIDTH, 1.0 + 0.21 * len(classes)))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.7, 1])
    image = left.pcolormesh(borders, np.arange(len(classes) + 1), rows, cmap="viridis", vmin=0, rasterized=True)
    left.set_yticks(np.arange(len(classes)) + 0.5, classes)
    left.invert_yaxis()
    left.tick_params(axis="y", length=0)
    _months(left)
    left.set_title("when")
    figure.colorbar(image, ax=left, fraction=0.03, pad=0.01).set_label("share")
    image = right.pcolormesh(
        np.arange(len(bands) + 1), np.arange(len(classes) + 1), share, cmap="viridis", vmin=0, rasterized=True
    )
    right.set_xticks(np.arange(len(bands)) + 0.5, bands, rotation=90)
    right.tick_params(axis="both", length=0)
    right.set_title("by which band")
    figure.colorbar(image, ax=right, fraction=0.05, pad=0.01).set_label("share")
    for axes, letter in ((left, "a"), (right, "b")):
        panel_letter(axes, letter)
    if not closed.all():
        words = f"{(~closed).sum()} of {len(closed)} parcels are left out: their integrated gradients do not add up"
        figure.suptitle(words, x=0.01, ha="left", fontsize=7)
    return figure


def _months(axes: Axes) -> None:
    axes.xaxis_date()
    axes.xaxis.set_major_locator(matplotlib.dates.AutoDateLocator())
    axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
