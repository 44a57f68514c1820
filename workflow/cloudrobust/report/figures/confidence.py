"""The difference of the branches with everything that is known of its uncertainty."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..numbers import METRIC_NAMES, model_name
from ..palette import INK
from ..style import WIDTH, panel_letter, styled

KINDS = {"seeds": ("#8a8a8a", "s"), "parcels": ("#0072b2", "o"), "blocks": ("#d55e00", "D")}
Z = 1.959964
"""Quantile of the normal distribution for 95 %."""


@styled
def confidence_figure(intervals: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel a metric, one line a model: Δ with three intervals of 95 %.

    Parameters
    ----------
    intervals
        Of `evaluation.confidence.intervals`.
    tables
        By metric, of `evaluation.compare.comparison_table`; their deviation, over seeds alone, is the third interval.
    """
    metrics = [metric for metric in tables if metric in set(intervals["metric"])]
    first = tables[metrics[0]]
    models = [model for model in first["model"] if model in set(intervals["model"])]
    figure = Figure(figsize=(WIDTH, 1.15 + 0.42 * len(models)))
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for letter, axes, metric in zip("abc", panels, metrics, strict=False):
        table = tables[metric].set_index("model").loc[models]
        rows = intervals[intervals["metric"] == metric].set_index(["unit", "model"])
        axes.axvline(0, color=INK, lw=0.7)
        for shift, kind in zip((-0.22, 0.0, 0.22), KINDS, strict=True):
            colour, marker = KINDS[kind]
            y = np.arange(len(models)) + shift
            if kind == "seeds":
                middle = table["delta"].to_numpy(float)
                half = Z * table["delta_deviation"].to_numpy(float)
                low, high = middle - half, middle + half
            elif kind in rows.index.get_level_values(0):
                mine = rows.loc[kind].reindex(models)
                middle, low, high = (mine[column].to_numpy(float) for column in ("estimate", "low", "high"))
            else:
                continue
            words = {
                "seeds": "seeds alone: Δ ± 1.96 √(σ₁² + σ₂²)",
                "parcels": "bootstrap over parcels and seeds",
                "blocks": "bootstrap over blocks and seeds",
            }[kind]
            axes.hlines(y, low, high, color=colour, lw=1.3)
            axes.plot(middle, y, marker, color=colour, ms=3.6, mec="white", mew=0.4, ls="", label=words, gid=kind)
        axes.set_yticks(range(len(models)), [model_name(model) for model in models])
        axes.set_ylim(len(models) - 0.5, -0.5)
        axes.hlines(
            np.arange(len(models) - 1) + 0.5, 0, 1, transform=axes.get_yaxis_transform(), color="#e3e3e3", lw=0.5
        )
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"{first.attrs['preprocessed']} − {first.attrs['raw']}")
        axes.set_title(METRIC_NAMES[metric])
        panel_letter(axes, letter)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, title="95 % intervals")
    return figure
