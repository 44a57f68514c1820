"""Both tables of the study as one figure: every seed, mean and deviation, and the difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..numbers import METRIC_NAMES, model_name, signed_with_deviation
from ..palette import FAINT, INK, branch_colours
from ..style import WIDTH, panel_letter, styled

ROW = 0.16
"""Distance between the branches of a model, where models are 1 apart."""


@styled
def comparison_figure(
    scores: pd.DataFrame, tables: Mapping[str, pd.DataFrame], reference: Mapping[str, float] | None = None
) -> Figure:
    """Accuracy, kappa … of every model in every branch.

    Parameters
    ----------
    scores
        Of `evaluation.compare.scores`: one line a branch, model and seed.
    tables
        By metric, of `evaluation.compare.comparison_table`; one panel each.
    reference
        By metric, the score of always answering the most frequent class, drawn as a line if it lies in view.
    """
    first = next(iter(tables.values()))
    branches: list[str] = first.attrs["branches"]
    colours = branch_colours(branches, first.attrs["raw"], first.attrs["preprocessed"])
    rows = len(first) * max(len(branches), 2)
    figure = Figure(figsize=(WIDTH, 1.3 + 0.21 * rows))
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for letter, axes, (metric, table) in zip("abcdef", panels, tables.items(), strict=False):
        _panel(axes, scores, table, colours)
        if reference is not None and metric in reference:
            _reference(axes, reference[metric])
        axes.set_title(METRIC_NAMES[metric])
        panel_letter(axes, letter)
    handles, labels = panels[0].get_legend_handles_labels()
    handles.append(Line2D([], [], ls="", marker="o", ms=3.4, mfc="white", mec=INK, mew=0.7))
    handles.append(Line2D([], [], ls="-", lw=1.2, marker="|", ms=9, mew=1.8, color=INK))
    handles.append(Line2D([], [], ls=""))
    labels += ["one seed", "mean ± standard deviation over seeds", "Δ in grey: not larger than its deviation"]
    figure.legend(handles, labels, loc="outside lower center", ncols=3, columnspacing=1.2)
    return figure


def _panel(axes: Axes, scores: pd.DataFrame, table: pd.DataFrame, colours: Mapping[str, str]) -> None:
    metric, branches = table.attrs["metric"], table.attrs["branches"]
    offsets = ROW * (np.arange(len(branches)) - (len(branches) - 1) / 2) * (2 if len(branches) == 2 else 1.5)
    for branch, offset in zip(branches, offsets, strict=True):
        y = np.arange(len(table)) + offset
        for at, model in zip(y, table["model"], strict=True):
            seeds = scores.loc[(scores["branch"] == branch) & (scores["model"] == model), metric].to_numpy()
            axes.plot(
                seeds, np.full(len(seeds), at), "o", ms=3.4, mfc="white", mec=colours[branch], mew=0.7, zorder=3,
                gid="seeds",
            )  # fmt: skip
        axes.errorbar(
            table[f"{branch}_mean"], y, xerr=table[f"{branch}_std"], fmt="|", ms=9, mew=1.8, lw=1.2,
            color=colours[branch], label=branch, zorder=2,
        )  # fmt: skip
    for at, (delta, deviation) in enumerate(zip(table["delta"], table["delta_deviation"], strict=True)):
        exceeds = abs(delta) > deviation
        axes.text(
            1.02, at, signed_with_deviation(delta, deviation), transform=axes.get_yaxis_transform(),
            ha="left", va="center", fontsize=7, color=INK if exceeds else FAINT, gid="delta",
        )  # fmt: skip
    axes.text(
        1.02, -0.5, f"Δ ({table.attrs['preprocessed']} − {table.attrs['raw']})", transform=axes.get_yaxis_transform(),
        ha="left", va="bottom", fontsize=6.5, color=FAINT,
    )  # fmt: skip
    axes.set_yticks(range(len(table)), [model_name(name) for name in table["model"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.hlines(np.arange(len(table) - 1) + 0.5, 0, 1, transform=axes.get_yaxis_transform(), color="#e3e3e3", lw=0.5)
    axes.tick_params(axis="y", length=0)


def _reference(axes: Axes, value: float) -> None:
    low, high = axes.get_xlim()
    # Only where it does not squeeze the points that the figure is about.
    if low - 0.5 * (high - low) <= value <= high:
        axes.axvline(value, color=FAINT, lw=0.8, ls=(0, (3, 2)), label="most frequent class")
