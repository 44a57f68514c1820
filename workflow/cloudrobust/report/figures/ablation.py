"""The effect of each step on accuracy and kappa, for each model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..numbers import model_name
from ..palette import FAINT, INK, model_colours
from ..style import WIDTH, panel_letter, styled

MARKERS = ("o", "D", "s", "^", "v", "P", "X")


@styled
def ablation_figure(table: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """A row for each level of each factor against its reference, a mark with its interval for each model.

    Parameters
    ----------
    table
        Of `evaluation.ablation.ablation_table`.
    confidence
        Coverage of the intervals, for the legend.
    """
    rows = table[["factor", "level", "reference"]].drop_duplicates().reset_index(drop=True)
    models = list(dict.fromkeys(table["model"]))
    begins = rows["factor"].ne(rows["factor"].shift()).to_numpy()
    y = np.arange(len(rows)) + 0.35 * np.cumsum(begins)  # a little room between factors
    spread = 0.22 if len(models) < 4 else 0.8 / len(models)
    figure = Figure(figsize=(WIDTH, 1.2 + len(rows) * max(0.4, 0.16 * len(models))))
    panels = figure.subplots(1, 2, sharey=True)
    for letter, axes, metric in zip("ab", panels, ("accuracy", "kappa"), strict=True):
        _panel(axes, table, rows, metric, models, y, spread)
        axes.set_title({"accuracy": "Effect on overall accuracy", "kappa": "Effect on Cohen's kappa"}[metric])
        panel_letter(axes, letter)
    labels = [f"{row.level} − {row.reference}" for row in rows.itertuples()]
    panels[0].set_yticks(y, labels)
    panels[0].set_ylim(y[-1] + 0.6, y[0] - 0.75)
    for at, name, first in zip(y, rows["factor"], begins, strict=True):
        if first:
            panels[0].annotate(
                name, (0, at - 0.5), xycoords=panels[0].get_yaxis_transform(), xytext=(-4, 0),
                textcoords="offset points", ha="right", va="center", fontsize=6.5, color=FAINT, style="italic",
                annotation_clip=False,
            )  # fmt: skip
    handles, words = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        words,
        loc="outside lower center",
        ncols=min(len(models), 5),
        title=f"mean over branches and seeds, with {100 * confidence:g} % interval over parcels and seeds",
    )
    return figure


def _panel(
    axes: Axes,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    metric: str,
    models: list[str],
    y: np.ndarray,
    spread: float,
) -> None:
    colours = model_colours(models)
    for number, model in enumerate(models):
        lines = rows.merge(table[table["model"] == model], on=["factor", "level", "reference"], how="left")
        at = y + spread * (number - (len(models) - 1) / 2)
        effect = lines[metric].to_numpy(float)
        low, high = lines[f"{metric}_low"].to_numpy(float), lines[f"{metric}_high"].to_numpy(float)
        axes.hlines(at, low, high, color=colours[model], lw=1.2, gid=f"interval-{model}")
        axes.plot(
            effect, at, MARKERS[number % len(MARKERS)], color=colours[model], ms=4, mec="white", mew=0.5,
            label=model_name(model), zorder=3, gid=f"effect-{model}",
        )  # fmt: skip
    axes.axvline(0, color=INK, lw=0.7, zorder=1)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("difference of scores (above 0: better than the reference)")
