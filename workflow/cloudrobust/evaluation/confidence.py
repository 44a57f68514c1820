"""How sure the comparison of two branches is: intervals of the difference, McNemar's test, and where variance lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, fields

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from .bootstrap import RESAMPLES, Interval, combined, paired_statistic, resampled
from .calibration import columns_of
from .metrics import classes_of, scored_rows
from .runs import Key

METRICS = ("accuracy", "kappa", "macro_f1")
UNITS = ("parcels", "blocks")
"""What is drawn: single parcels, or the blocks of the split with all of their parcels."""

Floats = npt.NDArray[np.float64]


def contributions(predictions: pd.DataFrame, parcels: Sequence[str]) -> Floats:
    """What each answer adds to the sums that scores are made of.

    Returns
    -------
    ndarray
        (seed, parcel, 3 x class): right answers, true class and predicted class, each as indicators; `parcels` in
        their order.
    """
    names = classes_of(predictions)
    number = {name: n for n, name in enumerate(names)}
    rows = scored_rows(predictions, parcels)
    seeds = sorted(rows["seed"].unique().tolist())
    place = pd.Index(list(parcels))
    indicators = np.eye(len(names))
    result = np.zeros((len(seeds), len(place), 3 * len(names)))
    for n, seed in enumerate(seeds):
        of_seed = rows[rows["seed"] == seed]
        where = place.get_indexer(of_seed["parcel"])
        true = indicators[of_seed["class"].map(number).to_numpy(int)]
        predicted = indicators[of_seed["predicted"].map(number).to_numpy(int)]
        result[n, where] = np.concatenate([true * predicted, true, predicted], axis=1)
    return result


def right_answers(predictions: pd.DataFrame, parcels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """(seed, parcel) whether an answer is right; `parcels` in their order, seeds sorted."""
    rows = scored_rows(predictions, parcels)
    right = rows.assign(right=rows["predicted"].astype(str) == rows["class"].astype(str))
    return right.pivot(index="seed", columns="parcel", values="right")[list(parcels)].to_numpy(bool)


def accuracy(sums: Floats) -> Floats:
    """(draw,) share of right answers, from sums (draw, 3 x class) of `contributions`."""
    right, true, _ = np.split(sums, 3, axis=1)
    return np.asarray(right.sum(axis=1) / true.sum(axis=1))


def kappa(sums: Floats) -> Floats:
    """(draw,) Cohen's kappa; NaN where chance agrees wholly."""
    right, true, predicted = np.split(sums, 3, axis=1)
    total = true.sum(axis=1)
    chance = (true * predicted).sum(axis=1) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((right.sum(axis=1) / total - chance) / (1 - chance))


def macro_f1(sums: Floats) -> Floats:
    """(draw,) mean F1 over the classes that a draw holds."""
    right, true, predicted = np.split(sums, 3, axis=1)
    present = true > 0
    f1 = np.divide(2 * right, true + predicted, out=np.zeros_like(right), where=true + predicted > 0)
    return np.asarray((f1 * present).sum(axis=1) / present.sum(axis=1))


STATISTICS = {"accuracy": accuracy, "kappa": kappa, "macro_f1": macro_f1}


def intervals(
    frames: Mapping[Key, pd.DataFrame],
    parcels: Sequence[str],
    blocks: Mapping[str, str],
    raw: str,
    preprocessed: str,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Bootstrap intervals (95 %) of preprocessed - raw, paired by parcels and by blocks.

    Parameters
    ----------
    frames
        Predictions by (branch, model).
    parcels
        Scored test parcels.
    blocks
        Block by parcel id; without blocks ("" everywhere) there are no rows of that unit.
    raw, preprocessed
        The two branches.
    resamples
        Number of draws.

    Returns
    -------
    DataFrame
        `model`, `metric`, `unit` (of `UNITS`), `drawn` (how many units there are), `estimate`, `low`, `high`, `error`
        (standard error), `above` (probability that preprocessed is better), `freedom` (degrees of freedom of
        Student's t), `note` (why there is no interval, where there is none).
    """
    groups = units_of(parcels, blocks)
    lines = []
    for model in _models(frames, raw, preprocessed):
        first, second = (contributions(frames[branch, model], parcels) for branch in (preprocessed, raw))
        for metric, statistic in STATISTICS.items():
            for unit, of in groups.items():
                found = paired_statistic(first, second, statistic, of, resamples=resamples)
                drawn = len(parcels) if of is None else len(set(of))
                lines.append((model, metric, unit, drawn, *astuple(found)))
    columns = ["model", "metric", "unit", "drawn", *(field.name for field in fields(Interval))]
    return pd.DataFrame(lines, columns=columns)


def units_of(parcels: Sequence[str], blocks: Mapping[str, str]) -> dict[str, list[str] | None]:
    """The groups that `bootstrap` draws, by unit; blocks only where there are at least two."""
    named = [blocks.get(parcel, "") for parcel in parcels]
    return {"parcels": None} | ({"blocks": named} if "" not in named and len(set(named)) > 1 else {})


def mcnemar(frames: Mapping[Key, pd.DataFrame], parcels: Sequence[str], raw: str, preprocessed: str) -> pd.DataFrame:
    """McNemar's exact test of each model: do the branches err equally often?

    Like the intervals it takes the answers as they are and cannot see whether a network finished learning;
    `verdict.verdicts` gives no verdict where one did not.

    McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12:153-157; exact form as in Dietterich 1998, "Approximate statistical tests for comparing supervised
    classification learning algorithms", Neural Computation 10:1895-1923. Every parcel counts once: the probabilities
    of all seeds are averaged to one answer. p-values of several models are adjusted by Holm 1979, "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6:65-70.

    Returns
    -------
    DataFrame
        `model`, `both` (parcels that both answer right), `only_preprocessed`, `only_raw`, `neither`, `p`, `p_holm`.
    """
    lines = []
    for model in _models(frames, raw, preprocessed):
        first, second = (pooled_right(frames[branch, model], parcels) for branch in (preprocessed, raw))
        better, worse = int((first & ~second).sum()), int((second & ~first).sum())
        p = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
        lines.append((model, int((first & second).sum()), better, worse, int((~first & ~second).sum()), p))
    table = pd.DataFrame(lines, columns=["model", "both", "only_preprocessed", "only_raw", "neither", "p"])
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def pooled_right(predictions: pd.DataFrame, parcels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """(parcel,) whether the mean probabilities of all seeds give the right class; ties fall to the first class.

    Without probabilities the seeds vote.
    """
    rows = scored_rows(predictions, parcels)
    columns = columns_of(predictions)
    mean = rows.groupby("parcel")[columns].mean() if columns else pd.crosstab(rows["parcel"], rows["predicted"])
    names = np.array([str(column).removeprefix("p:") for column in mean.columns])
    answer = pd.Series(names[mean.to_numpy(float).argmax(axis=1)], index=mean.index)
    true = rows.drop_duplicates("parcel").set_index("parcel")["class"]
    return np.asarray(answer.reindex(list(parcels)) == true.reindex(list(parcels)))


def holm(p: Floats) -> Floats:
    """p-values adjusted for their number by Holm's procedure, in the same order."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def variance(
    frames: Mapping[Key, pd.DataFrame],
    parcels: Sequence[str],
    blocks: Mapping[str, str],
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Where the uncertainty of each run's accuracy comes from, as standard deviations.

    With one split there are two sources that can be told apart: the seeds, and which parcels happened to be in the
    test part. What another split would change in the training is in neither; `cross_validation` measures it.

    Returns
    -------
    DataFrame
        `branch`, `model`, `seeds`, `over_seeds` (standard deviation over seeds, as in the study's tables),
        `seeds_alone` (what is left of it beyond the noise of single answers), `over_parcels` and `over_blocks`
        (standard error of the mean over seeds, from drawn test parcels or blocks), NaN where unknown.
    """
    groups = units_of(parcels, blocks)
    lines = []
    for (branch, model), frame in frames.items():
        values = contributions(frame, parcels)
        by_seed = accuracy(values.sum(axis=1))
        line: dict[str, object] = {"branch": branch, "model": model, "seeds": len(by_seed)}
        line["over_seeds"] = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else np.nan
        fixed = values.mean(axis=0, keepdims=True)  # one "seed": what all of them answer on average
        for unit in UNITS:
            line[f"over_{unit}"] = np.nan
            if unit in groups:
                drawn, alone = resampled([values, fixed], accuracy, groups[unit], resamples=resamples)
                line[f"over_{unit}"] = combined([(1.0, alone)]).error
                if unit == "parcels":
                    beyond = float(np.sqrt(max(drawn.seed_variance, 0.0)))
                    line["seeds_alone"] = beyond if len(by_seed) > 1 else np.nan
        lines.append(line)
    columns = ["branch", "model", "seeds", "over_seeds", "seeds_alone", *(f"over_{unit}" for unit in UNITS)]
    return pd.DataFrame(lines, columns=columns)


def _models(frames: Mapping[Key, pd.DataFrame], raw: str, preprocessed: str) -> list[str]:
    """Models that were trained on both branches, in order."""
    names: Collection[str] = dict.fromkeys(model for _, model in frames)
    return [model for model in names if (raw, model) in frames and (preprocessed, model) in frames]
