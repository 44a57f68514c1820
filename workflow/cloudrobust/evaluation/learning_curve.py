"""How raw and preprocessed do with fewer labels: nested training sets, and the difference at each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .bootstrap import CONFIDENCE, RESAMPLES, mean_interval, paired_interval
from .for_whom import Pairs


def thinned(split: pd.DataFrame, share: float, seed: int = 0) -> pd.DataFrame:
    """The split with a share of its training parcels of each class; the others are in no part.

    Of each class the share is rounded up, so that none vanishes. Parcels are drawn in an order that depends on the
    class and the seed alone, so the parcels of a smaller share are among those of a larger one.

    Parameters
    ----------
    split
        Columns `parcel`, `class` and `part`.
    share
        Above 0, up to 1.
    """
    train = split[split["part"].astype(str) == "train"]
    kept: list[str] = []
    for name, rows in sorted(train.groupby(train["class"].astype(str)), key=lambda item: str(item[0])):
        names = sorted(rows["parcel"].astype(str))
        order = np.random.default_rng([seed, *str(name).encode()]).permutation(len(names))
        # Not 70.00000000000001 of 100 parcels.
        count = math.ceil(round(share * len(names), 9))
        kept += [names[number] for number in order[:count]]
    held = (split["part"].astype(str) != "train") | split["parcel"].astype(str).isin(kept)
    return split[held].reset_index(drop=True)


def learning_curve(
    answers: Mapping[tuple[float, str], Pairs],
    labels: Mapping[float, int],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Accuracy of both branches, and their paired difference, at every number of labels.

    Parameters
    ----------
    answers
        By share and model, on the same test parcels.
    labels
        Training parcels by share.
    blocks
        (parcel,) names of groups that are drawn as wholes; None draws single parcels.

    Returns
    -------
    DataFrame
        `model`, `share`, `labels`, `raw` and `preprocessed` with `_low` and `_high`, `estimate`, `low`, `high`.
    """
    lines = []
    settings = {"resamples": resamples, "confidence": confidence}
    for (share, model), pair in answers.items():
        line: dict[str, object] = {"model": model, "share": share, "labels": labels[share]}
        for branch in ("raw", "preprocessed"):
            alone = mean_interval(getattr(pair, branch), blocks, resamples=resamples, confidence=confidence)
            line |= {branch: alone.estimate, f"{branch}_low": alone.low, f"{branch}_high": alone.high}
        found = paired_interval(pair.preprocessed, pair.raw, blocks, **settings)  # type: ignore[arg-type]
        lines.append(line | {"estimate": found.estimate, "low": found.low, "high": found.high})
    return pd.DataFrame(lines).sort_values(["model", "labels"], ignore_index=True)
