"""Tables about other splits: what a random one would have claimed, and what the folds say."""

from __future__ import annotations

import pandas as pd

from .numbers import MISSING, model_name, score, signed_with_deviation, with_deviation

CLAIMS = (
    "Accuracy on the study's split and on a random split of the same parcels, trained alike, ± standard error "
    "(bootstrap over blocks, or parcels of the random split, and over seeds); what a random split claims more than the "
    "study's."
)


def claims_text(claims: pd.DataFrame) -> pd.DataFrame:
    """The cells of `evaluation.splits.claims` as text."""
    return pd.DataFrame(
        {
            "model": [model_name(name) for name in claims["model"]],
            "branch": claims["branch"].tolist(),
            "the study's split": _pairs(claims, "study"),
            "random split": _pairs(claims, "random"),
            "claimed more": [
                signed_with_deviation(*pair) for pair in zip(claims["claimed"], claims["claimed_error"], strict=True)
            ],
        }
    )


def _pairs(table: pd.DataFrame, name: str) -> list[str]:
    return [with_deviation(*pair) for pair in zip(table[name], table[f"{name}_error"], strict=True)]


def folds_text(variance: pd.DataFrame) -> pd.DataFrame:
    """The cells of `evaluation.splits.split_variance` as text."""
    text = pd.DataFrame(
        {"model": [model_name(name) for name in variance["model"]], "branch": variance["branch"].tolist()}
    )
    text["accuracy"] = [with_deviation(*pair) for pair in zip(variance["mean"], variance["over_folds"], strict=True)]
    for column in ("split", "seed"):
        text[f"due to the {column}"] = [MISSING if pd.isna(v) else score(float(v), 4) for v in variance[column]]
    return text


def folds_caption(folds: int) -> str:
    """What the numbers of the folds are."""
    return (
        f"Accuracy over {folds} folds of blocks, each the test part once: mean and standard deviation of the folds' "
        "means over seeds; standard deviations due to the split (other training and other test parcels) and to the "
        "seed, by analysis of variance."
    )
