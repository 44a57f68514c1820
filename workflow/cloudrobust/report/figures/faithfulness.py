"""Faithfulness: how the score falls when the dates that an explanation calls important are deleted."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from ..numbers import model_name
from ..palette import FAINT
from ..style import WIDTH, panel_letter, styled

COLOURS = {"gradient": "#cc79a7", "integrated gradients": "#0072b2", "attention": "#d55e00", "random": FAINT}
DASHES = {"gradient": (4, 1.5), "integrated gradients": (), "attention": (6, 1.5, 1.5, 1.5), "random": (1.5, 1.5)}


@styled
def faithfulness_figure(curves: Mapping[tuple[str, str], pd.DataFrame]) -> Figure:
    """One panel a branch (row) and model (column): probability of the first answer against the share of deleted dates.

    Parameters
    ----------
    curves
        By branch and model: rows of `evaluation.explanations.faithfulness.faithfulness`.
    """
    branches = list(dict.fromkeys(branch for branch, _ in curves))
    models = list(dict.fromkeys(model for _, model in curves))
    figure = Figure(figsize=(WIDTH, 0.75 + 1.75 * len(branches)))
    panels = figure.subplots(len(branches), len(models), sharex=True, sharey=True, squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    handles: dict[str, object] = {}
    for row, branch in enumerate(branches):
        for column, model in enumerate(models):
            axes = panels[row, column]
            if (branch, model) not in curves:
                axes.set_axis_off()
                continue
            for method, lines in curves[branch, model].groupby("method", sort=False):
                name = str(method)
                colour, share = COLOURS[name], 100 * lines["deleted"]
                axes.fill_between(share, lines["low"], lines["high"], color=colour, alpha=0.15, lw=0)
                (line,) = axes.plot(share, lines["probability"], color=colour, label=name, gid=name)
                if DASHES[name]:
                    line.set_dashes(DASHES[name])
                handles[name] = line
            axes.set_title(f"{model_name(model)}, {branch}")
            panel_letter(axes, next(letters, ""))
            axes.grid(axis="y")
            axes.set_ylim(0, 1)
            axes.set_xlim(0, 90)
            if row == len(branches) - 1:
                axes.set_xlabel("deleted dates (%)")
            if column == 0:
                axes.set_ylabel("probability of\nthe first answer")
    order = [name for name in COLOURS if name in handles]
    figure.legend(handles=[handles[name] for name in order], labels=order, loc="outside lower center", ncols=4)
    return figure
