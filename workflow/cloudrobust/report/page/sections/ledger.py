"""The section on what became of every parcel."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from ..tables import html_table


def ledger_tables(totals: pd.DataFrame) -> list[Markup]:
    """How many parcels took which way."""
    shown = totals.fillna({"reason": ""}).rename(columns={"reason": "why"})
    return [html_table(shown, "Parcels from the file to the score", left=["what", "why"])]
