"""The section on predictions: calibration, area, likely classes, disagreements, and what the decision changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from ....config.outputs import Prediction
from ....evaluation.out_of_fold import best_model, validation_accuracy
from ....evaluation.runs import Run
from ...numbers import MISSING, model_name, score
from ..tables import html_table

Key = tuple[str, str]
LISTED = 25
"""Rows of a long table that the page shows; the file holds all."""

MEASURES = {
    "answered other than declared": "answered other than declared",
    "flagged": "of these with confidence: parcels to inspect",
    "wasted": "inspections wasted",
    "found": "wrong declarations found",
    "missed": "wrong declarations missed",
    "cost": "cost",
}


@dataclass(frozen=True)
class TakenAway:
    """The answers out of fold of one branch x model, and what was made of them.

    Attributes
    ----------
    card
        What `cross_predict` says of itself: model, branch, folds, seeds.
    area, listed, likely
        Of `evaluation.area.adjusted_areas`, `evaluation.disagreement.disagreements`, `evaluation.conformal.coverage`.
    """

    card: Mapping[str, object]
    area: pd.DataFrame
    listed: pd.DataFrame
    likely: pd.DataFrame

    @property
    def key(self) -> Key:
        """Branch and model."""
        return str(self.card["branch"]), str(self.card["model"])

    @property
    def name(self) -> str:
        """How the page calls it."""
        return f"{model_name(self.key[1])} on {self.key[0]}"


def calibration_table(runs: Mapping[Key, Run], scores: pd.DataFrame) -> Markup:
    """Calibration of every run of the study; `scores` is of `evaluation.compare.scores`."""
    rows = []
    for key in runs:
        mine = scores[(scores["branch"] == key[0]) & (scores["model"] == key[1])]
        rows.append(
            {
                "model": f"{model_name(key[1])}, {key[0]}",
                "temperature": ", ".join(f"{t:.2f}" for t in mine["temperature"]),
                "calibration error before": score(mine["ece"].mean()),
                "after": score(mine["ece_scaled"].mean()),
            }
        )
    words = (
        "Expected calibration error on the test part, of single seeds, before and after temperature scaling (one "
        "temperature a seed, from the validation part)"
    )
    return html_table(pd.DataFrame(rows), words)


def takeaway_tables(taken: Mapping[Key, TakenAway], shown: Key) -> list[Markup]:
    """Likely classes of every branch x model that answers; area and disagreements of the one that is `shown`."""
    one = taken[shown]
    tables = [_likely_table(taken)]
    if len(one.area):
        words = (
            f"Area by {one.name}, adjusted for its errors (Olofsson et al. 2014), hectares. All "
            f"{one.area['reference'].sum()} declared parcels are the reference, each answered by a model that never "
            "saw its label; intervals are Wilson's, put together over the mapped classes (Zou et al. 2009), for a "
            "larger landscape like this one"
        )
        tables.append(html_table(_area(one.area), words))
    if len(one.listed):
        count = (
            f"{len(one.listed)} parcels"
            if len(one.listed) <= LISTED
            else f"the first {LISTED} of {len(one.listed)} parcels"
        )
        words = (
            f"Declared otherwise than {one.name} says with confidence: {count}, the largest first; answers out of "
            "fold. It says where to look, not who is right"
        )
        left = ["parcel", "declared", "predicted", "likely", "answered by"]
        tables.append(html_table(_differs(one.listed.head(LISTED)), words, left=left))
    return tables


def decision_tables(
    changes: pd.DataFrame | None, inspections: pd.DataFrame | None, name: str, settings: Prediction
) -> list[Markup]:
    """What the decision changes, of `evaluation.decision`; nothing where it was not weighed."""
    if changes is None or inspections is None or changes.empty:
        return []
    by_class = (
        f"What the decision changes: declared parcels that {name} answers otherwise on preprocessed series than on "
        "raw ones, out of fold. Intervals of 95 % by drawing blocks"
    )
    costs = settings.costs
    weighed = (
        f"What inspections of parcels contradicted with at least {settings.confident:.0%} would bring, over all "
        "declared parcels and out of fold. The declared class is taken for the truth; where wrong declarations are "
        f"counted, {costs.misdeclared:.0%} of the declarations are assumed to be wrong; an inspection costs "
        f"{costs.inspection:g} and a missed error {costs.missed_error:g} (prediction.costs). Intervals of 95 % by "
        "drawing blocks"
    )
    return [html_table(_changes(changes), by_class), html_table(_inspections(inspections), weighed)]


def shown_first(taken: Iterable[Key], runs: Mapping[Key, Run], branch: str) -> Key:
    """Whose answers the page begins with: the best model of the validation part, on `branch` where it has some."""
    keys = list(taken)
    name = best_model({key: validation_accuracy(runs[key].predictions) for key in keys})
    return max((key for key in keys if key[1] == name), key=lambda key: key[0] == branch)


def _likely_table(taken: Mapping[Key, TakenAway]) -> Markup:
    rows = []
    for one in taken.values():
        whole = one.likely[one.likely["of"] == "all"].iloc[0]
        blocks = one.likely.loc[one.likely["of"] == "block", "coverage"]
        rows.append(
            {
                "model": f"{model_name(one.key[1])}, {one.key[0]}",
                "parcels": int(whole["parcels"]),
                "asked for": f"{whole['asked']:.0%}",
                "coverage": f"{whole['coverage']:.1%}",
                "95 % interval": f"{whole['low']:.1%} to {whole['high']:.1%}",
                "least of a class": f"{one.likely.loc[one.likely['of'] == 'class', 'coverage'].min():.0%}",
                "median of blocks": f"{blocks.median():.0%}" if len(blocks) else MISSING,
                "lowest tenth of blocks": f"{blocks.quantile(0.1):.0%}" if len(blocks) else MISSING,
                "classes a parcel": f"{whole['classes']:.2f}",
            }
        )
    words = (
        "Likely classes (conformal sets): how often they hold the declared class, out of fold; the interval is by "
        "drawing blocks. likely.csv beside the answers holds every class and block"
    )
    return html_table(pd.DataFrame(rows), words)


def _hectares(value: float) -> str:
    return MISSING if pd.isna(value) else f"{value:,.1f}"


def _area(area: pd.DataFrame) -> pd.DataFrame:
    def ends(low: str, high: str, write: Callable[[float], str]) -> list[str]:
        return [f"{write(a)} to {write(b)}" for a, b in zip(area[low], area[high], strict=True)]

    def two(value: float) -> str:
        return score(value, 2)

    return pd.DataFrame(
        {
            "class": area["class"],
            "parcels": area["parcels"],
            "mapped": area["mapped"].map(_hectares),
            "declared": area["declared"].map(_hectares),
            "adjusted": area["adjusted"].map(_hectares),
            "95 % interval": ends("low", "high", _hectares),
            "user's accuracy": area["users_accuracy"].map(two),
            "its 95 % interval": ends("users_low", "users_high", two),
            "producer's accuracy": area["producers_accuracy"].map(two),
        }
    )


def _differs(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": rows["rank"],
            "parcel": rows["parcel"],
            "declared": rows["declared"],
            "predicted": rows["predicted"],
            "probability": rows["probability"].map(lambda v: score(v, 2)),
            "likely": rows["likely"],
            "area (ha)": rows["area"].map(lambda v: MISSING if pd.isna(v) else f"{v / 1e4:.2f}"),
            "clear dates": rows["clear_dates"],
            "answered by": rows["answered_by"],
        }
    )


def _changes(changes: pd.DataFrame) -> pd.DataFrame:
    def span(row: pd.Series, name: str, plus: bool = False) -> str:
        sign = "+" if plus else ""
        low, high = (row[f"{name}_{end}"] for end in ("low", "high"))
        return f"{row[f'{name}_hectares']:{sign}.1f} ({low:{sign}.1f} to {high:{sign}.1f})".replace("-", "−")

    return pd.DataFrame(
        {
            "declared class": changes["class"],
            "parcels": changes["parcels"],
            "hectares": changes["hectares"].map(_hectares),
            "other answer": changes["changed"],
            "of them hectares": changes.apply(span, axis=1, name="changed"),
            "becomes right": changes["gained"],
            "becomes wrong": changes["lost"],
            "net hectares right": changes.apply(span, axis=1, name="net", plus=True),
        }
    )


def _inspections(inspections: pd.DataFrame) -> pd.DataFrame:
    def span(row: pd.Series, name: str) -> str:
        digits = ",.0f" if row["measure"] == "cost" else ",.1f"
        sign = "+" if name == "difference" else ""
        values = (f"{row[name + end]:{sign}{digits}}" for end in ("", "_low", "_high"))
        middle, low, high = values
        return f"{middle} ({low} to {high})".replace("-", "−")

    table = pd.DataFrame({"over all declared parcels": inspections["measure"].map(MEASURES)})
    for name in ("raw", "preprocessed", "difference"):
        table[name] = inspections.apply(span, axis=1, name=name)
    return table
