"""F1 of each class, raw against preprocessed, for one model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...evaluation.compare import compared
from ..numbers import model_name
from ..palette import FAINT, PREPROCESSED, RAW
from ..style import WIDTH, shorten, styled


@styled
def class_scores_figure(table: pd.DataFrame, model: str) -> Figure:
    """A dumbbell a class: where it stands raw, where preprocessed, with the deviations over seeds.

    Parameters
    ----------
    table
        Of `evaluation.compare.class_comparison`; the lines of `model` are drawn, in their order (largest class
        first). Classes without a test parcel are left out and counted below the axis.
    model
        Name of the model.
    """
    preprocessed, raw = compared(table)
    lines = table[table["model"] == model]
    absent = int((lines["parcels"] == 0).sum())
    lines = lines[lines["parcels"] > 0]
    y = np.arange(len(lines))
    figure = Figure(figsize=(0.62 * WIDTH, 0.9 + 0.2 * len(lines)))
    axes = figure.subplots()
    axes.hlines(y, lines[f"{raw}_mean"], lines[f"{preprocessed}_mean"], color="#bdbdbd", lw=2.2, zorder=1)
    # The two whiskers of a class must not hide each other.
    for branch, colour, shift, marker in ((raw, RAW, 0.13, "o"), (preprocessed, PREPROCESSED, -0.13, "D")):
        mean, deviation = lines[f"{branch}_mean"].to_numpy(), lines[f"{branch}_std"].to_numpy()
        shown = np.isfinite(deviation)
        low, high = np.clip(mean - deviation, 0, 1), np.clip(mean + deviation, 0, 1)
        axes.hlines((y + shift)[shown], low[shown], high[shown], color=colour, lw=0.8, alpha=0.8, zorder=2)
        axes.plot(mean, y, marker, color=colour, ms=4.2, mec="white", mew=0.5, label=branch, zorder=3)
    labels = [f"{shorten(name)} ({n})" for name, n in zip(lines["class"], lines["parcels"], strict=True)]
    axes.set_yticks(y, labels)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    low = float(np.nanmin(lines[[f"{raw}_mean", f"{preprocessed}_mean"]].to_numpy()))
    axes.set_xlim(max(0.0, np.floor(10 * low - 1) / 10), 1.0)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("F1 score ± deviation over seeds (test parcels)")
    if absent:
        figure.supxlabel(f"{absent} of the classes have no test parcel", fontsize=6.5, color=FAINT)
    axes.set_title(model_name(model))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
