"""Gates of the LSTM along the series (figure 9 of the study)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...evaluation.explanations.names import GATE_NAMES
from ..style import WIDTH, panel_letter, styled
from .explained_series import (
    axis_of_dates,
    band_handles,
    days,
    draw_series,
    edges,
    mark_above,
    marked_handles,
    of_parcel,
    title_of,
)

SIGNED = ("g", "c")
"""Gates whose values have a sign."""


@styled
def gates_figure(explained: xr.Dataset, parcel: str, direction: int = 0) -> Figure:
    """The series, and below it the gates and the cell state of the last layer, one row of pixels a hidden unit.

    Units are sorted by their mean forget gate, the same in all panels; `direction` 0 runs forward in time.
    """
    one = of_parcel(explained, parcel)
    names = [str(gate) for gate in one["gate"].values]
    activations = one["activation"].isel(direction=direction)
    order = np.argsort(activations.sel(gate="f").mean("date").values)
    figure = Figure(figsize=(WIDTH, 1.4 + 0.95 * len(names)))
    panels = figure.subplots(1 + len(names), 1, sharex=True, height_ratios=[1.6, *[1.0] * len(names)])
    draw_series(panels[0], one)
    panels[0].set_title("series as the network was shown it")
    for axes, gate in zip(panels[1:], names, strict=True):
        values = activations.sel(gate=gate).transpose("unit", "date").values[order]
        reach = float(np.nanquantile(np.abs(values), 0.99))
        low = -reach if gate in SIGNED else float(np.nanquantile(values, 0.01))
        image = axes.pcolormesh(
            edges(days(one)), np.arange(values.shape[0] + 1), values, rasterized=True,
            cmap="RdBu" if gate in SIGNED else "cividis", vmin=low, vmax=reach,
        )  # fmt: skip
        figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
        axes.set_yticks([])
        axes.set_ylabel(f"{gate}", rotation=0, fontstyle="italic", labelpad=8)
        axes.set_title(GATE_NAMES[gate])
        mark_above(axes, one, 1.01, 1.07)
    for axes, letter in zip(panels, "abcdefgh", strict=False):
        panel_letter(axes, letter)
    axis_of_dates(panels[-1], one)
    way = "forward" if direction == 0 else "backward"
    figure.suptitle(f"{title_of(one, parcel)}; last layer, {way} in time", x=0.01, ha="left", fontsize=9)
    figure.legend(handles=[*band_handles(one), *marked_handles(one)], loc="outside lower center", ncols=8)
    return figure
