"""Which dates of a series are cloudy, and how much of an explanation falls on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

SAME_ACQUISITION = pd.Timedelta(minutes=1)
"""Dates of two levels nearer than this are one acquisition."""

CLEAR = 0.5
"""A date whose clear fraction is smaller counts as cloudy."""

LEVEL = 0.95
"""Confidence level of all intervals."""


def filled_in(series: xr.Dataset) -> xr.DataArray:
    """Which dates of equal steps were filled in: nothing was measured within half a step of them.

    A measurement on the very day would be chance, because the dates of the steps are not those of the satellite.

    Parameters
    ----------
    series
        With `observation_distance` (…, time) in days; NaN where there is no measurement at all.

    Returns
    -------
    DataArray
        bool, of the same shape.
    """
    gaps = np.diff(series["time"].values.astype("datetime64[s]")).astype(float) / 86400
    half = np.median(gaps) / 2 if len(gaps) else 0.5
    return ~(series["observation_distance"] <= half)


def marked_dates(
    series: xr.Dataset, clouds: xr.Dataset, parcels: npt.NDArray[np.str_], time: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.float64], str]:
    """The dates that should matter little: cloudy ones, or in a series of equal dates those that were filled in.

    Parameters
    ----------
    series
        Of the branch itself, perhaps with `observation_distance` (parcel, time) in days.
    clouds
        Of `evaluation.cloudiness.known_clouds`: `clear_fraction` (parcel, time), NaN where it is unknown.
    parcels, time
        Which parcels and dates are asked for.

    Returns
    -------
    marked
        Float (parcel, time): 1, 0, or NaN where nothing is known.
    word
        "cloudy" or "filled in".
    """
    if "observation_distance" in series:
        return filled_in(series.sel(parcel=parcels)).transpose("parcel", "time").values.astype(float), "filled in"
    clear = clouds["clear_fraction"]
    held = pd.Index(clouds["parcel"].values.astype(str)).get_indexer(parcels)
    places = pd.DatetimeIndex(clouds["time"].values).get_indexer(
        pd.DatetimeIndex(time), method="nearest", tolerance=SAME_ACQUISITION
    )
    values = clear.transpose("parcel", "time").values.astype(float)[np.maximum(held, 0)][:, np.maximum(places, 0)]
    values[held < 0] = np.nan
    values[:, places < 0] = np.nan
    return np.where(np.isfinite(values), (values < CLEAR).astype(float), np.nan), "cloudy"


def shares(
    importance: npt.NDArray[np.floating], marked: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The share of importance on marked dates, and the share of marked dates, of each parcel.

    Only dates of which it is known whether they are marked count, in both shares.

    Parameters
    ----------
    importance
        At least 0, (parcel, date).
    marked
        1, 0 or NaN (parcel, date).

    Returns
    -------
    tuple
        Two arrays (parcel,); NaN where nothing is known, or nothing is important.
    """
    known = np.isfinite(marked)
    weight = np.where(known, importance, 0.0)
    total, dates = weight.sum(axis=1), known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        on = (weight * np.nan_to_num(marked)).sum(axis=1) / total
        share = np.nansum(marked, axis=1) / dates
    return np.where(total > 0, on, np.nan), np.where(dates > 0, share, np.nan)


def bootstrap(differences: npt.NDArray[np.floating], resamples: int, seed: int = 0) -> tuple[float, float]:
    """Percentile interval of the mean over parcels (Efron & Tibshirani 1993, chapter 13); NaN for fewer than two."""
    values = differences[np.isfinite(differences)]
    if len(values) < 2:
        return np.nan, np.nan
    draws = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def against(
    first: npt.NDArray[np.floating],
    second: npt.NDArray[np.floating],
    classes: npt.NDArray[np.str_],
    resamples: int,
    **facts: object,
) -> pd.DataFrame:
    """Means over parcels of two paired quantities and of their difference, for all classes and each of them.

    Returns
    -------
    DataFrame
        The `facts`, then `class` ("all" first), `parcels`, `on_marked`, `reference`, `difference`, `low`, `high` (the
        interval of the difference, which resamples parcels).
    """
    rows = []
    usable = np.isfinite(first) & np.isfinite(second)
    for name in ("all", *sorted(set(classes.tolist()))):
        chosen = usable if name == "all" else usable & (classes == name)
        gap = (first - second)[chosen]
        low, high = bootstrap(gap, resamples)
        means = [float(v[chosen].mean()) if chosen.any() else np.nan for v in (first, second)]
        rows.append(
            {
                **facts,
                "class": name,
                "parcels": int(chosen.sum()),
                "on_marked": means[0],
                "reference": means[1],
                "difference": means[0] - means[1],
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)
