"""What explains the difference, in words: tables of bars and mask errors, and what their reader must know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .numbers import METRIC_NAMES, MISSING, model_name, score, signed

METRICS = ("accuracy", "kappa")
REFERENCES = {"raw": "raw", "unmasked": "no mask"}
"""What curves are held against, as a reader calls it."""


def bars_text(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table of `evaluation.difference.bars`, bars of the path first."""
    text = pd.DataFrame(
        {
            "what changes": table["name"].tolist(),
            "of": table["of"].tolist(),
            "against": table["against"].tolist(),
            "model": [model_name(name) for name in table["model"]],
        }
    )
    for metric in METRICS:
        rows = zip(*(table[metric + end] for end in ("", "_low", "_high")), strict=True)
        text[METRIC_NAMES[metric]] = [
            MISSING if pd.isna(value) else f"{signed(value)} ({signed(low)} to {signed(high)})"
            for value, low, high in rows
        ]
    order = {name: number for number, name in enumerate(dict.fromkeys(table["name"]))}
    rank = table["group"].ne("path").to_numpy() * len(order) + table["name"].map(order).to_numpy()
    return text.iloc[rank.argsort(kind="stable")].reset_index(drop=True)


def bars_caption(parcels: int, seeds: int, confidence: float, blocks: int) -> str:
    """What the numbers are, in one sentence; `blocks` of the split are drawn as wholes if there are several."""
    drawn = f"the {blocks} blocks that they lie in" if blocks > 1 else "parcels"
    return (
        f"From raw to preprocessed, one change at a time, on {parcels:,} test parcels that every branch classifies; "
        f"mean over {seeds} {'seed' if seeds == 1 else 'seeds'}, with {100 * confidence:g} % intervals of a paired "
        f"bootstrap over {drawn} and over seeds."
    )


def rates_text(masks: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table of `evaluation.difference.mask_errors`."""
    percent = {
        name: [MISSING if pd.isna(v) else f"{v:.1%}".replace("%", " %") for v in masks[name]]
        for name in ("omission", "commission", "removed")
    }
    return pd.DataFrame(
        {
            "mask": masks["mask"],
            "clouds missed (omission)": percent["omission"],
            "clear removed (commission)": percent["commission"],
            "removed in all": percent["removed"],
        }
    )


def curves_text(curves: pd.DataFrame) -> pd.DataFrame:
    """The cells of the curves: accuracy at each rate, and the differences."""
    text = pd.DataFrame(
        {
            "error": curves["kind"],
            "rate": [f"{rate:.0%}".replace("%", " %") for rate in curves["rate"]],
            "model": [model_name(name) for name in curves["model"]],
            "accuracy": [
                f"{score(value)} ({score(low)} to {score(high)})"
                for value, low, high in zip(curves["accuracy"], curves["low"], curves["high"], strict=True)
            ],
        }
    )
    for name, words in REFERENCES.items():
        if f"over_{name}" in curves:
            rows = zip(*(curves[f"over_{name}{end}"] for end in ("", "_low", "_high")), strict=True)
            text[f"over {words}"] = [f"{signed(value)} ({signed(low)} to {signed(high)})" for value, low, high in rows]
    return text.sort_values("error", ascending=False, kind="stable").reset_index(drop=True)


def rates_caption(reference: str, base: str) -> str:
    """How masks are judged, and what the curves' errors are added to."""
    by = (
        "the true sky, which the simulator knows"
        if reference == "truth"
        else f"the mask {reference}, since nobody knows the truth here: these are disagreements, not errors"
    )
    return (
        f"Errors of the masks on whole dates of parcels, judged by {by}. The curves add errors to {base}, and models "
        "are trained under each."
    )


def break_even_sentences(table: pd.DataFrame) -> list[str]:
    """From which rate of errors on a mask no longer pays, one sentence a kind of error, reference and model."""
    words = []
    kinds = {"omission": "misses {} of the cloudy dates", "commission": "removes {} of the clear dates"}
    row: Any
    for row in table.itertuples(index=False):
        against = "raw series" if row.against == "raw" else "the same branch without a mask"
        model, kind = model_name(str(row.model)), kinds[str(row.kind)]
        if row.rate == 0:
            said = f"{model}: even without errors the mask does not pay against {against}."
            words += [] if said in words else [said]
            continue
        if math.isinf(row.rate):
            worst = kind.format(f"{row.highest:.0%}".replace("%", " %"))
            words.append(f"{model}: a mask that {worst} still pays against {against}{_spread(row)}.")
            continue
        at = kind.format(f"more than {row.rate:.0%}".replace("%", " %"))
        words.append(f"{model}: a mask that {at} no longer pays against {against}{_spread(row)}.")
    return words


def _spread(row: Any) -> str:
    """The interval of a break-even rate, in words."""
    if math.isinf(row.low) and math.isinf(row.high):
        return ", and so in nearly all draws of the test parcels"
    if row.low == 0 and math.isinf(row.high):
        return f" (which the test parcels leave open: from 0 % to beyond {row.highest:.0%})".replace("%)", " %)")
    low = f"{row.low:.0%}".replace("%", " %")
    high = f"beyond {row.highest:.0%}" if math.isinf(row.high) else f"{row.high:.0%}"
    return f" (interval {low} to {high.replace('%', ' %')})"


def notes(
    bars: Sequence[Mapping[str, str]], left_out: Sequence[str], missed: Mapping[str, int], seeds: int
) -> list[str]:
    """Sentences below the table of bars."""
    words = [f"{bar['name'].capitalize()}: {bar['says']}" for bar in bars]
    words += left_out
    if any(missed.values()):
        said = ", ".join(f"{count} in {branch}" for branch, count in missed.items() if count)
        words.append(f"Test parcels without an answer, which are scored in no branch therefore: {said}.")
    if seeds < 5:
        words.append(f"{seeds} seeds say little of how seeds differ; the intervals rest on the parcels.")
    words.append("They tell of other parcels of this landscape and of other seeds, not of other landscapes or years.")
    return words
