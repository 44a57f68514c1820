"""How sure a score or a difference of scores is: intervals from a bootstrap over parcels or blocks, and over seeds.

Efron & Tibshirani 1993, "An introduction to the bootstrap", Chapman & Hall, chapters 6, 12 and 13: the sample is drawn
anew, with replacement, many times; the spread of the statistic over the draws is its standard error. Two branches are
compared on the same drawn parcels (paired).

Neighbouring parcels are alike, so single parcels as units make an interval too narrow. Whole groups (the blocks of the
split) can be drawn instead (Davison & Hinkley 1997, "Bootstrap methods and their application", Cambridge University
Press, section 3.8).

Quantiles of the draws make intervals that are too narrow where there are few blocks. So the interval is
estimate ± t x standard error. The standard error is the one of the draws, times sqrt(units / (units - 1)), which draws
with replacement lack (Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician
69:371-386). t is Student's quantile with as many degrees of freedom as blocks and seeds allow (Satterthwaite 1946,
Biometrics Bulletin 2:110-114; Welch 1947, Biometrika 34:28-35); blocks of unequal size count as (sum n)^2 / sum n^2
equal ones. `benchmarks/verdict.py` measures how often both kinds of interval hold the truth.

Seeds are a sample, too. Drawing them like the parcels would count the noise of single answers up to three times (Owen
2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1:386-411). So every draw of parcels takes the mean over
all seeds, which holds that noise once, and the variance of seeds beyond that noise is added, as in the analysis of
variance of random effects (Searle, Casella & McCulloch 1992, "Variance components", Wiley, chapter 4).

None of this sees whether a network finished learning: its answers come from what it had learned when training stopped.
`verdict` therefore gives no verdict on a run that did not converge.

Every statistic here is a function of sums over parcels, so a draw is a row of counts and all draws are one matrix
product; nothing is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

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
        Ends of the interval, by Student's t.
    error
        Standard error, over units and seeds.
    above
        Probability that the truth is above 0, by the same distribution (one minus the one-sided p-value).
    freedom
        Degrees of freedom of t.
    units, units_error
        How many parcels or equal blocks were drawn, and the part of the standard error that comes from drawing them.
    note
        Why the ends are NaN; empty if they are not.
    """

    estimate: float
    low: float
    high: float
    error: float
    above: float
    freedom: float
    units: float
    units_error: float
    note: str = ""

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


class SeedPart(NamedTuple):
    """A part of the variance that comes from a few seeds.

    Attributes
    ----------
    added
        Variance of the mean over seeds beyond the noise of their answers.
    of_scores
        The variance of the mean that the seeds' scores show, noise and all, from which `added` was found; 0 if that is.
    freedom
        Degrees of freedom of `of_scores`.
    """

    added: float
    of_scores: float
    freedom: int


@dataclass(frozen=True, eq=False)
class Resampled:
    """A statistic of every seed, on the sample and on drawn units.

    Attributes
    ----------
    scores
        (seed,) on the sample itself.
    drawn
        (draw, seed); NaN where a draw lacks what the statistic needs, such as a class.
    units
        Number of units that were drawn; of unequal blocks, how many equal ones they are worth.
    """

    scores: Floats
    drawn: Floats
    units: float

    @property
    def seed_part(self) -> SeedPart:
        """What other seeds add to the variance of the mean over seeds, and how well that is known."""
        count = len(self.scores)
        added = max(self.seed_variance, 0.0) / count
        return SeedPart(added, float(self.scores.var(ddof=1)) / count if added else 0.0, count - 1)

    def with_seeds(self, stream: int = 0) -> Floats:
        """(draw,) the mean over seeds on drawn units, with what other seeds would add; each `stream` draws its own."""
        noise = np.random.default_rng([0, 1, stream]).normal(0, 1, len(self.drawn))
        return np.asarray(self.drawn.mean(axis=1) + np.sqrt(self.seed_part.added) * noise)

    @cached_property
    def seed_variance(self) -> float:
        """Of `seed_variance`: variance between seeds beyond the noise of their answers, below 0 by chance."""
        return seed_variance(self.scores, self.drawn, self.units)


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
        (seed, parcel): whether an answer is right, or any other score of a single parcel from 0 to 1; no NaN.
    groups
        (parcel,) names of the groups that are drawn as wholes; None draws single parcels.
    resamples, confidence, seed
        Number of draws, coverage of the interval, and the seed of the draws.
    """
    sums = with_ones(values)
    found = resampled([sums], mean_of, groups, resamples=resamples, seed=seed)
    # Even where all answers are right, one of as many others could be wrong.
    result = combined([(1.0, found[0])], confidence=confidence, least=1 / sums.shape[1])
    return replace(result, low=float(np.clip(result.low, 0, 1)), high=float(np.clip(result.high, 0, 1)))


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
    one, two = with_ones(first), with_ones(second)
    return paired_statistic(one, two, mean_of, groups, resamples=resamples, confidence=confidence, seed=seed)


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
    one, two = resampled([first, second], statistic, groups, resamples=resamples, seed=seed)
    return combined([(1.0, one), (-1.0, two)], confidence=confidence, least=least_error(first.shape[1]))


def least_error(parcels: int) -> float:
    """The least standard error of a paired difference: that of two parcels that are answered differently.

    Where the branches answer all parcels alike, the draws do not vary, and yet other parcels could differ. Two parcels
    are what Bonett & Price 2012 (Journal of Educational and Behavioral Statistics 37:479-488) add to paired answers;
    with t = 2 the interval then ends at 2.8 / parcels, close to the "rule of three" for something that was never seen.
    """
    return float(np.sqrt(2) / max(parcels, 1))


def resampled(
    many: Sequence[Floats],
    statistic: Statistic,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Resampled]:
    """A statistic of several samples of the same parcels, (seed, parcel, column) each, on the same drawn units."""
    members = [_sums_of_groups(values, groups) for values in many]
    sizes = np.ones(many[0].shape[1]) if groups is None else np.unique(np.asarray(groups), return_counts=True)[1]
    drawn: list[list[Floats]] = [[] for _ in many]
    for counts in unit_counts(len(sizes), resamples, seed):
        for into, of_sample in zip(drawn, members, strict=True):
            into.append(np.stack([statistic(counts @ of_seed) for of_seed in of_sample], axis=1))
    return [
        Resampled(statistic(values.sum(axis=1)), np.concatenate(draws), worth(sizes))
        for values, draws in zip(many, drawn, strict=True)
    ]


def worth(sizes: npt.ArrayLike) -> float:
    """How many units of equal size these are worth: (sum n)^2 / sum n^2."""
    counts = np.asarray(sizes, np.float64)
    return float(counts.sum() ** 2 / (counts**2).sum())


def combined(
    parts: Sequence[tuple[float, Resampled]], *, confidence: float = CONFIDENCE, least: float = 0.0
) -> Interval:
    """Interval of a weighted sum of statistics on the same drawn units, each a mean over seeds of its own.

    Parameters
    ----------
    parts
        Weight and statistic; +1 and -1 for the difference of two branches.
    confidence
        Coverage.
    least
        The least standard error from the draw of units.
    """
    estimate = sum(weight * float(part.scores.mean()) for weight, part in parts)
    drawn = sum((weight * part.drawn.mean(axis=1) for weight, part in parts), np.zeros(len(parts[0][1].drawn)))
    found = [(weight**2, part.seed_part) for weight, part in parts]
    seeds = [SeedPart(square * part.added, square * part.of_scores, part.freedom) for square, part in found]
    return interval(estimate, drawn, parts[0][1].units, seeds, confidence=confidence, least=least)


def interval(
    estimate: float,
    drawn: Floats,
    units: float,
    seeds: Sequence[SeedPart] = (),
    *,
    confidence: float = CONFIDENCE,
    least: float = 0.0,
) -> Interval:
    """Student's interval from draws.

    Parameters
    ----------
    estimate
        On the sample itself.
    drawn
        (draw,) on drawn units, with the seeds as they are; NaN draws (a class that was not drawn) are left out.
    units
        How many units were drawn.
    seeds
        For each group of seeds, what other seeds would add to the variance.
    confidence, least
        As in `combined`.
    """
    known = drawn[np.isfinite(drawn)]
    note = ""
    if not np.isfinite(estimate):
        note = "The score is not defined on these parcels, so there is no interval."
    elif units < 1.5:
        note = (
            "Nearly all parcels are one unit (a block or a parcel), which cannot show how others differ: no interval."
        )
    elif len(known) < 2:
        note = "The score is defined in fewer than two draws of the parcels, so there is no interval."
    if note:
        unknown = float("nan")
        return Interval(float(estimate), unknown, unknown, unknown, unknown, unknown, units, unknown, note)
    of_units = max(float(known.var(ddof=1)) * units / (units - 1), least**2)
    known_seeds = [part for part in seeds if part.added > 0]
    error = float(np.sqrt(of_units + sum(part.added for part in known_seeds)))
    if not error > 0:
        return Interval(float(estimate), float(estimate), float(estimate), 0.0, _step(estimate), units - 1, units, 0.0)
    # By the mean squares that the whole is a sum of, not by what seeds add: a difference of two is known worse than its
    # size tells. In shares of the whole, so that tiny variances do not vanish when squared.
    rest = max(error**2 - sum(part.of_scores for part in known_seeds), 0.0)
    inverse = (rest / error**2) ** 2 / (units - 1)
    inverse += sum((part.of_scores / error**2) ** 2 / part.freedom for part in known_seeds)
    freedom = min(1 / inverse, units - 1)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    above = float(stdtr(freedom, estimate / error))
    low, high = float(estimate - half), float(estimate + half)
    return Interval(float(estimate), low, high, error, above, freedom, units, float(np.sqrt(of_units)))


def _step(estimate: float) -> float:
    return 0.5 if estimate == 0 else float(estimate > 0)


def seed_variance(scores: Floats, drawn: Floats, units: float) -> float:
    """Variance between seeds beyond the noise of their answers; 0 for one seed, and where all seeds score alike.

    It is unbiased, so it may be negative where seeds differ by less than their answers' noise; count such as 0.

    Parameters
    ----------
    scores
        (seed,) on the sample itself.
    drawn
        (draw, seed) on drawn units; NaN where a draw lacks what the statistic needs.
    units
        How many units were drawn.
    """
    seeds = len(scores)
    if seeds < 2 or units <= 1 or not np.isfinite(scores).all():
        return 0.0
    own = drawn - drawn.mean(axis=1, keepdims=True)
    own = own[np.isfinite(own).all(axis=1)]
    noise = float(own.var(axis=0).mean()) * seeds / (seeds - 1) * units / (units - 1) if len(own) else 0.0
    between = float(scores.var(ddof=1))
    # Equal scores may differ by rounding.
    return between - noise if between > (8 * np.finfo(float).eps * max(float(np.abs(scores).max()), 1.0)) ** 2 else 0.0


def unit_counts(units: int, resamples: int, seed: int = 0) -> Iterator[Floats]:
    """How often each unit is drawn, (draw, unit), some draws at a time; every row sums to `units`."""
    generator = np.random.default_rng([seed, 0])
    step = max(1, AT_ONCE // max(units, 1))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = generator.integers(0, units, (rows, units)) + units * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def mean_of(sums: Floats) -> Floats:
    """(draw,) the mean, from sums (draw, 2) of `with_ones`."""
    return np.asarray(sums[:, 0] / sums[:, 1])


def with_ones(values: npt.ArrayLike) -> Floats:
    """(seed, parcel, 2) the values and a one beside each, whose sums give the mean."""
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
