"""From raw to preprocessed, one change at a time: a waterfall, and what stands beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..numbers import METRIC_NAMES, model_name, score, signed
from ..palette import FAINT, INK, PREPROCESSED, RAW, RIGHT, WRONG, model_colours
from ..style import WIDTH, panel_letter, styled

MARKERS = ("o", "D", "s", "^", "v", "P", "X")


@styled
def waterfall_figure(bars: pd.DataFrame, confidence: float = 0.95, metric: str = "accuracy") -> Figure:
    """A waterfall for each model; below, the bars that stand beside the path, a mark for each model.

    Parameters
    ----------
    bars
        Of `evaluation.difference.bars`.
    confidence
        Coverage of the intervals, for the legend.
    metric
        "accuracy" or "kappa".
    """
    models = list(dict.fromkeys(bars["model"]))
    beside = bars[bars["group"] == "beside"]
    rows = 1 + (len(beside) > 0)
    below = 0.5 + 0.3 * beside["name"].nunique() if rows > 1 else 0
    figure = Figure(figsize=(WIDTH, 3.2 + below))
    # Apart, so that the long names below do not narrow the panels above.
    parts = figure.subfigures(rows, 1, height_ratios=[3.2, below] if rows > 1 else None, squeeze=False)[:, 0]
    for number, (model, axes) in enumerate(
        zip(models, parts[0].subplots(1, len(models), sharey=True, squeeze=False)[0], strict=True)
    ):
        path = bars[(bars["model"] == model) & (bars["group"] == "path")]
        _path(axes, path, metric)
        axes.set_title(model_name(model))
        panel_letter(axes, "abcdefgh"[number])
        if number == 0:
            axes.set_ylabel(METRIC_NAMES[metric].lower())
    if rows > 1:
        axes = parts[1].subplots()
        _beside(axes, beside, models, metric)
        panel_letter(axes, "abcdefgh"[len(models)])
    parts[-1].supxlabel(f"lines: {100 * confidence:g} % paired intervals over test parcels and seeds", fontsize=6.5)
    return figure


def _path(axes: Axes, path: pd.DataFrame, metric: str) -> None:
    """Raw, then every change from where the one before it ended, then preprocessed."""
    if path.empty:
        axes.text(0.5, 0.5, "both branches are the same", ha="center", va="center", transform=axes.transAxes)
        return
    begin, end = path[f"{metric}_against"].to_numpy(float), path[f"{metric}_of"].to_numpy(float)
    low, high = (begin + path[f"{metric}_{side}"].to_numpy(float) for side in ("low", "high"))
    at = np.arange(1, len(path) + 1)
    last = len(path) + 1
    bottom = min(begin.min(), end.min(), low.min())
    top = max(begin.max(), end.max(), high.max())
    room = max(top - bottom, 0.02)
    floor = max(0.0, bottom - 0.15 * room)
    axes.bar([0], [begin[0] - floor], bottom=floor, color=RAW, width=0.62, gid="raw")
    axes.bar([last], [end[-1] - floor], bottom=floor, color=PREPROCESSED, width=0.62, gid="preprocessed")
    colours = [RIGHT if b <= e else WRONG for b, e in zip(begin, end, strict=True)]
    axes.bar(at, end - begin, bottom=begin, color=colours, alpha=0.45, width=0.62, gid="bars")
    axes.vlines(at, low, high, color=INK, lw=1.0, gid="intervals")
    levels = np.append(begin, end[-1])
    for left, level in enumerate(levels):
        axes.hlines(level, left - 0.31, left + 1.31, color=FAINT, lw=0.5, ls=":")
    labels = [score(begin[0]), *(signed(value) for value in path[metric]), score(end[-1])]
    tops = [begin[0], *np.maximum(high, np.maximum(begin, end)), end[-1]]
    for x, y, text in zip(range(last + 1), tops, labels, strict=True):
        axes.text(x, y + 0.02 * room, text, ha="center", va="bottom", fontsize=6)
    axes.set_ylim(floor, top + 0.12 * room)
    axes.set_xticks(range(last + 1), ["raw", *path["name"], "preprocessed"], rotation=35, ha="right")
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")


def _beside(axes: Axes, bars: pd.DataFrame, models: list[str], metric: str) -> None:
    names = list(dict.fromkeys(bars["name"]))
    colours = model_colours(models)
    for number, model in enumerate(models):
        own = bars[bars["model"] == model].set_index("name").reindex(names)
        y = np.arange(len(names)) + 0.22 * (number - (len(models) - 1) / 2)
        axes.hlines(y, own[f"{metric}_low"], own[f"{metric}_high"], color=colours[model], lw=1.2)
        axes.plot(
            own[metric], y, MARKERS[number % len(MARKERS)], color=colours[model], ms=4, mec="white", mew=0.5,
            label=model_name(model), gid=f"beside-{model}",
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(0, color=INK, lw=0.7, zorder=1)
    axes.grid(axis="x")
    axes.set_title("Beside the path")
    axes.set_xlabel(f"difference of {METRIC_NAMES[metric].lower()}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


@styled
def mask_errors_figure(curves: pd.DataFrame, masks: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """Accuracy under omission and commission, with the levels of raw and of no mask, and the masks where they stand.

    Parameters
    ----------
    curves, masks
        Of `evaluation.difference.curves` and `mask_errors`.
    confidence
        Coverage of the bands, for the legend.
    """
    models, kinds = (list(dict.fromkeys(curves[name])) for name in ("model", "kind"))
    if curves.empty:
        figure = Figure(figsize=(WIDTH, 1.0))
        figure.text(0.5, 0.5, "the preprocessed branch has no mask", ha="center")
        return figure
    figure = Figure(figsize=(WIDTH, 0.7 + 1.9 * len(models)))
    panels = figure.subplots(len(models), len(kinds), sharey="row", sharex=True, squeeze=False)
    letters = iter("abcdefghijklmnop")
    colours = model_colours(models)
    words = {"omission": "share of cloudy dates that the mask misses", "commission": "share of clear dates it removes"}
    for row, model in enumerate(models):
        for column, kind in enumerate(kinds):
            axes = panels[row, column]
            own = curves[(curves["model"] == model) & (curves["kind"] == kind)].sort_values("rate")
            axes.fill_between(own["rate"], own["low"], own["high"], color=colours[model], alpha=0.18, lw=0)
            axes.plot(own["rate"], own["accuracy"], "o-", ms=3, color=colours[model], gid=f"{model}-{kind}")
            for name, style, label in (("raw", "--", "raw"), ("unmasked", ":", "no mask")):
                if f"over_{name}" in own:
                    level = float((own["accuracy"] - own[f"over_{name}"]).iloc[0])
                    axes.axhline(level, color=INK, lw=0.8, ls=style)
                    axes.annotate(label, (1, level), xycoords=axes.get_yaxis_transform(), xytext=(-2, 1),
                                  textcoords="offset points", ha="right", va="bottom", fontsize=6)  # fmt: skip
            for mask in masks.itertuples(index=False):
                rate = float(getattr(mask, kind))
                if mask.mask != "truth" and np.isfinite(rate):
                    axes.axvline(rate, color=FAINT, lw=0.7)
                    axes.annotate(str(mask.mask), (rate, 0), xycoords=axes.get_xaxis_transform(), xytext=(1, 2),
                                  textcoords="offset points", rotation=90, fontsize=6, color=FAINT)  # fmt: skip
            axes.set_title(model_name(model))
            panel_letter(axes, next(letters, ""))
            axes.grid()
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            if row == len(models) - 1:
                axes.set_xlabel(words[kind])
            if column == 0:
                axes.set_ylabel("overall accuracy")
    figure.supxlabel(
        f"bands: {100 * confidence:g} % over test parcels and seeds; grey: where masks stand", fontsize=6.5
    )
    return figure
