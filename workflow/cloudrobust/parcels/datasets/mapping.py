"""Class mappings as the two data sets write them: a row a code, codes of one id are one class."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...config.spelling import nearest
from ...errors import InputError
from ..read import codes


def read_mapping(path: Path, code: str) -> dict[str, str]:
    """Code to class.

    Parameters
    ----------
    path
        CSV with the columns `id`, `classname` and the codes; others do not matter. Classes are told apart by `id`;
        the name of one is that of its first row, as in both data sets' own loaders.
    code
        The column with the codes: `nutzcode` of BavarianCrops, `code` of BreizhCrops.

    Raises
    ------
    InputError
        If it is missing, unreadable, lacks a column, or gives a code two classes.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such class mapping; mend source.classes")
    try:
        table = pd.read_csv(path, dtype=str)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())}); mend it") from error
    for column in ("id", code, "classname"):
        if column not in table.columns:
            raise InputError(f"{path}: has no column {column!r}{nearest(column, table.columns)}")
    table = pd.DataFrame({name: codes(table[name]) for name in ("id", code, "classname")}).dropna()
    conflicts = table.loc[table.groupby(code)["id"].transform("nunique") > 1, code]
    if len(conflicts):
        raise InputError(f"{path}: gives code {conflicts.iloc[0]!r} two classes; keep one of the rows")
    names = table.groupby("id", sort=False)["classname"].first()
    # Two ids of one name are two classes; they are told apart in words too.
    shared = names.duplicated(keep=False)
    names = names.where(~shared, names + " (" + names.index.to_series() + ")")
    return dict(zip(table[code], table["id"].map(names), strict=True))
