"""What many studies say together, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..evaluation.pool import Pooled
from .numbers import METRIC_NAMES, MISSING, model_name, score, signed
from .price import listed

FEW = 5
"""With fewer studies the variance between them is hardly known."""


def pool_text(pooled: Mapping[str, Pooled]) -> pd.DataFrame:
    """One line a model."""
    return pd.DataFrame(
        [
            {
                "model": model_name(model),
                "studies": str(one.studies),
                "mean Δ": signed(one.estimate),
                "95 % interval": _range(one.low, one.high),
                "next region": MISSING if math.isnan(one.next_low) else _range(one.next_low, one.next_high),
                "I²": f"{100 * one.i2:.0f} %",
                "τ": score(math.sqrt(one.tau2)),
                "Q": f"{one.q:.1f}",
                "p of Q": "< .001" if one.p < 0.001 else score(one.p),
            }
            for model, one in pooled.items()
        ]
    )


def studies_text(table: pd.DataFrame, pooled: Mapping[str, Pooled]) -> pd.DataFrame:
    """One line a study and model, with its share in the mean."""
    rows = []
    for model, one in pooled.items():
        mine = table[table["model"] == model]
        for row, weight in zip(mine.to_dict("records"), one.weights, strict=True):
            rows.append(
                {
                    "model": model_name(model),
                    "study": row["study"],
                    "Δ": signed(row["estimate"]),
                    "standard error": score(row["error"], 4),
                    "over": row["unit"],
                    "test parcels": MISSING if pd.isna(row["test"]) else f"{int(row['test']):,}",
                    "weight": f"{100 * weight:.0f} %",
                }
            )
    return pd.DataFrame(rows)


def _range(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}"


def pool_sentence(model: str, one: Pooled, metric: str) -> str:
    """The mean, whether regions differ, and what to expect of the next one."""
    noun = METRIC_NAMES[metric]
    words = [
        f"{model_name(model)}: over {one.studies} studies preprocessing changes the {small(noun)} by "
        f"{signed(one.estimate)} (95 % interval {_range(one.low, one.high)})."
    ]
    apart = f"{100 * one.i2:.0f} % of the variance lies between studies (I²)"
    if one.p < 0.05:
        words.append(f"The studies differ more than by chance: {apart}.")
    else:
        words.append(f"Whether the studies differ beyond chance cannot be told: {apart}.")
    if math.isnan(one.next_low):
        words.append("With two studies nothing can be said of a further region; that takes at least three.")
    else:
        verdict = (
            "so preprocessing is likely to help there"
            if one.next_low > 0
            else "so preprocessing is likely to harm there"
            if one.next_high < 0
            else "so there it may help or harm"
        )
        words.append(f"In the next region expect {_range(one.next_low, one.next_high)}, {verdict}.")
    if one.studies < FEW:
        words.append(f"{one.studies} studies tell little of how regions differ.")
    return " ".join(words)


def small(noun: str) -> str:
    """A score's name inside a sentence; Cohen keeps his capital."""
    return noun if noun.startswith("Cohen") else noun[0].lower() + noun[1:]


def pool_notes(
    studies: Mapping[str, Mapping[str, Any]], left_out: Sequence[str], method: str, preprocessing: Mapping[str, str]
) -> list[str]:
    """What a reader must know of these numbers.

    Parameters
    ----------
    studies
        By label, the files.
    left_out
        Sentences on what could not be pooled.
    method
        Of `evaluation.pool.pool`.
    preprocessing
        By label, what the study holds against what, in words.
    """
    how = {"reml": "restricted maximum likelihood", "dl": "DerSimonian and Laird"}[method]
    words = [
        f"Random-effects mean, variance between studies by {how}, interval by Hartung and Knapp, prediction interval "
        "by Higgins, Thompson and Spiegelhalter.",
        *left_out,
    ]
    kinds = sorted(set(preprocessing.values()))
    if len(kinds) > 1:
        told = [f"{listed([label for label, k in preprocessing.items() if k == kind])}: {kind}" for kind in kinds]
        words.append(
            f"The studies do not compare the same branches, which adds to their differences: {'; '.join(told)}."
        )
    regions = {label: tuple(content.get("region") or ()) for label, content in studies.items()}
    same = [
        f"{a} and {b}"
        for n, a in enumerate(regions)
        for b in list(regions)[n + 1 :]
        if regions[a] and _overlap(regions[a], regions[b])
    ]
    if same:
        words.append(f"Studies of one place are not independent, and the mean takes them for it: {'; '.join(same)}.")
    return words


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return bool(b) and a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def chain_words(content: Mapping[str, Any]) -> str:
    """What a study holds against what: levels and kinds of steps, `L2A select mask interpolate − L1C`."""
    names = content.get("comparison", {})
    told = []
    for key in ("preprocessed", "raw"):
        branch = content["branches"].get(names.get(key, key), {})
        told.append(
            " ".join([str(branch.get("level", "?")), *(str(s.get("do", "?")) for s in branch.get("steps", []))])
        )
    return f"{told[0]} − {told[1]}"
