"""For whom preprocessing helps: differences by groups of parcels, shrunk where they are small, and a few questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.stats import norm
from sklearn.tree import DecisionTreeRegressor

from ..errors import InputError
from .bootstrap import CONFIDENCE, RESAMPLES, paired_interval
from .degrade import placed, seen
from .metrics import scored_rows
from .runs import Key

Floats = npt.NDArray[np.float64]
ALL = "all models"
SIZE, DATES, CLOUDS, LABELS = "parcel size (ha)", "clear dates", "cloud share", "labelled parcels"
"""What is known of a parcel besides its class, or of a training set; names of columns."""
BINS = 4
LEAST = 5
"""Parcels that a group needs for an interval."""
COLUMNS = (
    "kind", "group", "model", "parcels", "blocks", "raw", "preprocessed", "estimate", "low", "high", "error",
    "shrunk", "shrunk_low", "shrunk_high", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Whether the answers of a model are right in both branches, on the same parcels.

    Attributes
    ----------
    raw, preprocessed
        (seed, parcel) 1 where the answer is right.
    """

    raw: Floats
    preprocessed: Floats

    def at(self, place: npt.NDArray) -> Pairs:
        """Those of some parcels."""
        return Pairs(self.raw[:, place], self.preprocessed[:, place])

    @property
    def difference(self) -> Floats:
        """(parcel,) mean difference over seeds, preprocessed - raw."""
        return np.asarray(self.preprocessed.mean(axis=0) - self.raw.mean(axis=0))


def right_answers(predictions: pd.DataFrame, parcels: Sequence[str]) -> Floats:
    """(seed, parcel) 1 where the answer is right; `parcels` in their order."""
    rows = scored_rows(predictions, parcels)
    rows = rows.assign(right=(rows["class"] == rows["predicted"]).astype(float))
    table = rows.pivot(index="seed", columns="parcel", values="right").reindex(columns=list(parcels))
    if table.isna().to_numpy().any():
        raise InputError("predictions: a seed lacks the answer for a parcel that is scored; train again")
    return table.to_numpy(float)


def pairs(
    frames: Mapping[Key, pd.DataFrame], parcels: Sequence[str], raw: str, preprocessed: str
) -> dict[str, Pairs]:  # fmt: skip
    """By model; `ALL` first, the mean over models of each seed (or of the mean over seeds, if their numbers differ)."""
    models = [
        model
        for model in dict.fromkeys(model for _, model in frames)
        if (raw, model) in frames and (preprocessed, model) in frames
    ]
    found = {
        model: Pairs(*(right_answers(frames[branch, model], parcels) for branch in (raw, preprocessed)))
        for model in models
    }
    if len(models) < 2:
        return found
    same = len({values.shape for pair in found.values() for values in (pair.raw, pair.preprocessed)}) == 1
    means = [
        np.mean([values if same else values.mean(axis=0, keepdims=True) for values in of], axis=0)
        for of in zip(*((pair.raw, pair.preprocessed) for pair in found.values()), strict=True)
    ]
    return {ALL: Pairs(*means), **found}


def clear_dates(measured: xr.Dataset, unmasked: xr.Dataset, parcels: Collection[str]) -> pd.DataFrame:
    """Number of clear dates and share of cloudy ones of each parcel.

    Parameters
    ----------
    measured
        The preprocessed branch's series as far as it is measured, after its masks: its dates are the clear ones.
    unmasked
        A series before any mask, perhaps of the other level; its dates that `measured` knows are all dates.

    Returns
    -------
    DataFrame
        Index `parcel`; columns `DATES`, and `CLOUDS` if anything is masked.
    """
    names = [str(name) for name in parcels]
    clear = seen(measured.sel(parcel=names))
    every = unmasked.sel(parcel=names)
    imaged, _ = placed(seen(every), every["time"].values, measured["time"].values)
    imaged |= clear
    table = pd.DataFrame({DATES: clear.sum(axis=1).astype(float)}, index=pd.Index(names, name="parcel"))
    if (imaged & ~clear).any():
        table[CLOUDS] = 1 - clear.sum(axis=1) / np.maximum(imaged.sum(axis=1), 1)
    return table


def binned(values: pd.Series, bins: int = BINS) -> pd.Series:
    """The bin of each parcel as a name like `3 to 7`; bins hold about equally many parcels, ties stay together."""
    number = pd.qcut(values, bins, labels=False, duplicates="drop")
    names = {}
    for place, own in values.groupby(number):
        low, high = float(own.min()), float(own.max())
        write = (lambda v: f"{v:.0%}") if values.name == CLOUDS else (lambda v: f"{v:.3g}")
        names[place] = write(low) if write(low) == write(high) else f"{write(low)} to {write(high)}"
    return number.map(names)


def by_groups(
    answers: Mapping[str, Pairs],
    groups: Mapping[str, pd.Series],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """The paired difference in every group of test parcels, with its interval, plain and shrunk.

    Small groups scatter by chance, and the largest of many differences is the most exaggerated. So each is drawn
    towards the mean of its kind by as much as its error is large beside the differences between groups (empirical
    Bayes: Efron, B. and Morris, C. (1975), "Data analysis using Stein's estimator and its generalizations", JASA
    70:311-319; Morris, C. (1983), JASA 78:47-55); see `shrunk`.

    Parameters
    ----------
    answers
        Of `pairs`.
    groups
        By kind (class, parcel size …), the group of every parcel in the order of the answers.
    blocks
        (parcel,) names of groups that are drawn as wholes; None draws single parcels.

    Returns
    -------
    DataFrame
        `COLUMNS`. `estimate`, `low`, `high` are preprocessed - raw and its interval, `error` its standard error,
        `shrunk`, `shrunk_low`, `shrunk_high` the same after shrinkage. A group of fewer than `LEAST` parcels or in one
        block has no interval of its own; its `note` says so.
    """
    lines = []
    places = np.arange(len(next(iter(groups.values())))) if blocks is None else np.asarray(blocks)
    for kind, names in groups.items():
        for model, pair in answers.items():
            own = []
            spread = float(pair.difference.std())
            for group in _ordered(names):
                inside = np.flatnonzero((names == group).to_numpy())
                units = places[inside]
                line = _line(pair.at(inside), units if blocks is not None else None, spread, resamples, confidence)
                own.append({"kind": kind, "group": group, "model": model, "blocks": len(set(units.tolist())), **line})
            table = pd.DataFrame(own)
            values = shrunk(table["estimate"].to_numpy(), table["error"].to_numpy(), confidence)
            lines.append(table.assign(shrunk=values[0], shrunk_low=values[1], shrunk_high=values[2]))
    return pd.concat(lines, ignore_index=True)[list(COLUMNS)]


def _ordered(names: pd.Series) -> list[str]:
    """Groups in the order of a categorical, or the largest first."""
    present = names.dropna()
    if isinstance(names.dtype, pd.CategoricalDtype):
        return [str(name) for name in names.cat.categories if (present == name).any()]
    counts = present.value_counts()
    return sorted(counts.index, key=lambda name: (-counts[name], str(name)))


def _line(
    pair: Pairs, units: npt.NDArray | None, spread: float, resamples: int, confidence: float
) -> dict[str, object]:  # fmt: skip
    count = pair.raw.shape[1]
    # The bootstrap of a handful of parcels that all agree finds no error at all.
    least = spread / np.sqrt(count)
    line: dict[str, object] = {
        "parcels": count,
        "raw": float(pair.raw.mean()),
        "preprocessed": float(pair.preprocessed.mean()),
        "estimate": float(pair.difference.mean()),
        "low": np.nan,
        "high": np.nan,
        "error": least,
        "note": "",
    }
    alone = units is not None and len(set(units.tolist())) < 2
    if count < LEAST or alone:
        why = f"fewer than {LEAST} parcels" if count < LEAST else "all in one block"
        line["note"] = f"no interval: {why}"
        return line
    found = paired_interval(
        pair.preprocessed, pair.raw, None if units is None else units.tolist(), resamples=resamples,
        confidence=confidence,
    )  # fmt: skip
    if found.note:
        line["note"] = f"no interval: {found.note[0].lower()}{found.note[1:].rstrip('.')}"
        return line
    return line | {"low": found.low, "high": found.high, "error": max(found.error, least)}


def shrunk(estimates: Floats, errors: Floats, confidence: float = CONFIDENCE) -> tuple[Floats, Floats, Floats]:
    """Estimates drawn towards their common mean, with intervals.

    The variance between groups is that of DerSimonian, R. and Laird, N. (1986), "Meta-analysis in clinical trials",
    Controlled Clinical Trials 7:177-188. A group keeps the share tau² / (tau² + error²) of its distance from the mean;
    the interval holds the error of the mean, and of that variance (Morris 1983), too.

    Parameters
    ----------
    estimates, errors
        (group,) and their standard errors; at least one is above 0.

    Returns
    -------
    Three arrays (group,): shrunk estimates, lower and upper ends.
    """
    variance = np.maximum(errors, 1e-9) ** 2
    between = tau_squared(estimates, variance)
    weight = 1 / (variance + between)
    mean = float((weight * estimates).sum() / weight.sum())
    kept = between / (between + variance)
    value = mean + kept * (estimates - mean)
    # The variance between groups is itself estimated, which Morris (1983) adds.
    unsure = 2 / max(len(estimates) - 3, 1) * (1 - kept) ** 2 * (estimates - mean) ** 2
    deviation = np.sqrt(kept * variance + (1 - kept) ** 2 / weight.sum() + unsure)
    reach = norm.ppf((1 + confidence) / 2) * deviation
    return value, value - reach, value + reach


def tau_squared(estimates: Floats, variance: Floats) -> float:
    """Variance between groups beyond that within, at least 0 (DerSimonian & Laird 1986)."""
    weight = 1 / variance
    mean = (weight * estimates).sum() / weight.sum()
    q = (weight * (estimates - mean) ** 2).sum()
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return float(max((q - (len(estimates) - 1)) / scale, 0.0)) if scale > 0 else 0.0


@dataclass(frozen=True)
class Leaf:
    """One answer of the decision tree.

    Attributes
    ----------
    conditions
        (feature, "below" or "from", threshold), from the first question on.
    parcels
        Parcels of the half that the value is estimated on.
    estimate, low, high
        Preprocessed - raw on that half.
    """

    conditions: tuple[tuple[str, str, float], ...]
    parcels: int
    estimate: float
    low: float
    high: float


def questions(
    features: pd.DataFrame,
    pair: Pairs,
    blocks: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    most: int = 3,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[Leaf]:
    """A decision tree of at most three questions that tells for whom preprocessing helps.

    It is honest (Athey, S. and Imbens, G. (2016), "Recursive partitioning for heterogeneous causal effects", PNAS
    113:7353-7360): the questions are found on half of the blocks, and the differences below them are estimated on the
    other half, so a question that only fits the noise shows as no difference.

    Parameters
    ----------
    features
        Numbers known of each row, in the order of the answers; a column with a missing value is left out.
    pair
        The answers.
    blocks
        (row,) names of groups that stay together in one half.
    names
        (row,) ids of parcels, where one has several rows.
    most
        Questions at most.
    seed
        Decides the halves.

    Returns
    -------
    list of Leaf
        From left to right; a single one without conditions where no question is worth asking. Empty with fewer than
        four blocks, which cannot be halved.
    """
    groups = np.asarray(blocks)
    ids = np.arange(len(groups)) if names is None else np.asarray(names)
    units = np.unique(groups)
    if len(units) < 4:
        return []
    usable = features.loc[:, features.notna().all() & (features.nunique() > 1)]
    first = np.isin(groups, np.random.default_rng(seed).permutation(units)[: len(units) // 2])
    least = max(LEAST, int(np.ceil(0.1 * first.sum())))
    tree = DecisionTreeRegressor(
        max_leaf_nodes=most + 1, min_samples_leaf=least, min_impurity_decrease=0.0, random_state=0
    )  # fmt: skip
    values = usable.to_numpy(float)
    if values.shape[1] == 0:
        return _leaves([((), np.ones(len(groups), dtype=bool))], ~first, pair, groups, ids, resamples, confidence)
    tree.fit(values[first], pair.difference[first])
    return _leaves(
        _paths(tree, [str(name) for name in usable.columns], values), ~first, pair, groups, ids, resamples, confidence
    )


def _paths(
    tree: DecisionTreeRegressor, names: Sequence[str], values: Floats
) -> list[tuple[tuple[tuple[str, str, float], ...], npt.NDArray[np.bool_]]]:
    """Conditions of every leaf, left to right, and the rows that they hold for."""
    made = tree.tree_
    found = []

    def follow(node: int, conditions: tuple[tuple[str, str, float], ...], rows: npt.NDArray[np.bool_]) -> None:
        if made.children_left[node] == made.children_right[node]:
            found.append((conditions, rows))
            return
        column, threshold = int(made.feature[node]), float(made.threshold[node])
        below = values[:, column].astype(np.float32) <= threshold
        name = names[column]
        follow(int(made.children_left[node]), (*conditions, (name, "below", threshold)), rows & below)
        follow(int(made.children_right[node]), (*conditions, (name, "from", threshold)), rows & ~below)

    follow(0, (), np.ones(len(values), dtype=bool))
    return found


def _leaves(
    paths: Sequence[tuple[tuple[tuple[str, str, float], ...], npt.NDArray[np.bool_]]],
    half: npt.NDArray[np.bool_],
    pair: Pairs,
    blocks: npt.NDArray,
    ids: npt.NDArray,
    resamples: int,
    confidence: float,
) -> list[Leaf]:
    leaves = []
    for conditions, rows in paths:
        inside = np.flatnonzero(rows & half)
        own, count = pair.at(inside), len(set(ids[inside].tolist()))
        if count < LEAST or len(set(blocks[inside].tolist())) < 2:
            estimate = float(own.difference.mean()) if len(inside) else np.nan
            leaves.append(Leaf(conditions, count, estimate, np.nan, np.nan))
            continue
        found = paired_interval(
            own.preprocessed, own.raw, blocks[inside].tolist(), resamples=resamples, confidence=confidence
        )  # fmt: skip
        leaves.append(Leaf(conditions, count, found.estimate, found.low, found.high))
    return leaves
