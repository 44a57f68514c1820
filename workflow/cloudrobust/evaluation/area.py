"""Area of each class with its error-adjusted confidence interval.

Olofsson et al. 2014, "Good practices for estimating area and assessing accuracy of land change", Remote Sensing of
Environment 148:42-57: the area that a map gives a class is biased by its errors; the confusion of a reference
sample, taken as stratified by the map's classes, corrects it (equations 4 and 9) and gives its standard error
(equations 10 and 11). The reference sample is here the test part, its units parcels.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

Z = 1.959964
"""Quantile of the normal distribution for intervals of 95 %."""

COLUMNS = (
    "class", "parcels", "mapped", "reference", "adjusted", "low", "high", "standard_error", "users_accuracy",
    "producers_accuracy",
)  # fmt: skip
LEAST = 2
"""Strata with fewer reference parcels are joined to one, because they have no variance."""


def adjusted_areas(answers: pd.DataFrame) -> pd.DataFrame:
    """Mapped and adjusted area of each class.

    Parameters
    ----------
    answers
        One row a parcel: `predicted`, `declared`, `part` and `area` (m²). The whole map are the rows with a prediction
        and an area; the reference are those of the part "test".

    Returns
    -------
    DataFrame
        `class`, `parcels` (mapped), `mapped` (ha), `reference` (test parcels of that class), `adjusted` (ha), `low`,
        `high` (ha, 95 %), `standard_error` (ha), `users_accuracy`, `producers_accuracy` (estimated by area). Without
        reference parcels the adjusted columns are NaN.
    """
    whole = answers[answers["predicted"].notna() & answers["area"].gt(0)]
    if whole.empty:  # parcels of a table have no area
        return pd.DataFrame(columns=list(COLUMNS))
    reference = whole[(whole["part"] == "test") & whole["declared"].notna()]
    classes = sorted({*whole["predicted"], *reference["declared"]})
    hectares = whole.groupby("predicted")["area"].sum().reindex(classes, fill_value=0.0).to_numpy(float) / 1e4
    counts = (
        pd.crosstab(reference["predicted"], reference["declared"])
        .reindex(index=classes, columns=classes, fill_value=0)
        .to_numpy(float)
    )
    result = pd.DataFrame(
        {
            "class": classes,
            "parcels": whole["predicted"].value_counts().reindex(classes, fill_value=0).to_numpy(int),
            "mapped": hectares,
            "reference": counts.sum(axis=0).astype(int),
        }
    )
    adjusted, error = olofsson(counts, hectares)
    result["adjusted"], result["low"], result["high"] = (
        adjusted,
        np.maximum(adjusted - Z * error, 0),
        adjusted + Z * error,
    )
    result["standard_error"] = error
    in_stratum = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        users = np.diag(counts) / in_stratum
        by_area = hectares * users
        result["users_accuracy"] = users
        result["producers_accuracy"] = np.where(adjusted > 0, by_area / adjusted, np.nan)
    return result


def olofsson(counts: np.ndarray, areas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adjusted area of each reference class and its standard error, in the unit of `areas`.

    Parameters
    ----------
    counts
        Reference units (map class, reference class).
    areas
        Mapped area of each map class.

    Returns
    -------
    tuple
        Two arrays (reference class,). All NaN if the reference is too small for a variance.
    """
    occupied = areas > 0
    counts, areas = np.asarray(counts, float)[occupied], np.asarray(areas, float)[occupied]
    small = counts.sum(axis=1) < LEAST
    if small.any() and not small.all():
        # Joined with the smallest of the others if they are still too few.
        if counts[small].sum() < LEAST:
            large = np.flatnonzero(~small)
            small[large[np.argmin(areas[large])]] = True
        counts = np.vstack([counts[~small], counts[small].sum(axis=0)])
        areas = np.append(areas[~small], areas[small].sum())
    n, total = counts.sum(axis=1), areas.sum()
    if not len(n) or (n < LEAST).any():
        missing = np.full(counts.shape[1], np.nan)
        return missing, missing
    weight, share = areas / total, counts / n[:, None]
    proportion = weight @ share
    variance = (weight[:, None] ** 2 * share * (1 - share) / (n[:, None] - 1)).sum(axis=0)
    return total * proportion, total * np.sqrt(variance)
