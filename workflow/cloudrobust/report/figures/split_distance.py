"""How far the parts of the split lie from each other, beside a random split of the same parcels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from ..palette import FAINT, INK
from ..style import WIDTH, styled

LINES = {
    ("split", "test", "train"): ("test to nearest training parcel", "#751c36", "-"),
    ("split", "test", "validation"): ("test to nearest validation parcel", "#751c36", (0, (1.5, 1.5))),
    ("split", "validation", "train"): ("validation to nearest training parcel", "#e69f00", "-"),
    ("random", "test", "train"): ("test to training, had the parcels been drawn singly", FAINT, (0, (4, 1.5))),
}


@styled
def split_distance_figure(distances: pd.DataFrame) -> Figure:
    """Cumulative share of parcels against the distance to the nearest parcel of another part.

    Parameters
    ----------
    distances
        Of `parcels.distances.compared_distances`: `split` ("split" or "random"), `part`, `to`, `distance` (m).
    """
    figure = Figure(figsize=(0.62 * WIDTH, 2.6))
    axes = figure.subplots()
    found = distances["distance"].to_numpy(float)
    farthest = float(np.max(found[np.isfinite(found)], initial=1.0))
    for (split, part, to), (words, colour, style) in LINES.items():
        rows = distances[(distances["split"] == split) & (distances["part"] == part) & (distances["to"] == to)]
        if not len(rows):
            continue
        values = np.sort(rows["distance"].to_numpy(float))
        share = np.arange(1, len(values) + 1) / len(values)
        axes.step(
            np.r_[0, values, farthest * 1.02], np.r_[0, share, 1.0], where="post", color=colour, ls=style, lw=1.2,
            label=f"{words} (median {np.median(values):,.0f} m)", gid=f"{split} {part} {to}",
        )  # fmt: skip
    axes.set_xscale("symlog", linthresh=10, linscale=0.6)
    axes.set_xlim(0, farthest * 1.02)
    axes.xaxis.set_major_locator(FixedLocator([n for n in (0, 10, 30, 100, 300, 1000, 3000, 10000) if n <= farthest]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(0, 1.01)
    axes.grid()
    axes.set_xlabel("distance between outlines (m)")
    axes.set_ylabel("share of parcels", color=INK)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)
    return figure
