"""Parcels whose declared class a model contradicts with confidence: where an inspector would look first."""

from __future__ import annotations

import pandas as pd


def disagreements(answers: pd.DataFrame, confident: float) -> pd.DataFrame:
    """Parcels with `declared` ≠ `predicted` and a calibrated probability of at least `confident`, largest first.

    Parameters
    ----------
    answers
        One row a parcel: `parcel`, `declared`, `predicted`, `probability`, `area` (m²) and more, out of fold: a model
        that learnt a parcel's label seldom contradicts it.

    Returns
    -------
    DataFrame
        Those rows, by falling area, then probability, with `rank` from 1 in front.
    """
    known = answers["declared"].notna() & answers["predicted"].notna()
    chosen = answers[known & (answers["declared"] != answers["predicted"]) & (answers["probability"] >= confident)]
    chosen = chosen.sort_values(["area", "probability", "parcel"], ascending=[False, False, True], ignore_index=True)
    chosen.insert(0, "rank", range(1, len(chosen) + 1))
    return chosen
