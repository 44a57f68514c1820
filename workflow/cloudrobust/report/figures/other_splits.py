"""What other splits of the same parcels say: a random one beside the study's, and every fold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..numbers import model_name, signed_with_deviation
from ..palette import FAINT, INK, branch_colours
from ..style import WIDTH, panel_letter, styled


@styled
def claims_figure(claims: pd.DataFrame, raw: str, preprocessed: str) -> Figure:
    """A dumbbell a branch and model: accuracy on the study's split, and what a random split claims.

    Parameters
    ----------
    claims
        Of `evaluation.splits.claims`.
    raw, preprocessed
        The two branches, for their colours.
    """
    models = list(dict.fromkeys(claims["model"]))
    branches = list(dict.fromkeys(claims["branch"]))
    colours = branch_colours(branches, raw, preprocessed)
    figure = Figure(figsize=(0.75 * WIDTH, 0.95 + 0.23 * len(claims)))
    axes = figure.subplots()
    height = 0.7 / len(branches)
    for row in claims.to_dict("records"):
        y = models.index(row["model"]) + height * (branches.index(row["branch"]) - (len(branches) - 1) / 2)
        colour = colours[row["branch"]]
        axes.plot([row["study"], row["random"]], [y, y], color="#cfcfcf", lw=2.2, zorder=1)
        for name, face in (("study", colour), ("random", "white")):
            axes.errorbar(
                row[name], y, xerr=row[f"{name}_error"], fmt="o", ms=4, mfc=face, mec=colour, ecolor=colour,
                elinewidth=0.8, mew=0.9, zorder=2, gid=name,
            )  # fmt: skip
        axes.text(
            1.02, y, signed_with_deviation(row["claimed"], row["claimed_error"]), transform=axes.get_yaxis_transform(),
            ha="left", va="center", fontsize=6.5, color=INK if row["claimed"] > row["claimed_error"] else FAINT,
        )  # fmt: skip
    axes.text(1.02, -0.62, "random − study's", transform=axes.get_yaxis_transform(), fontsize=6.5, color=FAINT)
    axes.set_yticks(range(len(models)), [model_name(model) for model in models])
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.hlines(np.arange(len(models) - 1) + 0.5, 0, 1, transform=axes.get_yaxis_transform(), color="#e3e3e3", lw=0.5)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("overall accuracy ± standard error")
    handles = [Line2D([], [], color=colours[branch], lw=2, label=branch) for branch in branches]
    handles += [
        Line2D([], [], ls="", marker="o", ms=4, color=INK, label="the study's split"),
        Line2D([], [], ls="", marker="o", ms=4, mfc="white", mec=INK, mew=0.9, label="random split"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


@styled
def folds_figure(scores: pd.DataFrame, raw: str, preprocessed: str) -> Figure:
    """Accuracy of every fold (mean over seeds) on both branches, joined by a line; a panel for each model.

    Parameters
    ----------
    scores
        Of `evaluation.splits.fold_scores`.
    raw, preprocessed
        The two branches that are joined.
    """
    models = list(dict.fromkeys(scores["model"]))
    colours = branch_colours([preprocessed, raw], raw, preprocessed)
    figure = Figure(figsize=(WIDTH, 2.5))
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for letter, axes, model in zip("abcdefghijklmnopqrstuvwxyz", panels, models, strict=False):
        rows = scores[scores["model"] == model]
        means = rows.groupby(["fold", "branch"])["accuracy"].mean().unstack("branch")[[raw, preprocessed]]
        for fold in means.index:
            axes.plot([0, 1], means.loc[fold], color="#bdbdbd", lw=0.8, zorder=1)
            for place, branch in enumerate((raw, preprocessed)):
                axes.plot(
                    place, means.loc[fold, branch], "o", ms=4, color=colours[branch], mec="white", mew=0.5, gid="fold"
                )
        for place, branch in enumerate((raw, preprocessed)):
            axes.hlines(means[branch].mean(), place - 0.22, place + 0.22, color=colours[branch], lw=1.6)
        axes.set_xticks([0, 1], [raw, preprocessed])
        axes.set_xlim(-0.5, 1.5)
        axes.grid(axis="y")
        axes.set_title(model_name(model))
        panel_letter(axes, letter)
    panels[0].set_ylabel("overall accuracy")
    dot = Line2D([], [], ls="", marker="o", ms=4, color=INK, label="one fold as the test part, mean over seeds")
    bar = Line2D([], [], lw=1.6, color=INK, label="mean over folds")
    figure.legend(handles=[dot, bar], loc="outside lower center", ncols=2)
    return figure
