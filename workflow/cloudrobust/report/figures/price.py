"""Scores against what they cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...evaluation.price import on_front
from ..numbers import model_name
from ..palette import FAINT, INK, branch_colours, model_colours
from ..style import WIDTH, panel_letter, styled

MARKERS = ("o", "D", "s", "^", "v", "P", "X", "<", ">", "h", "*")


def axis_of(table: pd.DataFrame, currency: str) -> tuple[str, str, float]:
    """The column that is the price, its name, and the factor of its unit: money where all is known, else core time."""
    if table["money"].notna().all():
        return "money", f"price ({currency})", 1.0
    most = table["core_hours"].max()
    unit, factor = ("seconds", 3600.0) if most < 1 / 30 else ("minutes", 60.0) if most < 2 else ("hours", 1.0)
    return "core_hours", f"core {unit}", factor


@styled
def price_figure(
    totals: pd.DataFrame,
    scores: pd.DataFrame,
    intervals: pd.DataFrame,
    raw: str,
    preprocessed: str,
    currency: str,
) -> Figure:
    """Two panels: accuracy of every branch and model against its price with Pareto's front; the difference likewise.

    Parameters
    ----------
    totals
        Of `evaluation.price.totals`.
    scores
        Of `evaluation.compare.scores`.
    intervals
        Of `evaluation.confidence.intervals`.
    raw, preprocessed
        The two branches of the difference.
    currency
        Of the prices.
    """
    column, label, factor = axis_of(totals, currency)
    mean = scores.groupby(["branch", "model"])["accuracy"].mean()
    table = totals.assign(
        **{column: factor * totals[column]},
        accuracy=[mean.get((b, m), np.nan) for b, m in totals[["branch", "model"]].to_numpy()],
    )
    models = list(dict.fromkeys(table["model"]))
    marks = {model: MARKERS[n % len(MARKERS)] for n, model in enumerate(models)}
    branches = list(dict.fromkeys(table["branch"]))
    colours = branch_colours(branches, raw, preprocessed)
    figure = Figure(figsize=(WIDTH, 3.2))
    left, right = figure.subplots(1, 2)
    for row in table.to_dict("records"):
        left.plot(
            row[column], row["accuracy"], marks[row["model"]], color=colours[row["branch"]], ms=5, mec="white",
            mew=0.5, zorder=3, gid=f"price-{row['branch']}-{row['model']}",
        )  # fmt: skip
    _front(left, table[column].to_numpy(float), table["accuracy"].to_numpy(float))
    left.set(xlabel=label, ylabel="overall accuracy", title="Accuracy against price")
    panel_letter(left, "a")
    _differences(right, table.set_index(["branch", "model"]), intervals, column, marks, raw, preprocessed)
    right.set(xlabel=f"{label}: {preprocessed} − {raw}", ylabel="difference of accuracy")
    right.set_title("What preprocessing adds")
    panel_letter(right, "b")
    handles = [Line2D([], [], marker="o", ls="", color=colours[b], label=b) for b in branches]
    handles += [Line2D([], [], marker=marks[m], ls="", color=FAINT, label=model_name(m)) for m in models]
    handles.append(Line2D([], [], color=INK, lw=0.8, ls="--", label="Pareto's front"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 5))
    return figure


def _differences(
    axes: Axes,
    table: pd.DataFrame,
    intervals: pd.DataFrame,
    column: str,
    marks: Mapping[str, str],
    raw: str,
    preprocessed: str,
) -> None:
    wanted = intervals[intervals["metric"] == "accuracy"]
    unit = "blocks" if (wanted["unit"] == "blocks").any() else "parcels"
    cost = table[column].to_dict()
    for row in wanted[wanted["unit"] == unit].to_dict("records"):
        model = row["model"]
        if not {(raw, model), (preprocessed, model)} <= set(cost):
            continue
        more = cost[preprocessed, model] - cost[raw, model]
        axes.vlines(more, row["low"], row["high"], color=FAINT, lw=1.0)
        axes.plot(more, row["estimate"], marks[model], color=INK, ms=5, mec="white", mew=0.5, zorder=3)
    _cross(axes)


@styled
def steps_figure(table: pd.DataFrame, branches: pd.DataFrame, currency: str) -> Figure:
    """Two panels: what each step does against what it costs; all branches of the ablation with Pareto's front.

    Parameters
    ----------
    table
        Of `evaluation.price.step_prices`.
    branches
        Of `evaluation.price.totals`, with the mean `accuracy` of each branch and model.
    currency
        Of the prices.
    """
    column, label, factor = axis_of(branches, currency)
    table, branches = (frame.assign(**{column: factor * frame[column]}) for frame in (table, branches))
    models = list(dict.fromkeys(table["model"]))
    colours = model_colours(models)
    rows = table.to_dict("records")
    names = [f"{row['factor']}: {row['level']} − {row['reference']}" for row in rows]
    marks = {name: MARKERS[n % len(MARKERS)] for n, name in enumerate(dict.fromkeys(names))}
    figure = Figure(figsize=(WIDTH, 3.4))
    left, right = figure.subplots(1, 2)
    for name, row in zip(names, rows, strict=True):
        colour = colours[row["model"]]
        left.vlines(row[column], row["accuracy_low"], row["accuracy_high"], color=colour, lw=0.9, alpha=0.6)
        left.plot(
            row[column], row["accuracy"], marks[name], color=colour, ms=5, mec="white", mew=0.5, zorder=3,
            gid=f"step-{row['factor']}-{row['level']}-{row['model']}",
        )  # fmt: skip
    _cross(left)
    left.set(xlabel=f"{label} that the step adds", ylabel="effect on accuracy", title="Each step")
    panel_letter(left, "a")
    for model, mine in branches.groupby("model", sort=False):
        right.plot(
            mine[column], mine["accuracy"], "o", color=colours[str(model)], ms=3.5, mec="white", mew=0.4, zorder=3
        )
    _front(right, branches[column].to_numpy(float), branches["accuracy"].to_numpy(float))
    right.set(xlabel=label, ylabel="overall accuracy", title="Every combination of steps")
    panel_letter(right, "b")
    handles = [Line2D([], [], marker=mark, ls="", color=FAINT, label=name) for name, mark in marks.items()]
    handles += [Line2D([], [], marker="o", ls="", color=colours[m], label=model_name(m)) for m in models]
    handles.append(Line2D([], [], color=INK, lw=0.8, ls="--", label="Pareto's front"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _cross(axes: Axes) -> None:
    axes.axhline(0, color=INK, lw=0.7, zorder=1)
    axes.axvline(0, color=INK, lw=0.7, zorder=1)
    axes.grid()


def _front(axes: Axes, cost: np.ndarray, score: np.ndarray) -> None:
    """A dashed step line through the options that no other beats."""
    best = np.flatnonzero(on_front(cost, score))
    order = best[np.argsort(cost[best], kind="stable")]
    axes.plot(cost[order], score[order], drawstyle="steps-post", color=INK, lw=0.8, ls="--", zorder=2, gid="front")
    axes.grid()
