"""Scores of the test part, the comparison of branches, and the ledger of every parcel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compare import common_parcels, comparison_table, scores
    from .ledger import final_ledger, reconcile, totals
    from .metrics import class_scores, confusion, scores_by_seed
    from .runs import read_runs

__all__ = [
    "class_scores",
    "common_parcels",
    "comparison_table",
    "confusion",
    "final_ledger",
    "read_runs",
    "reconcile",
    "scores",
    "scores_by_seed",
    "totals",
]

_WHERE = {
    "class_scores": "metrics",
    "common_parcels": "compare",
    "comparison_table": "compare",
    "confusion": "metrics",
    "final_ledger": "ledger",
    "read_runs": "runs",
    "reconcile": "ledger",
    "scores": "compare",
    "scores_by_seed": "metrics",
    "totals": "ledger",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the package itself costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
