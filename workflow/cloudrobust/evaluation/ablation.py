"""The effect of each step: contrasts of the branches of a factorial design, with intervals by a paired bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .bootstrap import CONFIDENCE, RESAMPLES, Floats, Resampled, combined, least_error, unit_counts, worth
from .runs import Key

METRICS = ("accuracy", "kappa")
PIECE = 64_000_000
"""Bytes of weights of resampled parcels that are held at once."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """A main effect as a weighted sum of the branches' scores.

    Attributes
    ----------
    factor, level, reference
        What is held against what.
    weights
        (branch,) weights, which sum to 0; NaN if the branches do not tell this effect.
    pairs
        Pairs of branches that differ in nothing else; None if the effect comes from least squares.
    """

    factor: str
    level: str
    reference: str
    weights: NDArray[np.float64]
    pairs: int | None


def contrasts(
    cells: Sequence[Mapping[str, str]], factors: Mapping[str, Sequence[str]], design: str = "full"
) -> list[Contrast]:
    """The main effect of every level of every factor against the factor's first level.

    Parameters
    ----------
    cells
        Of each branch, the level by factor.
    factors
        Names of the levels by factor, the reference first.
    design
        "full": the mean difference over all pairs of branches that differ in this factor alone; where every
        combination is there this is the main effect of a factorial experiment (Yates, F. (1937), The Design and
        Analysis of Factorial Experiments), and where some are impossible no other effect mixes in. "fraction":
        the coefficient in the least-squares fit of main effects, since a fraction has few such pairs or none.
    """
    found = []
    fitted = _least_squares(cells, factors) if design == "fraction" else {}
    numbers = {tuple(cell[name] for name in factors): number for number, cell in enumerate(cells)}
    for place, (factor, levels) in enumerate(factors.items()):
        reference = levels[0]
        for level in levels[1:]:
            if fitted:
                found.append(Contrast(factor, level, reference, fitted[factor, level], None))
                continue
            weights, pairs = np.zeros(len(cells)), 0
            for key, number in numbers.items():
                other = numbers.get((*key[:place], reference, *key[place + 1 :]))
                if key[place] == level and other is not None:
                    weights[number] += 1
                    weights[other] -= 1
                    pairs += 1
            weights = weights / pairs if pairs else np.full(len(cells), np.nan)
            found.append(Contrast(factor, level, reference, weights, pairs))
    return found


def _least_squares(
    cells: Sequence[Mapping[str, str]], factors: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """(branch,) weights that give each coefficient; NaN where the branches do not determine it."""
    names = [(factor, level) for factor, levels in factors.items() for level in levels[1:]]
    columns = [[float(cell[factor] == level) for cell in cells] for factor, level in names]
    x = np.array([[1.0] * len(cells), *columns]).T
    inverse = np.linalg.pinv(x)
    told = np.abs(inverse @ x - np.eye(x.shape[1])).max(axis=1) < 1e-8
    return {
        name: inverse[number] if told[number] else np.full(len(cells), np.nan)
        for number, name in enumerate(names, start=1)
    }


@dataclass(frozen=True, eq=False)
class Answers:
    """What the seeds of a model say in every branch.

    Attributes
    ----------
    true
        (parcel,) numbers of classes.
    predicted
        (branch, seed, parcel) numbers of classes.
    classes
        How many there are.
    """

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    classes: int


def answers(
    frames: Mapping[Key, pd.DataFrame],
    branches: Sequence[str],
    model: str,
    parcels: Sequence[str],
    seeds: Sequence[int],
) -> Answers:
    """The answers of a model on the same parcels with the same seeds in every branch.

    Raises
    ------
    InputError
        If a branch lacks a seed.
    """
    tables, true = [], None
    for branch in branches:
        frame = frames[branch, model]
        absent = sorted(set(seeds) - set(frame["seed"]))
        if absent:
            raise InputError(f"predictions of {branch} x {model}: have no seed {absent[0]}; train again")
        rows = frame[frame["seed"].isin(seeds)]
        rows = rows.assign(parcel=rows["parcel"].astype(str), predicted=rows["predicted"].astype(str))
        rows = rows[rows["parcel"].isin(parcels)]
        tables.append(rows.set_index(["seed", "parcel"])["predicted"].unstack())
        if true is None:
            true = rows.drop_duplicates("parcel").set_index("parcel")["class"].astype(str)[list(parcels)]
    if true is None:
        raise InputError("ablation: there is no branch to compare; name factors with at least two levels")
    words = np.stack([table.loc[list(seeds), list(parcels)].to_numpy(str) for table in tables])
    names, numbers = np.unique(np.concatenate([words.ravel(), true.to_numpy(str)]), return_inverse=True)
    predicted = numbers[: words.size].reshape(words.shape)
    return Answers(numbers[words.size :].astype(np.int64), predicted.astype(np.int64), len(names))


def scores_of(said: Answers, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Accuracy and Cohen's kappa of weighted parcels.

    Parameters
    ----------
    said
        Of `answers`.
    weights
        (resample, parcel) how often each parcel counts; ones give the plain scores.

    Returns
    -------
    dict
        By metric, (resample, branch, seed). Kappa is NaN where chance alone would agree on everything.
    """
    branches, seeds, _ = said.predicted.shape
    total = weights.sum(axis=1)
    shape = (len(weights), branches, seeds)
    right, chance = np.empty(shape), np.empty(shape)
    of_true = weights @ np.eye(said.classes)[said.true]
    for branch in range(branches):
        flat = said.predicted[branch]
        right[:, branch] = weights @ (flat == said.true).T.astype(float)
        for seed in range(seeds):
            of_predicted = weights @ np.eye(said.classes)[flat[seed]]
            chance[:, branch, seed] = (of_true * of_predicted).sum(axis=1)
    accuracy = right / total[:, None, None]
    expected = chance / total[:, None, None] ** 2
    kappa = np.full(shape, np.nan)
    np.divide(accuracy - expected, 1 - expected, out=kappa, where=expected < 1)
    return {"accuracy": accuracy, "kappa": kappa}


def effects(
    said: Answers,
    wanted: Sequence[Contrast],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Every contrast of a model's scores, with intervals of a paired bootstrap.

    Test parcels are drawn with replacement, the same ones in all branches, so that what they have in common cancels
    (Efron, B. and Tibshirani, R. J. (1993), An Introduction to the Bootstrap, chapter 13). A contrast is taken
    within each seed, which branches share too, and then averaged over seeds; what seeds differ beyond the noise of
    single answers is added as `bootstrap` describes. The intervals tell of other parcels of the same landscape and
    of other seeds, not of other landscapes, years or splits.

    Parameters
    ----------
    said, wanted
        Of `answers` and `contrasts`.
    blocks
        (parcel,) names of groups that are drawn as wholes, since neighbouring parcels are alike; None draws single
        parcels.
    resamples, confidence, seed
        Number of draws, coverage of the intervals, and the seed of the draws.

    Returns
    -------
    DataFrame
        `factor`, `level`, `reference`, `pairs`, and for each of `METRICS` `<metric>`, `<metric>_low` and
        `<metric>_high`: the effect, and its interval; `<metric>_note` says why there is none, where there is none.
    """
    parcels = said.true.size
    weights = np.stack([one.weights for one in wanted])
    units = np.arange(parcels) if blocks is None else np.unique(np.asarray(blocks), return_inverse=True)[1]
    size = worth(np.bincount(units))
    plain = {name: weights @ values[0] for name, values in scores_of(said, np.ones((1, parcels))).items()}
    drawn: dict[str, list[Floats]] = {metric: [] for metric in METRICS}
    at_once = max(1, PIECE // (8 * parcels))
    for counts in unit_counts(int(units.max()) + 1, resamples, seed):
        for start in range(0, len(counts), at_once):
            for metric, values in scores_of(said, counts[start : start + at_once, units]).items():
                drawn[metric].append(np.einsum("cb,rbs->crs", weights, values))
    columns: dict[str, Any] = {
        "factor": [one.factor for one in wanted],
        "level": [one.level for one in wanted],
        "reference": [one.reference for one in wanted],
        "pairs": pd.array([one.pairs for one in wanted], dtype="Int64"),
    }
    for metric in METRICS:
        intervals = []
        for by_seed, scores in zip(np.concatenate(drawn[metric], axis=1), plain[metric], strict=True):
            part = Resampled(scores, by_seed, size)
            intervals.append(combined([(1.0, part)], confidence=confidence, least=least_error(parcels)))
        columns[metric] = [one.estimate for one in intervals]
        columns[f"{metric}_low"] = [one.low for one in intervals]
        columns[f"{metric}_high"] = [one.high for one in intervals]
        columns[f"{metric}_note"] = [one.note for one in intervals]
    return pd.DataFrame(columns)


def ablation_table(
    frames: Mapping[Key, pd.DataFrame],
    cells: Mapping[str, Mapping[str, str]],
    factors: Mapping[str, Sequence[str]],
    parcels: Sequence[str],
    seeds: Sequence[int],
    *,
    design: str = "full",
    blocks: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """The effects of all models below each other, with the column `model` in front.

    Parameters
    ----------
    frames
        Predictions by branch and model.
    cells
        By branch, its level of each factor.
    factors, design
        As in `contrasts`.
    parcels, seeds
        Test parcels that every run classifies, and the seeds that every run has.
    blocks, resamples, confidence
        As in `effects`.
    """
    wanted = contrasts(list(cells.values()), factors, design)
    parts = []
    for model in dict.fromkeys(model for _, model in frames):
        said = answers(frames, list(cells), model, parcels, seeds)
        part = effects(said, wanted, blocks, resamples=resamples, confidence=confidence)
        part.insert(0, "model", model)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
