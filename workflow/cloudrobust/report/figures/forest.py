"""Many studies one below the other, with their mean and what to expect of the next."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from scipy.stats import norm

from ...evaluation.pool import Pooled
from ..numbers import METRIC_NAMES, model_name
from ..palette import FAINT, INK, model_colours
from ..pool import small
from ..style import WIDTH, panel_letter, shorten, styled

Z = float(norm.ppf(0.975))


@styled
def forest_figure(table: pd.DataFrame, pooled: Mapping[str, Pooled], metric: str) -> Figure:
    """A panel a model: each study with its 95 % interval, the mean as a diamond, the prediction interval as a bar.

    Parameters
    ----------
    table
        Of `evaluation.study_file.table_of`: the studies that are pooled, in order.
    pooled
        By model.
    metric
        Whose differences they are.
    """
    models = list(pooled)
    across = min(len(models), 2)
    down = math.ceil(len(models) / across)
    rows = max(one.studies for one in pooled.values()) + 2
    figure = Figure(figsize=(WIDTH if across > 1 else 0.7 * WIDTH, down * (0.7 + 0.24 * rows)))
    panels = figure.subplots(down, across, squeeze=False, sharex=True)
    colours = model_colours(models)
    for number, axes in enumerate(panels.ravel()):
        if number >= len(models):
            axes.set_visible(False)
            continue
        model = models[number]
        _panel(axes, table[table["model"] == model], pooled[model], colours[model])
        axes.set_title(model_name(model))
        panel_letter(axes, "abcdefghijklmnopqrstuvwxyz"[number % 26])
        if number >= len(models) - across:
            axes.set_xlabel(f"difference of {small(METRIC_NAMES[metric])}, preprocessed − raw")
            axes.tick_params(axis="x", labelbottom=True)
    handles = [
        Line2D([], [], marker="s", color=FAINT, label="a study, 95 % interval; size: its weight"),
        Line2D([], [], marker="D", ls="", color=INK, label="mean, 95 % interval"),
        Line2D([], [], color=INK, lw=3, alpha=0.4, label="next region, 95 % prediction interval"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3 if across > 1 else 1)
    return figure


def _panel(axes: Axes, mine: pd.DataFrame, one: Pooled, colour: str) -> None:
    y = np.arange(len(mine), dtype=float)
    estimate, error = mine["estimate"].to_numpy(float), mine["error"].to_numpy(float)
    axes.hlines(y, estimate - Z * error, estimate + Z * error, color=colour, lw=1.0)
    share = np.asarray(one.weights) / max(one.weights)
    axes.scatter(estimate, y, s=8 + 28 * share, marker="s", color=colour, zorder=3, gid="studies")
    at, after = len(mine) + 0.3, len(mine) + 1.2
    diamond = [(one.low, at), (one.estimate, at - 0.28), (one.high, at), (one.estimate, at + 0.28)]
    axes.add_patch(Polygon(diamond, closed=True, color=INK, gid="mean"))
    labels = [shorten(name, 28) for name in mine["study"]] + ["mean"]
    places = [*y, at]
    if not math.isnan(one.next_low):
        axes.hlines(after, one.next_low, one.next_high, color=INK, lw=3, alpha=0.4, gid="next")
        labels.append("next region")
        places.append(after)
    axes.autoscale_view()
    axes.axvline(0, color=INK, lw=0.7, zorder=1)
    axes.set_yticks(places, labels)
    axes.set_ylim(after + 0.6, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
