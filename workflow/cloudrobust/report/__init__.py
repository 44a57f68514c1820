"""Tables, figures, maps and the summary."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .example_parcel import typical_parcel
    from .style import save
    from .summary import summary_markdown, summary_text
    from .tables import write_tables

__all__ = ["save", "summary_markdown", "summary_text", "typical_parcel", "write_tables"]

_WHERE = {
    "save": "style",
    "summary_markdown": "summary",
    "summary_text": "summary",
    "typical_parcel": "typical",
    "write_tables": "tables",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
