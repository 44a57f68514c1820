"""The nearest valid name, for error sentences."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str]) -> str:
    """'; did you mean X?' or '; valid are A, B' as the end of a sentence about an unknown `name`."""
    names = [str(v) for v in valid]
    # Compared without capitals: `tempCNN` is one letter from none of the names, and clearly `tempcnn`.
    by_lower = {valid.lower(): valid for valid in names}
    close = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {by_lower[close[0]]!r}?"
    return f"; valid are {', '.join(sorted(names))}" if names else "; none is defined"
