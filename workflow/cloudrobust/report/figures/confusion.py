"""Confusion matrices of one model, raw and preprocessed side by side."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.textpath import TextPath

from ..numbers import model_name
from ..style import WIDTH, panel_letter, shorten, styled

WRITTEN = 16
"""Up to this many classes each cell bears its number."""


@styled
def confusion_figure(matrices: dict[str, xr.DataArray], model: str) -> Figure:
    """Share of the parcels of each true class that is called each class.

    Parameters
    ----------
    matrices
        By branch, in the order of the panels: counts with dims (true, predicted) or (seed, true, predicted), of
        `evaluation.metrics.confusion`. All have the same classes.
    model
        Name of the model, for the title.
    """
    summed = {branch: _without_seeds(matrix) for branch, matrix in matrices.items()}
    seeds = {branch: matrix.sizes.get("seed", 1) for branch, matrix in matrices.items()}
    first = next(iter(summed.values()))
    # Largest class first; a class that is neither true nor predicted anywhere has nothing to show.
    support = first.sum("predicted").to_numpy() / next(iter(seeds.values()))
    occurs = np.any([m.sum("predicted").to_numpy() + m.sum("true").to_numpy() > 0 for m in summed.values()], axis=0)
    order = [n for n in np.argsort(-support, kind="stable") if occurs[n]]
    names = [str(first["true"].values[n]) for n in order]
    size = len(names)
    labels = [f"{shorten(name)} ({support[n]:.0f})" for name, n in zip(names, order, strict=True)]
    cell = (WIDTH - 2.4) / (2 * size) if size <= WRITTEN else 0.1
    type_size = min(7.0, 0.72 * 72 * cell)
    figure, panels, bar_axes = _frame(
        len(summed), size * cell, _longest(labels, type_size), _longest([shorten(name) for name in names], type_size)
    )
    for letter, axes, (branch, matrix) in zip("abcdef", panels, summed.items(), strict=False):
        counts = matrix.to_numpy()[np.ix_(order, order)]
        image = _panel(axes, _normalised(counts), names, type_size)
        axes.set_yticks(range(size), labels if axes is panels[0] else [], fontsize=type_size)
        axes.set_title(f"{model_name(model)}, {branch}: {np.trace(counts) / counts.sum():.3f} right")
        panel_letter(axes, letter)
    panels[0].set_ylabel("true class (test parcels)")
    bar = figure.colorbar(image, cax=bar_axes)
    bar.set_label("share of the true class (%)")
    bar.set_ticks([0, 5, 10, 25, 50, 75, 100])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    return figure


def _longest(labels: list[str], type_size: float) -> float:
    """Inches that the longest label takes."""
    return max(TextPath((0, 0), label, size=type_size).get_extents().width for label in labels) / 72


def _frame(count: int, side: float, beside: float, below: float) -> tuple[Figure, list[Axes], Axes]:
    """A figure with `count` square panels of `side` inches, room for labels of `beside` and `below` inches,
    and a colour bar.

    Placed by hand: a layout engine cannot size a figure to its panels.
    """
    left, bottom, top, gap, bar = beside + 0.35, below + 0.35, 0.3, 0.2, 0.1
    width = left + count * side + (count - 1) * gap + 0.15 + bar + 0.5
    height = bottom + side + top
    figure = Figure(figsize=(width, height), layout=PlaceHolderLayoutEngine(False, False))
    panels = [
        figure.add_axes(((left + n * (side + gap)) / width, bottom / height, side / width, side / height))
        for n in range(count)
    ]
    place = (width - bar - 0.5, bottom + 0.15 * side, bar, 0.7 * side)
    bar_axes = figure.add_axes((place[0] / width, place[1] / height, place[2] / width, place[3] / height))
    return figure, panels, bar_axes


def _without_seeds(matrix: xr.DataArray) -> xr.DataArray:
    return matrix.sum("seed") if "seed" in matrix.dims else matrix


def _normalised(counts: np.ndarray) -> np.ndarray:
    """Percent of each row's sum; NaN where a class has no true parcel."""
    sums = counts.sum(axis=1, keepdims=True).astype(float)
    return 100 * counts / np.where(sums > 0, sums, np.nan)


def _panel(axes: Axes, share: np.ndarray, names: list[str], type_size: float) -> AxesImage:
    size = len(names)
    colours = colormaps["Blues"].with_extremes(bad="#f4f4f4")
    # Not linear: confusions of a few percent are what one looks for.
    image = axes.imshow(share, cmap=colours, norm=PowerNorm(0.6, 0, 100), aspect="equal")
    axes.set_xticks(range(size), [shorten(name) for name in names], rotation=90, fontsize=type_size)
    axes.set_xlabel("predicted class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", lw=0.8 if size <= WRITTEN else 0.3)
    axes.tick_params(which="minor", length=0)
    if size <= WRITTEN:
        _write(axes, share)
    return image


def _write(axes: Axes, share: np.ndarray) -> None:
    type_size = min(6.5, 62 / len(share))
    for (row, column), value in np.ndenumerate(share):
        if np.isfinite(value) and value >= 0.5:
            axes.text(
                column, row, f"{value:.0f}", ha="center", va="center", fontsize=type_size,
                color="white" if value > 38 else "#222222",
            )  # fmt: skip
