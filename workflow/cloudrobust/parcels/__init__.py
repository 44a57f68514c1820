"""Parcels: reading and checking, labels, coverage of pixels, aggregation, splits, and the account of all of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Functions that bear their module's name (collect, split, ledger) are not here: the module would hide them.
_HOMES = {
    "Coverage": "coverage",
    "TileCoverage": "tiles",
    "assign_tiles": "tiles",
    "read_parcels": "read",
    "observe": "aggregate",
    "read_series": "series",
}
__all__ = ["Coverage", "TileCoverage", "assign_tiles", "observe", "read_parcels", "read_series"]


def __getattr__(name: str) -> Any:
    """Load a public name from its module only when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
