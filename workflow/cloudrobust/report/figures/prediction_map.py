"""Where a model is right and wrong, in each branch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ...evaluation.metrics import scored_rows
from ..numbers import model_name
from ..palette import GROUND, RIGHT, WRONG
from ..style import WIDTH, panel_letter, styled
from .maps import ParcelMap

SHARES = LinearSegmentedColormap.from_list("right", [WRONG, "#f0e6d6", RIGHT])
"""From wrong with every seed to right with every seed."""


@styled
def prediction_map(
    parcels: gpd.GeoDataFrame,
    predictions: Mapping[str, pd.DataFrame],
    model: str,
    scored: Collection[str] | None = None,
) -> Figure:
    """Test parcels by how many seeds classify them right; all other parcels in grey.

    Parameters
    ----------
    parcels
        `parcel` and `geometry`.
    predictions
        By branch, in the order of the panels: one row per parcel x seed.
    model
        Name of the model, for the titles.
    scored
        Test parcels to show, of `evaluation.compare.common_parcels`; by default all of the test part.
    """
    chart = ParcelMap(parcels)
    ids = chart.parcels["parcel"].astype(str)
    figure = Figure(figsize=(WIDTH, chart.panel_height() + 0.85))
    panels = figure.subplots(1, len(predictions), sharey=True, squeeze=False)[0]
    seeds = 1
    for letter, axes, (branch, frame) in zip("abcdef", panels, predictions.items(), strict=False):
        rows = scored_rows(frame, scored)
        right = (rows["class"] == rows["predicted"]).groupby(rows["parcel"].astype(str)).mean()
        seeds = max(seeds, rows["seed"].nunique())
        share = ids.map(right).to_numpy(float)
        shown = np.isfinite(share)
        chart.draw(axes, ~shown, facecolor=GROUND, gid="other")
        chart.draw(axes, shown, facecolor=SHARES(share[shown]), edgecolor="#777777", gid="tested")
        chart.frame(axes, first=axes is panels[0])
        axes.set_title(f"{model_name(model)}, {branch}: {right.mean():.3f} right")
        panel_letter(axes, letter)
    figure.legend(handles=_handles(seeds), loc="outside lower center", ncols=7, columnspacing=1.2)
    return figure


def _handles(seeds: int) -> list[Patch]:
    """Patches of the shares of seeds, at most five of them."""
    counts = sorted({round(share * seeds) for share in np.linspace(0, 1, min(seeds + 1, 5))})
    words = (
        {0: "wrong", 1: "right"}
        if seeds == 1
        else {n: f"right with {n} of {seeds} seeds" if n == seeds else str(n) for n in counts}
    )
    patches = [Patch(facecolor=to_hex(SHARES(n / seeds)), label=label) for n, label in words.items()]
    return [*patches, Patch(facecolor=GROUND, label="not scored")]
