"""How trained models bear fewer clear dates, more clouds and an earlier end of the season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from ..numbers import model_name
from ..palette import branch_colours
from ..style import WIDTH, panel_letter, styled

EXPERIMENTS = {
    "lost": "share of the clear dates lost",
    "clouded": "share under clouds that no mask sees",
    "end": "last day that is seen",
}
PARCELS = {
    "clear dates": "clear dates of a parcel (bins)",
    "cloud share": "cloudy share of a parcel's dates (bins)",
}
MARKERS = "oDs^v"


@styled
def robustness_figure(table: pd.DataFrame, raw: str, preprocessed: str) -> Figure:
    """A row for each model, a column for each experiment; accuracy of the branches as curves with bands of 95 %.

    Parameters
    ----------
    table
        Of `evaluation.robustness.robustness`, with `branch` and `model`.
    raw, preprocessed
        The two branches, for their colours; further branches follow in theirs.
    """
    return _grid(table, EXPERIMENTS, raw, preprocessed)


@styled
def robustness_parcels_figure(table: pd.DataFrame, raw: str, preprocessed: str) -> Figure:
    """The same for parcels as they are, by their number of clear dates and their share of cloudy ones."""
    return _grid(table, PARCELS, raw, preprocessed)


def _grid(table: pd.DataFrame, kinds: Mapping[str, str], raw: str, preprocessed: str) -> Figure:
    models = list(dict.fromkeys(table["model"]))
    branches = list(dict.fromkeys(table["branch"]))
    present = [kind for kind in kinds if kind in set(table["kind"])]
    width = WIDTH if len(present) > 2 else 0.75 * WIDTH
    if not present:
        figure = Figure(figsize=(width, 1.0))
        figure.text(0.5, 0.5, "no parcel has dates that can be told apart as clear and cloudy", ha="center")
        return figure
    figure = Figure(figsize=(width, 0.6 + 1.45 * len(models)))
    panels = figure.subplots(len(models), len(present), sharex="col", sharey="row", squeeze=False)
    colours = branch_colours(branches, raw, preprocessed)
    letters = iter("abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for row, model in enumerate(models):
        for column, kind in enumerate(present):
            axes = panels[row, column]
            lines = table[(table["model"] == model) & (table["kind"] == kind)]
            _curves(axes, lines, branches, colours, kind)
            axes.set_title(model_name(model))
            panel_letter(axes, next(letters, ""))
            axes.grid()
            if row == len(models) - 1:
                axes.set_xlabel(kinds[kind])
            if kinds is EXPERIMENTS:
                axes.set_ylim(0, 1)
            if column == 0:
                axes.set_ylabel("overall accuracy")
    handles = [
        Line2D([], [], color=colours[branch], marker=MARKERS[n % len(MARKERS)], ms=3, label=branch)
        for n, branch in enumerate(branches)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), title="bands: 95 % over test parcels and seeds"
    )
    return figure


def _curves(axes: Axes, lines: pd.DataFrame, branches: Sequence[str], colours: Mapping[str, str], kind: str) -> None:
    for n, branch in enumerate(branches):
        mine = lines[lines["branch"] == branch].sort_values("x")
        x = pd.to_datetime(mine["x"].astype("int64")) if kind == "end" else mine["x"]
        axes.fill_between(x, mine["low"], mine["high"], color=colours[branch], alpha=0.18, lw=0)
        axes.plot(
            x, mine["accuracy"], marker=MARKERS[n % len(MARKERS)], ms=2.6, lw=1.0, color=colours[branch], gid=branch
        )
    if kind == "end":
        axes.xaxis.set_major_locator(MonthLocator(interval=2))
        axes.xaxis.set_major_formatter(DateFormatter("%b"))
    elif kind != "clear dates":
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
