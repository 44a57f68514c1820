"""The verdict as a forest plot: one row a model, its range, and the margin that does not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...evaluation.verdict import DEPENDS, HARMS, OPEN, PAYS, UNFINISHED, WHOLE, WITHIN, rows_of
from ..numbers import model_name
from ..palette import FAINT, INK
from ..style import WIDTH, styled
from ..verdict import signed_points, verdict_words, with_unit

COLOURS = {
    PAYS: "#0072b2",
    HARMS: "#d55e00",
    WITHIN: "#009e73",
    OPEN: "#6f6f6f",
    DEPENDS: "#6f6f6f",
    UNFINISHED: "#b5b5b5",
}


@styled
def verdict_figure(table: pd.DataFrame) -> Figure:
    """One row a model with its difference in points, the 95 % range and the verdict; the mean of all models last.

    Parameters
    ----------
    table
        Of `evaluation.verdict.verdicts`.
    """
    figure = Figure(figsize=(WIDTH, 1.25 + 0.34 * max(len(table), 1)))
    # The words beside the plot are a little wider than the layout thinks.
    figure.set_layout_engine("constrained", rect=(0, 0, 0.97, 1))
    axes = figure.subplots()
    if table.empty:
        axes.text(0.5, 0.5, "No model was trained on both branches.", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return figure
    margin = 100 * float(table["margin"].iloc[0])
    axes.axvspan(-margin, margin, color="#e6efe9", lw=0, zorder=0, gid="margin")
    axes.axvline(0, color=INK, lw=0.8, zorder=1)
    names = []
    for at, line in enumerate(rows_of(table)):
        colour, whole = COLOURS[line["verdict"]], line["model"] == WHOLE
        late = line["verdict"] == UNFINISHED
        names.append("All models" if whole else model_name(line["model"]))
        if np.isfinite(line["low"]):
            axes.hlines(
                at, 100 * line["low"], 100 * line["high"], color=colour, lw=2.2 if whole else 1.6,
                ls=(0, (2, 1.5)) if late else "-", gid="range",
            )  # fmt: skip
        axes.plot(
            100 * line["estimate"], at, "D" if whole else "o", color="white" if late else colour, mec=colour,
            ms=6 if whole else 5, gid="estimate", clip_on=False,
        )  # fmt: skip
        beside: dict[str, Any] = {
            "xycoords": axes.get_yaxis_transform(),
            "textcoords": "offset points",
            "va": "center",
            "fontsize": 7.5,
        }
        axes.annotate(signed_points(line["estimate"]), (1, at), (8, 0), color=INK, **beside)
        axes.annotate(
            verdict_words(line, short=True), (1, at), (38, 0), gid="verdict",
            color=FAINT if line["verdict"] in (OPEN, UNFINISHED) else colour,
            weight="bold" if whole else "normal", **beside,
        )  # fmt: skip
        if whole:
            axes.axhline(at - 0.5, color="#cccccc", lw=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(
        f"Fields classified right in every 100, preprocessed minus raw; shaded: less than {with_unit(margin / 100)}"
    )
    axes.set_title("← raw is better          preprocessed is better →", loc="center", fontsize=7.5, color=FAINT)
    # The title's arrows meet at 0, wherever that lies.
    low, high = axes.get_xlim()
    axes.title.set_x(min(max(-low / (high - low), 0.0), 1.0))
    return figure
