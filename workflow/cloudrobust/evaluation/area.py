"""Area of each class with its error-adjusted confidence interval.

Olofsson et al. 2014, "Good practices for estimating area and assessing accuracy of land change", Remote Sensing of
Environment 148:42-57: the area that a map gives a class is biased by its errors; the confusion of a reference
sample, taken as stratified by the map's classes, corrects it (equations 4, 8 and 9) and gives its standard error
(equations 10 and 11). The weight W of a stratum is its share of the mapped area.

The reference sample are the declared parcels whose answer comes from a model that never saw their label. Its units are
whole parcels of unequal area, drawn alike within a stratum (sampling weight N/n each), so a parcel counts by its
area: the share of class j in stratum i is the area that is declared as j over the area of all references there, and
the number of references is Kish's effective one, (sum of areas)² / sum of squared areas (Kish 1965, "Survey
sampling", Wiley). Parcels of one size give the equations as published. The declared parcels count as a sample of a
larger landscape like this one: there is no correction for a finite population.

The interval is not estimate ± 1.96 standard errors: with few references it is too narrow, and of width 0 where all were
right. It is the one of Zou, Huang & Zhang 2009, "A note on confidence interval estimation for a linear function of
binomial proportions", Computational Statistics & Data Analysis 53:1080-1085: Wilson's interval of every stratum's
share (Wilson 1927, Journal of the American Statistical Association 22:209-212), put together by the squares of the
distances to its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Z = 1.959964
"""Quantile of the normal distribution for intervals of 95 %."""

COLUMNS = (
    "class", "parcels", "mapped", "reference", "declared", "adjusted", "low", "high", "standard_error",
    "users_accuracy", "users_low", "users_high", "producers_accuracy",
)  # fmt: skip
LEAST = 2
"""Strata with fewer reference parcels are joined to one, because they have no variance."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Adjusted:
    """Adjusted area of each reference class, in the unit of the areas that went in; all NaN without references.

    Attributes
    ----------
    area, error
        Estimate and standard error (equations 9 and 11).
    low, high
        Ends of the interval of 95 %.
    """

    area: Floats
    error: Floats
    low: Floats
    high: Floats


def adjusted_areas(answers: pd.DataFrame) -> pd.DataFrame:
    """Mapped and adjusted area of each class.

    Parameters
    ----------
    answers
        One row a parcel: `predicted`, `declared`, `fold` and `area` (m²). The whole map are the rows with a prediction
        and an area; the reference are the declared ones of them that are answered out of fold (with a `fold`).

    Returns
    -------
    DataFrame
        `class`, `parcels` (mapped), `mapped` (ha), `reference` (reference parcels declared as that class), `declared`
        (their area, ha), `adjusted` (ha), `low`, `high` (ha, 95 %), `standard_error` (ha), `users_accuracy` (by area)
        with Wilson's interval `users_low`, `users_high`, and `producers_accuracy` (by area). What no reference parcel
        can tell is NaN.
    """
    whole = answers[answers["predicted"].notna() & answers["area"].gt(0)]
    if whole.empty:  # parcels of a table have no area
        return pd.DataFrame(columns=list(COLUMNS))
    reference = whole[whole["fold"].notna() & whole["declared"].notna()]
    classes = sorted({*whole["predicted"], *reference["declared"]})
    hectares = whole.groupby("predicted")["area"].sum().reindex(classes, fill_value=0.0).to_numpy(float) / 1e4
    counts = effective_counts(reference, classes)
    table = pd.DataFrame(
        {
            "class": classes,
            "parcels": whole["predicted"].value_counts().reindex(classes, fill_value=0).to_numpy(int),
            "mapped": hectares,
            "reference": reference["declared"].value_counts().reindex(classes, fill_value=0).to_numpy(int),
            "declared": reference.groupby("declared")["area"].sum().reindex(classes, fill_value=0.0).to_numpy(float)
            / 1e4,
        }
    )
    found = olofsson(counts, hectares)
    table["adjusted"], table["low"], table["high"] = found.area, found.low, found.high
    table["standard_error"] = found.error
    with np.errstate(invalid="ignore", divide="ignore"):
        users = np.diag(counts) / counts.sum(axis=1)
        table["users_accuracy"] = users
        table["users_low"], table["users_high"] = wilson(users, counts.sum(axis=1))
        table["producers_accuracy"] = np.where(found.area > 0, hectares * users / found.area, np.nan)
    return table[list(COLUMNS)]


def effective_counts(reference: pd.DataFrame, classes: list[str]) -> Floats:
    """(map class, reference class) shares of the references' area times the effective number of references.

    Parameters
    ----------
    reference
        `predicted`, `declared`, `area`, one row a reference parcel.
    classes
        Names of rows and columns.
    """
    summed = (
        reference.pivot_table(index="predicted", columns="declared", values="area", aggfunc="sum")
        .reindex(index=classes, columns=classes)
        .fillna(0.0)
        .to_numpy(float)
    )
    total = summed.sum(axis=1)
    squares = (reference["area"] ** 2).groupby(reference["predicted"]).sum().reindex(classes).to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Sum of areas over sum of squares: what turns an area into a part of the effective number.
        return np.asarray(np.nan_to_num(summed * (total / squares)[:, None]))


def olofsson(counts: npt.ArrayLike, areas: npt.ArrayLike) -> Adjusted:
    """Adjusted area of each reference class.

    Parameters
    ----------
    counts
        Reference units (map class, reference class); of `effective_counts` where they are of unequal area.
    areas
        Mapped area of each map class.
    """
    counts, areas = np.asarray(counts, float), np.asarray(areas, float)
    counts, areas = _joined(counts[areas > 0], areas[areas > 0])
    n, total = counts.sum(axis=1, keepdims=True), areas.sum()
    if not len(n) or (n < LEAST).any():
        missing = np.full(counts.shape[1], np.nan)
        return Adjusted(missing, missing, missing, missing)
    weight, share = (areas / total)[:, None], counts / n
    proportion = (weight * share).sum(axis=0)
    variance = (weight**2 * share * (1 - share) / (n - 1)).sum(axis=0)
    low, high = wilson(share, n)
    below, above = (np.sqrt(((weight * (share - end)) ** 2).sum(axis=0)) for end in (low, high))
    return Adjusted(
        total * proportion,
        total * np.sqrt(variance),
        total * np.maximum(proportion - below, 0.0),
        total * np.minimum(proportion + above, 1.0),
    )


def wilson(share: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Ends of Wilson's interval of 95 % of a share of `n` units; NaN where `n` is 0."""
    share, n = np.asarray(share, float), np.asarray(n, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
        # Exactly 0 and 1 where no unit, or every unit, is of the kind.
        low = np.where(share <= 0, 0.0 * n, np.maximum(middle - half, 0.0))
        high = np.where(share >= 1, 1.0 + 0.0 * n, np.minimum(middle + half, 1.0))
        return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def _joined(counts: Floats, areas: Floats) -> tuple[Floats, Floats]:
    """Strata with fewer than `LEAST` references as one, with the smallest of the others if they are still too few."""
    small = counts.sum(axis=1) < LEAST
    if not small.any() or small.all():
        return counts, areas
    if counts[small].sum() < LEAST:
        large = np.flatnonzero(~small)
        small[large[np.argmin(areas[large])]] = True
    counts = np.vstack([counts[~small], counts[small].sum(axis=0)])
    return counts, np.append(areas[~small], areas[small].sum())
