"""For whom preprocessing helps: differences by groups of parcels, and against the number of labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..numbers import model_name
from ..palette import FAINT, INK, PREPROCESSED, RAW
from ..style import WIDTH, panel_letter, shorten, styled


@styled
def for_whom_figure(table: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """A panel for each kind of group; faint the plain difference with its interval, strong the shrunk one.

    Parameters
    ----------
    table
        Of `evaluation.for_whom.by_groups`; its first model is drawn.
    confidence
        Coverage of the intervals, for the legend.
    """
    shown = table[table["model"] == table["model"].iloc[0]]
    kinds = list(dict.fromkeys(shown["kind"]))
    sizes = [int((shown["kind"] == kind).sum()) for kind in kinds]
    # The classes on the left, the other kinds below each other on the right.
    right = kinds[1:]
    rows = max(sizes[0], sum(size + 2 for size in sizes[1:]))
    figure = Figure(figsize=(WIDTH, max(2.4, 0.9 + 0.2 * rows)))
    # Apart, so that long names on one side do not narrow the other.
    parts = figure.subfigures(1, 2 if right else 1, squeeze=False)[0]
    places = [parts[0].subplots()]
    if right:
        ratios = [size + 1 for size in sizes[1:]]
        places += list(parts[1].subplots(len(right), 1, squeeze=False, height_ratios=ratios)[:, 0])
    for number, (kind, axes) in enumerate(zip(kinds, places, strict=True)):
        own = shown[shown["kind"] == kind].reset_index(drop=True)
        y = np.arange(len(own))
        axes.hlines(y - 0.14, own["low"], own["high"], color=FAINT, lw=0.8)
        axes.plot(own["estimate"], y - 0.14, "o", color=FAINT, mfc="white", ms=3.2, label="plain", gid=f"plain-{kind}")
        axes.hlines(y + 0.14, own["shrunk_low"], own["shrunk_high"], color=PREPROCESSED, lw=1.4)
        axes.plot(own["shrunk"], y + 0.14, "o", color=PREPROCESSED, ms=3.6, label="shrunk", gid=f"shrunk-{kind}")
        axes.axvline(0, color=INK, lw=0.7, zorder=1)
        labels = [f"{shorten(str(row.group), 24)} ({row.parcels})" for row in own.itertuples()]
        axes.set_yticks(y, labels, fontsize=6)
        axes.set_ylim(len(own) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_title(kind)
        panel_letter(axes, "abcdefgh"[number])
        if number in (0, len(kinds) - 1):
            axes.set_xlabel("accuracy, preprocessed − raw")
    places[0].legend(loc="best")
    model = model_name(str(shown["model"].iloc[0]))
    parts[0].supxlabel(f"{model}; lines: {100 * confidence:g} % intervals; (test parcels)", fontsize=6.5)
    return figure


@styled
def learning_curve_figure(table: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """Above accuracy against the number of labels, below the paired difference; a column for each model.

    Parameters
    ----------
    table
        Of `evaluation.learning_curve.learning_curve`.
    confidence
        Coverage of the intervals, for the legend.
    """
    models = list(dict.fromkeys(table["model"]))
    figure = Figure(figsize=(WIDTH if len(models) > 1 else 0.6 * WIDTH, 3.9))
    panels = figure.subplots(2, len(models), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 2])
    for column, model in enumerate(models):
        own = table[table["model"] == model].sort_values("labels")
        above, below = panels[:, column]
        for branch, colour, mark in (("raw", RAW, "o"), ("preprocessed", PREPROCESSED, "D")):
            above.fill_between(
                own["labels"], own[f"{branch}_low"], own[f"{branch}_high"], color=colour, alpha=0.15, lw=0
            )
            above.plot(
                own["labels"], own[branch], mark, ls="-", ms=3, color=colour, label=branch, gid=f"{model}-{branch}"
            )
        below.axhline(0, color=INK, lw=0.7)
        below.fill_between(own["labels"], own["low"], own["high"], color=FAINT, alpha=0.25, lw=0)
        below.plot(own["labels"], own["estimate"], "o-", ms=3, color=INK, gid=f"{model}-difference")
        above.set_title(model_name(model))
        panel_letter(above, "abcdefgh"[column])
        below.set_xscale("log")
        ticks = own["labels"].to_numpy()
        below.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45)
        below.minorticks_off()
        below.set_xlabel("labelled training parcels")
        for axes in (above, below):
            axes.grid()
    panels[0, 0].set_ylabel("overall accuracy")
    panels[1, 0].set_ylabel("preprocessed − raw")
    handles, words = panels[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, words, loc="outside lower center", ncols=2, title=f"bands: {100 * confidence:g} %"
    )  # fmt: skip
    return figure
