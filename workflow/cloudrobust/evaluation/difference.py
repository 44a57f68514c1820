"""What explains the difference: paired differences along a path of branches, mask errors, the break-even of a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..errors import InputError
from .bootstrap import CONFIDENCE, RESAMPLES, combined, least_error, mean_interval, paired_statistic, resampled
from .confidence import accuracy, contributions, kappa
from .runs import Key

Floats = npt.NDArray[np.float64]
STATISTICS = {"accuracy": accuracy, "kappa": kappa}
ENDS = ("", "_low", "_high")


def of_seeds(frames: Mapping[Key, pd.DataFrame], seeds: Sequence[int]) -> dict[Key, pd.DataFrame]:
    """Predictions of some seeds only.

    Raises
    ------
    InputError
        If a run lacks a seed.
    """
    for (branch, model), frame in frames.items():
        absent = sorted(set(seeds) - set(frame["seed"]))
        if absent:
            raise InputError(f"predictions of {branch} x {model}: have no seed {absent[0]}; train again")
    return {key: frame[frame["seed"].isin(list(seeds))] for key, frame in frames.items()}


class Answers:
    """What each answer of each run adds to the sums that scores are made of, computed once a run."""

    def __init__(self, frames: Mapping[Key, pd.DataFrame], parcels: Sequence[str]) -> None:
        self.models = list(dict.fromkeys(model for _, model in frames))
        self._frames, self._parcels = frames, parcels
        self._known: dict[Key, Floats] = {}

    def of(self, branch: str, model: str) -> Floats:
        """(seed, parcel, column) as `confidence.contributions` gives them."""
        if (branch, model) not in self._known:
            self._known[branch, model] = contributions(self._frames[branch, model], self._parcels)
        return self._known[branch, model]


def bars(
    answers: Answers,
    wanted: Sequence[Mapping[str, str]],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Paired differences of branches, each with its interval, and the scores at both ends of the path.

    Test parcels (or their blocks) are drawn with replacement, the same ones in both branches of a bar, so that what
    they have in common cancels; see `bootstrap`. The bars of the path add up to the whole difference exactly, their
    intervals do not.

    Parameters
    ----------
    answers
        Of every branch that a bar names.
    wanted
        Of `config.difference.Bar`: name, of, against, group.
    blocks
        (parcel,) names of groups that are drawn as wholes; None draws single parcels.

    Returns
    -------
    DataFrame
        `model`, `name`, `group`, `of`, `against`, and for accuracy and kappa `<metric>`, `<metric>_low`,
        `<metric>_high` (the difference) and `<metric>_of`, `<metric>_against` (the scores).
    """
    lines = []
    for model in answers.models:
        for bar in wanted:
            first, second = answers.of(bar["of"], model), answers.of(bar["against"], model)
            line: dict[str, object] = {"model": model, **{key: bar[key] for key in ("name", "group", "of", "against")}}
            for metric, statistic in STATISTICS.items():
                found = paired_statistic(
                    first, second, statistic, blocks, resamples=resamples, confidence=confidence
                )  # fmt: skip
                line |= dict(zip((metric + end for end in ENDS), (found.estimate, found.low, found.high), strict=True))
                line[f"{metric}_of"], line[f"{metric}_against"] = (
                    float(statistic(values.sum(axis=1)).mean()) for values in (first, second)
                )
            lines.append(line)
    return pd.DataFrame(lines)


def curves(
    answers: Answers,
    points: Sequence[tuple[str, float, str]],
    against: Sequence[str],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracy under mask errors, and from which rate on a mask no longer pays.

    Parameters
    ----------
    answers
        Of every branch that is named.
    points
        (kind of error, rate, branch), every kind with the rate 0.
    against
        Branches that the curves are held against, such as raw.
    blocks
        As in `bars`.

    Returns
    -------
    curves
        `model`, `kind`, `rate`, `branch`, `accuracy`, `low`, `high` (of the score itself) and for each of `against`
        `over_<branch>` with `_low` and `_high`, the paired difference.
    break_even
        `model`, `kind`, `against`, `rate` at which the difference falls to 0, linear between the rates that were
        tried, with `low` and `high`, quantiles over draws of parcels and seeds; inf where it stays above 0 at every
        rate, 0 where it is nowhere above; and `highest`, the largest rate that was tried.
    """
    drawn: list[dict[str, object]] = []
    even: list[dict[str, object]] = []
    for model in answers.models:
        branches = list(dict.fromkeys([*against, *(branch for _, _, branch in points)]))
        values = [answers.of(branch, model) for branch in branches]
        found_of = dict(zip(branches, resampled(values, accuracy, blocks, resamples=resamples), strict=True))
        draws = {branch: found_of[branch].with_seeds(number) for number, branch in enumerate(branches)}
        score = {branch: float(found_of[branch].scores.mean()) for branch in branches}
        parcels = values[0].shape[1]
        for kind in dict.fromkeys(kind for kind, _, _ in points):
            own = sorted((rate, branch) for other, rate, branch in points if other == kind)
            rates = np.array([rate for rate, _ in own])
            for rate, branch in own:
                alone = combined([(1.0, found_of[branch])], confidence=confidence, least=1 / parcels)
                line: dict[str, object] = {"model": model, "kind": kind, "rate": rate, "branch": branch}
                line |= {"accuracy": alone.estimate, "low": alone.low, "high": alone.high}
                for other in against:
                    pair = [(1.0, found_of[branch]), (-1.0, found_of[other])]
                    gain = combined(pair, confidence=confidence, least=least_error(parcels))
                    names = (f"over_{other}{end}" for end in ENDS)
                    line |= dict(zip(names, (gain.estimate, gain.low, gain.high), strict=True))
                drawn.append(line)
            for other in against:
                gains = np.array([score[branch] - score[other] for _, branch in own])
                of_draws = np.stack([draws[branch] - draws[other] for _, branch in own], axis=1)
                found = np.array([break_even(rates, row) for row in of_draws])
                ends = [(1 - confidence) / 2, (1 + confidence) / 2]
                # Of whole draws, not between them: some are infinite.
                low, high = np.quantile(found, ends, method="closest_observation")
                even.append(
                    {
                        "model": model,
                        "kind": kind,
                        "against": other,
                        "rate": break_even(rates, gains),
                        "low": float(low),
                        "high": float(high),
                        "highest": float(rates[-1]),
                    }
                )
    return pd.DataFrame(drawn), pd.DataFrame(even)


def break_even(rates: Floats, gains: Floats) -> float:
    """The first rate at which a gain falls to 0, linear between ascending rates; 0 if it begins there, inf if never."""
    if gains[0] <= 0:
        return 0.0
    below = np.flatnonzero(gains <= 0)
    if not len(below):
        return float("inf")
    after = int(below[0])
    before = after - 1
    share = gains[before] / (gains[before] - gains[after])
    return float(rates[before] + share * (rates[after] - rates[before]))


def mask_errors(masks: Mapping[str, xr.Dataset], unmasked: xr.Dataset, reference: str) -> pd.DataFrame:
    """Errors of masks on whole dates of parcels, judged by one of them.

    Parameters
    ----------
    masks
        Series after each mask, of the same parcels and acquisitions, with `observed` (parcel, time).
    unmasked
        The series before them.
    reference
        Name among `masks` of the one that counts as right: the truth, or else a second mask.

    Returns
    -------
    DataFrame
        `mask`, `omission` (of the parcel-dates that the reference removes, the share that the mask keeps),
        `commission` (of those that the reference keeps, the share that the mask removes), `removed` (share of all),
        and the counts `cloudy` and `clear` that the reference finds. NaN where the reference finds none of them.

    Raises
    ------
    InputError
        If series have different parcels or dates.
    """
    seen = _observed(unmasked)
    there = seen.astype(bool)
    cloudy = there & ~_like(seen, masks[reference], reference)
    clear = there & ~cloudy
    lines = []
    for name, series in masks.items():
        removed = there & ~_like(seen, series, name)
        counts = int(cloudy.sum()), int(clear.sum())
        omission = float((cloudy & ~removed).sum()) / counts[0] if counts[0] else np.nan
        commission = float((clear & removed).sum()) / counts[1] if counts[1] else np.nan
        lines.append((name, omission, commission, float(removed.sum()) / max(int(there.sum()), 1), *counts))
    return pd.DataFrame(lines, columns=["mask", "omission", "commission", "removed", "cloudy", "clear"])


def _observed(series: xr.Dataset) -> xr.DataArray:
    return series["observed"].transpose("parcel", "time").astype(bool)


def _like(first: xr.DataArray, series: xr.Dataset, name: str) -> xr.DataArray:
    """`observed` of a series, in the order of another."""
    other = _observed(series)
    for dimension in ("parcel", "time"):
        if set(first[dimension].values.tolist()) != set(other[dimension].values.tolist()):
            raise InputError(f"mask errors: the series after {name} has other {dimension}s; make all of the same study")
    return other.sel(parcel=first["parcel"], time=first["time"])


def scores(
    answers: Answers,
    branches: Mapping[str, str],
    blocks: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Accuracy of every branch with its interval, and kappa: `model`, `branch`, `chain`, `accuracy`, `low`, `high`."""
    lines = []
    for model in answers.models:
        for branch, chain in branches.items():
            values = answers.of(branch, model)
            right = np.split(values, 3, axis=2)[0].sum(axis=2)
            found = mean_interval(right, blocks, resamples=resamples, confidence=confidence)
            of_kappa = float(kappa(values.sum(axis=1)).mean())
            lines.append((model, branch, chain, found.estimate, found.low, found.high, of_kappa))
    return pd.DataFrame(lines, columns=["model", "branch", "chain", "accuracy", "low", "high", "kappa"])
