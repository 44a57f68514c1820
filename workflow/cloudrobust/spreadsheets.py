"""Tables that people open in a spreadsheet: text from outside must not run there as a formula."""

from __future__ import annotations

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Signs that begin a formula, or that a spreadsheet drops before one (OWASP, "CSV Injection")."""


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every text that a spreadsheet would take for a formula.

    A spreadsheet shows such a text without the apostrophe. Numbers, also those written as text, stay as they are.
    """
    result = table.copy()
    for name, column in table.items():
        if not pd.api.types.is_numeric_dtype(column):
            result[name] = column.map(_quoted)
    return result.rename(columns=_quoted)


def _quoted(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
