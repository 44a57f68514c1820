"""For whom preprocessing helps, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ..evaluation.for_whom import CLOUDS, LABELS, Leaf
from .numbers import MISSING, model_name, score, signed

NOTE = (
    "Do not read single groups: of many differences the largest is the most exaggerated, and classes differ in more "
    "than their name. The shrunk value draws each group towards the mean of its kind, the more the less its parcels "
    "tell; where it is the same for all groups, the groups differ by no more than chance."
)


def groups_caption(confidence: float, blocks: int) -> str:
    """What the numbers are; `blocks` of the split are drawn as wholes if there are several."""
    drawn = "blocks of the split" if blocks > 1 else "parcels"
    return (
        "Difference of accuracy, preprocessed − raw, by group of test parcels, mean over all models and their seeds, "
        f"with {100 * confidence:g} % intervals of a paired bootstrap over {drawn} and seeds, plain and shrunk. {NOTE}"
    )


def groups_text(table: pd.DataFrame, model: str | None = None) -> pd.DataFrame:
    """The cells of the table of `evaluation.for_whom.by_groups` for one model, by default the first."""
    rows = table[table["model"] == (table["model"].iloc[0] if model is None else model)]
    return pd.DataFrame(
        {
            "by": rows["kind"].tolist(),
            "group": rows["group"].astype(str).tolist(),
            "parcels": rows["parcels"].astype(int).tolist(),
            "blocks": rows["blocks"].astype(int).tolist(),
            "raw": [score(value) for value in rows["raw"]],
            "preprocessed": [score(value) for value in rows["preprocessed"]],
            "difference": [
                f"{signed(value)} ({note})" if math.isnan(low) else _with_interval(value, low, high)
                for value, low, high, note in zip(
                    rows["estimate"], rows["low"], rows["high"], rows["note"], strict=True
                )
            ],
            "shrunk": [
                _with_interval(*values)
                for values in rows[["shrunk", "shrunk_low", "shrunk_high"]].itertuples(index=False)
            ],
        }
    )


def _with_interval(value: float, low: float, high: float) -> str:
    return MISSING if math.isnan(value) else f"{signed(value)} ({signed(low)} to {signed(high)})"


def advice(leaves: Sequence[Leaf], blocks: int) -> list[str]:
    """The decision tree as plain sentences, what it rests on last."""
    if not leaves:
        return [f"With {blocks} blocks of test parcels no half is left to check questions on, so none is asked."]
    words = [_sentence(leaf) for leaf in leaves]
    questions = len(leaves) - 1
    asked = "No question" if not questions else "1 question" if questions == 1 else f"{questions} questions"
    words.append(
        f"{asked} found on half of the blocks; every difference is of the other half. Where an interval holds 0, "
        "either branch will do as far as these parcels tell."
    )
    return words


def _sentence(leaf: Leaf) -> str:
    who = " and ".join(_condition(*one) for one in _joined(leaf.conditions)) or "All parcels"
    who = who[0].upper() + who[1:]
    if math.isnan(leaf.estimate):
        return f"{who}: no test parcel of the other half is like that."
    if math.isnan(leaf.low):
        return f"{who} ({leaf.parcels} parcels, too few or in one block): {signed(leaf.estimate)}, without an interval."
    told = f"{signed(leaf.estimate)} ({signed(leaf.low)} to {signed(leaf.high)}) on {leaf.parcels:,} parcels"
    if leaf.low > 0:
        return f"{who}: preprocess, {told}."
    if leaf.high < 0:
        return f"{who}: take raw series, {told}."
    return f"{who}: no clear difference, {told}."


def _joined(conditions: Sequence[tuple[str, str, float]]) -> list[tuple[str, float | None, float | None]]:
    """(feature, lowest, highest) of each feature, the tightest of several questions on one."""
    spans: dict[str, tuple[float | None, float | None]] = {}
    for name, side, threshold in conditions:
        low, high = spans.get(name, (None, None))
        if side == "below":
            spans[name] = (low, threshold if high is None else min(high, threshold))
        else:
            spans[name] = (threshold if low is None else max(low, threshold), high)
    return [(name, *span) for name, span in spans.items()]


def _condition(name: str, low: float | None, high: float | None) -> str:
    write = (lambda v: f"{v:.0%}".replace("%", " %")) if name == CLOUDS else (lambda v: f"{v:,.3g}")
    if name == LABELS:
        write = lambda v: f"{round(v):,}"  # noqa: E731
    said = name.removesuffix(" (ha)")
    unit = " ha" if name.endswith("(ha)") else ""
    if low is None and high is not None:
        return f"{said} up to {write(high)}{unit}"
    if high is None and low is not None:
        return f"{said} above {write(low)}{unit}"
    assert low is not None
    assert high is not None
    return f"{said} above {write(low)} and up to {write(high)}{unit}"


def curve_caption(confidence: float) -> str:
    """What the learning curve is."""
    return (
        "Accuracy on the test parcels against the number of labelled training parcels; smaller training sets lie "
        f"within larger ones and keep the shares of the classes. {100 * confidence:g} % intervals over blocks of test "
        "parcels and seeds; the validation part stays whole."
    )


def curve_text(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table of `evaluation.learning_curve.learning_curve`."""
    return pd.DataFrame(
        {
            "model": [model_name(name) for name in table["model"]],
            "share": [f"{value:.0%}".replace("%", " %") for value in table["share"]],
            "labels": table["labels"].astype(int).tolist(),
            "raw": [score(value) for value in table["raw"]],
            "preprocessed": [score(value) for value in table["preprocessed"]],
            "difference": [
                _with_interval(*values) for values in table[["estimate", "low", "high"]].itertuples(index=False)
            ],
        }
    )


def crossing_sentences(table: pd.DataFrame) -> list[str]:
    """Where the branches cross, one sentence a model."""
    words = []
    for model, rows in table.groupby("model", sort=False):
        rows = rows.sort_values("labels")
        labels, gains = rows["labels"].to_numpy(float), rows["estimate"].to_numpy(float)
        name = model_name(str(model))
        signs = [number for number in range(1, len(gains)) if gains[number - 1] * gains[number] < 0]
        if not signs:
            better = "preprocessed" if gains.mean() > 0 else "raw"
            sure = int(((rows["low"] > 0) | (rows["high"] < 0)).sum())
            words.append(
                f"{name}: the branches do not cross between {labels[0]:,.0f} and {labels[-1]:,.0f} labels; {better} is "
                f"ahead, beyond chance at {sure} of {len(rows)} numbers of labels."
            )
            continue
        places = [labels[n - 1] + (labels[n] - labels[n - 1]) * gains[n - 1] / (gains[n - 1] - gains[n]) for n in signs]
        first = "preprocessed" if gains[signs[0] - 1] > 0 else "raw"
        at = " and ".join(f"{place:,.0f}" for place in places)
        words.append(f"{name}: {first} is ahead with the fewest labels; the branches cross near {at} labels.")
    return words
