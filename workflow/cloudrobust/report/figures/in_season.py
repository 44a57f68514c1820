"""How early in the season the answers are right: trained for it, not trained for it, and with a stopping rule."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...evaluation.in_season import TRAINED
from ..numbers import model_name
from ..palette import FAINT, INK, branch_colours
from ..style import WIDTH, panel_letter, styled

DASHES = {"cut": "-", "whole": "--", "each": ""}


@styled
def in_season_figure(curves: pd.DataFrame, stops: pd.DataFrame, raw: str, preprocessed: str) -> Figure:
    """A row for each model, a column for each branch; accuracy against the day on which series end.

    Parameters
    ----------
    curves
        Of `evaluation.in_season.accuracy_by_end`, with `branch`, `model` and `trained`.
    stops
        Of `evaluation.in_season.stopping`, with `branch` and `model`: drawn against the mean day of the answers.
    raw, preprocessed
        The branches that are compared, for their colours.
    """
    models, branches = (list(dict.fromkeys(curves[name])) for name in ("model", "branch"))
    colours = branch_colours(branches, raw, preprocessed)
    figure = Figure(figsize=(WIDTH, 0.9 + 1.9 * len(models)))
    panels = figure.subplots(len(models), len(branches), sharex=True, sharey=True, squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, model in enumerate(models):
        for column, branch in enumerate(branches):
            axes = panels[row, column]
            mine, rule = (table[(table["model"] == model) & (table["branch"] == branch)] for table in (curves, stops))
            if mine.empty:
                axes.set_axis_off()
                continue
            _ends(axes, mine, colours[branch])
            _rule(axes, rule)
            axes.set_title(f"{model_name(model)}, {branch}")
            panel_letter(axes, next(letters, ""))
            axes.grid()
            axes.set_ylim(0, 1)
            axes.xaxis.set_major_locator(MonthLocator())
            axes.xaxis.set_major_formatter(DateFormatter("%b"))
            if row == len(models) - 1:
                axes.set_xlabel("day of the answer")
            if column == 0:
                axes.set_ylabel("overall accuracy")
    figure.legend(handles=_handles(curves), loc="outside lower center", ncols=3)
    return figure


def _ends(axes: Axes, lines: pd.DataFrame, colour: str) -> None:
    for kind, mine in lines.groupby("trained", sort=False):
        days = pd.to_datetime(mine["end"])
        shade = FAINT if kind == "whole" else colour
        axes.fill_between(days, mine["low"], mine["high"], color=shade, alpha=0.14, lw=0)
        if DASHES[str(kind)]:
            axes.plot(days, mine["accuracy"], DASHES[str(kind)], color=shade, lw=1.1, gid=str(kind))
        else:
            axes.plot(days, mine["accuracy"], "o", ms=2.6, mfc="white", mew=0.8, color=shade, gid=str(kind))


def _rule(axes: Axes, rule: pd.DataFrame) -> None:
    """The stopping rule over its thresholds, and the one that was chosen."""
    rule = rule.sort_values("day")
    axes.plot(pd.to_datetime(rule["day"].astype("int64")), rule["accuracy"], ":", color=INK, lw=1.1, gid="rule")
    one = rule[rule["chosen"].astype(bool)].iloc[0]
    axes.plot(pd.to_datetime([int(one["day"])]), [one["accuracy"]], "*", ms=6, color=INK, zorder=5, gid="chosen")


def _handles(curves: pd.DataFrame) -> list[Line2D]:
    kinds = [kind for kind in TRAINED if kind in set(curves["trained"])]
    styles: dict[str, dict[str, Any]] = {
        "cut": {"ls": "-", "color": INK},
        "whole": {"ls": "--", "color": FAINT},
        "each": {"ls": "", "marker": "o", "ms": 3, "mfc": "white", "color": INK},
    }
    return [
        *(Line2D([], [], label=f"{TRAINED[kind]}, all parcels on one day", **styles[kind]) for kind in kinds),
        Line2D([], [], ls=":", color=INK, label="each parcel when it is sure enough, mean day"),
        Line2D([], [], ls="", marker="*", ms=6, color=INK, label="threshold that validation chooses"),
    ]
