"""How sure a score or a difference of scores is: percentile intervals of the bootstrap over parcels and seeds.

Efron & Tibshirani 1993, "An introduction to the bootstrap", Chapman & Hall, chapters 6, 13 and 14: the sample is drawn
anew, with replacement, many times; the spread of the statistic over the draws is its standard error, and the quantiles
of the draws are its interval. Two branches are compared on the same drawn parcels (paired).

Seeds are a sample, too. Drawing them like the parcels would count the noise of single answers up to three times (Owen
2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1:386-411). So every draw of parcels takes the mean over
all seeds, which holds that noise once, and adds what seeds differ beyond it: their variance less that of the noise, as
in the analysis of variance of random effects (Searle, Casella & McCulloch 1992, "Variance components", Wiley,
chapter 4). Seeds of two branches are drawn each on their own: seed 3 of one has nothing in common with that of another.

Neighbouring parcels are alike, so single parcels as units make an interval too narrow. Whole groups (the blocks of the
split) can be drawn instead (Davison & Hinkley 1997, "Bootstrap methods and their application", Cambridge University
Press, section 3.8).

Every statistic here is a function of sums over parcels, so a draw is a row of counts and all draws are one matrix
product; nothing is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From sums (draw, column) to one number a draw."""

RESAMPLES = 2000
CONFIDENCE = 0.95
AT_ONCE = 2**24
"""Counts (draw x unit) that are in memory at once."""


@dataclass(frozen=True)
class Interval:
    """An estimate and how sure it is.

    Attributes
    ----------
    estimate
        On the sample itself.
    low, high
        Ends of the percentile interval.
    error
        Standard error: the standard deviation over the draws.
    above
        Share of the draws above 0; draws of exactly 0 count half.
    """

    estimate: float
    low: float
    high: float
    error: float
    above: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def mean_interval(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Interval of a mean over seeds and parcels, such as an accuracy.

    Parameters
    ----------
    values
        (seed, parcel): whether an answer is right, or any other score of a single parcel; no NaN.
    groups
        (parcel,) names of the groups that are drawn as wholes; None draws single parcels.
    resamples, confidence, seed
        Number of draws, coverage of the interval, and the seed of the draws.
    """
    sums = _with_ones(values)
    drawn = draws_of(sums, _mean, groups, resamples=resamples, seed=seed)
    return interval(float(_mean(sums.sum(axis=1)).mean()), drawn, confidence)


def paired_interval(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Interval of mean(first) - mean(second) on the same parcels, in the same order.

    Parameters
    ----------
    first, second
        (seed, parcel) as in `mean_interval`; the numbers of seeds may differ.
    groups, resamples, confidence, seed
        As in `mean_interval`.
    """
    one, two = _with_ones(first), _with_ones(second)
    return paired_statistic(one, two, _mean, groups, resamples=resamples, confidence=confidence, seed=seed)


def paired_statistic(
    first: Floats,
    second: Floats,
    statistic: Statistic,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Interval of statistic(first) - statistic(second), where the statistic is a function of sums over parcels.

    Parameters
    ----------
    first, second
        (seed, parcel, column): what each parcel adds to the sums that `statistic` takes.
    statistic
        From sums (draw, column) to (draw,); taken of every seed and then averaged.
    groups, resamples, confidence, seed
        As in `mean_interval`.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"paired samples need the same parcels; there are {first.shape[1]} and {second.shape[1]}")
    drawn = draws_of(first, statistic, groups, resamples=resamples, seed=seed, stream=1) - draws_of(
        second, statistic, groups, resamples=resamples, seed=seed, stream=2
    )
    estimate = statistic(first.sum(axis=1)).mean() - statistic(second.sum(axis=1)).mean()
    return interval(float(estimate), drawn, confidence)


def draws_of(
    values: Floats,
    statistic: Statistic,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    stream: int = 0,
) -> Floats:
    """(draw,) a statistic on drawn parcels, averaged over the seeds, with what seeds differ.

    Parameters
    ----------
    values
        (seed, parcel, column).
    seed, stream
        The same `seed` draws the same parcels; another `stream` draws other seeds.
    """
    members = _sums_of_groups(values, groups)
    by_seed = np.concatenate(
        [
            np.stack([statistic(counts @ of_seed) for of_seed in members], axis=1)
            for counts in unit_counts(members.shape[1], resamples, seed)
        ]
    )
    effects = seed_effects(statistic(values.sum(axis=1)), by_seed)
    picks = np.random.default_rng([seed, 1, stream]).integers(0, len(effects), by_seed.shape)
    return np.asarray(by_seed.mean(axis=1) + effects[picks].mean(axis=1))


def seed_effects(scores: Floats, by_seed: Floats) -> Floats:
    """(seed,) by how much seeds differ beyond the noise of their answers; all 0 for one seed.

    Parameters
    ----------
    scores
        (seed,) on the sample itself.
    by_seed
        (draw, seed) on drawn parcels; NaN where a draw lacks what the statistic needs.
    """
    seeds = len(scores)
    apart = np.nan_to_num(scores - scores.mean())
    if seeds < 2 or not (apart**2).sum():
        return np.zeros(seeds)
    own = by_seed - by_seed.mean(axis=1, keepdims=True)
    noise = float(np.nanvar(own, axis=0).mean()) * seeds / (seeds - 1)
    beyond = max(float(apart.var(ddof=1)) - noise, 0.0)
    return np.asarray(apart * np.sqrt(beyond / apart.var()))


def unit_counts(units: int, resamples: int, seed: int = 0) -> Iterator[Floats]:
    """How often each unit is drawn, (draw, unit), some draws at a time; every row sums to `units`."""
    generator = np.random.default_rng([seed, 0])
    step = max(1, AT_ONCE // max(units, 1))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = generator.integers(0, units, (rows, units)) + units * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def interval(estimate: float, drawn: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Percentile interval of draws; draws that are NaN (a class that was not drawn) are left out."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(float(estimate), np.nan, np.nan, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    error = float(known.std(ddof=1)) if len(known) > 1 else np.nan
    above = float((known > 0).mean() + 0.5 * (known == 0).mean())
    return Interval(float(estimate), float(low), float(high), error, above)


def _mean(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])


def _with_ones(values: npt.ArrayLike) -> Floats:
    array = np.atleast_2d(np.asarray(values, np.float64))
    return np.stack([array, np.ones_like(array)], axis=-1)


def _sums_of_groups(values: Floats, groups: npt.ArrayLike | None) -> Floats:
    """(seed, group, column) sums of (seed, parcel, column)."""
    if groups is None:
        return values
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    if len(number) != values.shape[1]:
        raise ValueError(f"{len(number)} parcels have a group, but there are {values.shape[1]}")
    summed = np.zeros((values.shape[0], int(number.max()) + 1, values.shape[2]))
    for of_seed, into in zip(values, summed, strict=True):
        np.add.at(into, number, of_seed)
    return summed
