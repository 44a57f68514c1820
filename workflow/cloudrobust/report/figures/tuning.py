"""The search for hyperparameters: what was found when, and which of them matter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..numbers import model_name
from ..palette import FAINT, INK, branch_colours
from ..style import WIDTH, styled


@styled
def tuning_figure(
    trials: pd.DataFrame, importance: Mapping[tuple[str, str], Mapping[str, float]], raw: str, preprocessed: str
) -> Figure:
    """A line of panels for each model: its trials in their order, and the importance of its hyperparameters.

    Parameters
    ----------
    trials
        Of `learning.tuning.overlay.together`: columns branch, model, trial (0 is the model as configured), kappa.
    importance
        Share of the variance of kappa that each hyperparameter explains, by branch and model; may be empty.
    raw, preprocessed
        The branches of the comparison, for their colours.
    """
    models = list(dict.fromkeys(trials["model"]))
    branches = list(dict.fromkeys(trials["branch"]))
    colours = branch_colours(branches, raw, preprocessed)
    most = [max((len(importance.get((b, m), {})) for b in branches), default=0) for m in models]
    heights = [max(1.25, 0.32 + 0.13 * len(branches) * n) for n in most]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.7))
    panels = figure.subplots(len(models), 2, squeeze=False, width_ratios=(3, 2), height_ratios=heights)
    for (course, bars), model in zip(panels, models, strict=True):
        for branch in branches:
            _course(course, trials[(trials["model"] == model) & (trials["branch"] == branch)], branch, colours[branch])
        course.set_title(model_name(model), loc="left")
        course.set_ylabel("validation κ")
        course.xaxis.set_major_locator(MaxNLocator(integer=True))
        course.grid(axis="y")
        _bars(bars, {b: importance.get((b, model), {}) for b in branches}, colours)
    panels[-1][0].set_xlabel("trial (0 and dashed: as configured)")
    panels[-1][1].set_xlabel("share of the variance of κ explained")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(branches))
    return figure


def _course(axes: Axes, rows: pd.DataFrame, branch: str, colour: str) -> None:
    rows = rows.sort_values("trial")
    kappa = rows["kappa"].to_numpy()
    axes.plot(rows["trial"], kappa, "o", ms=2.6, mec="none", color=colour, alpha=0.5)
    axes.step(rows["trial"], np.maximum.accumulate(kappa), where="post", color=colour, lw=1.3, label=branch)
    axes.axhline(kappa[0], color=colour, lw=0.8, ls=(0, (4, 3)), alpha=0.8, zorder=1)


def _bars(axes: Axes, found: Mapping[str, Mapping[str, float]], colours: Mapping[str, str]) -> None:
    names = list(dict.fromkeys(name for shares in found.values() for name in shares))
    if not names:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "too few trials to tell", color=FAINT, ha="center", va="center", transform=axes.transAxes)
        return
    mean = {name: np.mean([shares.get(name, 0.0) for shares in found.values() if shares]) for name in names}
    names.sort(key=lambda name: -mean[name])
    height = 0.8 / len(found)
    for number, (branch, shares) in enumerate(found.items()):
        place = np.arange(len(names)) + (number - (len(found) - 1) / 2) * height
        axes.barh(place, [shares.get(name, 0.0) for name in names], height * 0.9, color=colours[branch])
    axes.set_yticks(np.arange(len(names)), [name.replace("_", " ") for name in names], color=INK)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1)
    axes.grid(axis="x")
