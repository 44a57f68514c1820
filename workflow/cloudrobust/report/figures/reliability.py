"""Reliability diagrams: do probabilities say how often the answers are right?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..numbers import model_name, score
from ..palette import FAINT, INK, branch_colours
from ..style import WIDTH, panel_letter, styled

SIZE = 42.0
"""Area of the marker of the bin with most answers, in square points."""

KEY = "calibration error before → after temperature scaling; area of a marker: answers in its bin"


@styled
def reliability_figure(
    bins: pd.DataFrame, errors: Mapping[tuple[str, str], tuple[float, float]], raw: str, preprocessed: str
) -> Figure:
    """Accuracy against confidence in each bin, before and after temperature scaling; a panel for each model.

    Parameters
    ----------
    bins
        Of `evaluation.calibration.reliability`, with `branch` and `model`; answers of all seeds pooled.
    errors
        By branch and model: expected calibration error before and after, the mean over seeds.
    raw, preprocessed
        The two branches; the others are not drawn.
    """
    branches = [branch for branch in (preprocessed, raw) if branch in set(bins["branch"])]
    colours = branch_colours(branches, raw, preprocessed)
    models, most = list(dict.fromkeys(bins["model"])), float(bins["answers"].max())
    columns = min(len(models), 3)
    rows = -(-len(models) // columns)
    figure = Figure(figsize=(WIDTH, 0.55 + 2.85 * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for letter, axes, model in zip("abcdefghijklmnopqrstuvwxyz", panels, models, strict=False):
        axes.plot([0, 1], [0, 1], color=FAINT, lw=0.7, ls=(0, (3, 2)))
        words = []
        for branch in branches:
            mine = bins[(bins["branch"] == branch) & (bins["model"] == model)]
            for scaled, lines in mine.groupby("scaled"):
                colour, style = colours[branch], "-" if scaled else (0, (2, 1.5))
                axes.plot(lines["confidence"], lines["accuracy"], lw=0.8, ls=style, color=colour, alpha=0.55)
                axes.scatter(
                    lines["confidence"], lines["accuracy"], s=SIZE * lines["answers"] / most + 2.0, lw=0.7, zorder=3,
                    edgecolor=colour, facecolor=colour if scaled else "white", clip_on=False,
                    gid="after" if scaled else "before",
                )  # fmt: skip
            before, after = errors.get((branch, model), (float("nan"), float("nan")))
            words.append(f"error, {branch}: {score(before)} → {score(after)}")
        axes.set_xlabel("\n".join(["confidence", *words]))
        axes.tick_params(labelbottom=True)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.grid()
        axes.set_title(model_name(model))
        panel_letter(axes, letter)
    for number, axes in enumerate(panels):
        if number >= len(models):
            axes.set_axis_off()
        if number % columns == 0:
            axes.set_ylabel("share that is right")
    handles = [Line2D([], [], color=colours[branch], label=branch) for branch in branches]
    handles += [
        Line2D([], [], color=INK, ls=(0, (2, 1.5)), marker="o", ms=3.2, mfc="white", label="as trained"),
        Line2D([], [], color=INK, marker="o", ms=3.2, label="after temperature scaling"),
        Line2D([], [], color=FAINT, lw=0.7, ls=(0, (3, 2)), label="perfectly calibrated"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.4, title=KEY)
    return figure
