"""Tables of the page as HTML; every cell is escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from html import escape

import pandas as pd
from markupsafe import Markup


def html_table(frame: pd.DataFrame, caption: str, left: Collection[str] | None = None) -> Markup:
    """A table of text with its caption; the columns `left` (by default the first) are aligned left.

    One of more than four columns is marked as wide, so that it may take the whole width of the page.
    """
    left = list(frame.columns[:1]) if left is None else left
    head = "".join(f'<th scope="col"{_class(name, left)}>{escape(str(name))}</th>' for name in frame.columns)
    body = "".join(f"<tr>{_row(row, frame.columns, left)}</tr>" for row in frame.to_numpy(object))
    name = escape(caption)
    wide = " wide" if len(frame.columns) > 4 else ""
    return Markup(
        f'<div class="table{wide}" tabindex="0" role="region" aria-label="{name}"><table><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Iterable[object], columns: Iterable[str], left: Collection[str]) -> str:
    pairs = enumerate(zip(columns, row, strict=True))
    return "".join(_cell(value, name, left, first=n == 0) for n, (name, value) in pairs)


def _cell(value: object, name: str, left: Collection[str], *, first: bool) -> str:
    text = (
        "" if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)) else escape(str(value))
    )
    return f'<th scope="row"{_class(name, left)}>{text}</th>' if first else f"<td{_class(name, left)}>{text}</td>"


def _class(name: str, left: Collection[str]) -> str:
    return "" if name in left else ' class="n"'
