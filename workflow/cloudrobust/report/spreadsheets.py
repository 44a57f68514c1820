"""Tables that a spreadsheet opens without running what stands in them."""

from __future__ import annotations

import re

import pandas as pd

FORMULA = re.compile(r"^[=+\-@\t\r]")
NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)*$")


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before text that a spreadsheet would take for a formula.

    Text that begins with =, +, -, @, a tab or a carriage return, unless it is a number, such as the id -12 (OWASP, "CSV
    injection"). Numbers and the names of columns that this project gives stay as they are.
    """
    changed = table.copy()
    for name in table.columns:
        if table[name].dtype == object or isinstance(table[name].dtype, pd.StringDtype):
            changed[name] = table[name].map(_harmless)
    return changed


def _harmless(value: object) -> object:
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.match(value):
        return f"'{value}"
    return value
