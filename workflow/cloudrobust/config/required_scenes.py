"""What the branches of a study need of an archive: which days, and how far around the parcels."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .steps import Mask


class _Branch(Protocol):
    @property
    def level(self) -> Any: ...
    @property
    def chain(self) -> str: ...


class _Study(Protocol):
    """What of a study decides which scenes it needs."""

    @property
    def steps(self) -> Mapping[str, Any]: ...
    @property
    def every_branch(self) -> Iterable[Any]: ...
    @property
    def pictures(self) -> Any: ...
    def prefixes(self, chain: str) -> list[str]: ...
    def works_on_pixels(self, chain: str) -> bool: ...
    def selected(self, chain: str) -> Iterable[dt.date]: ...
    def step_of(self, chain: str) -> Any: ...


LEAST_MARGIN = 300.0
"""Metres around the parcels that are stored at least, so that small changes of a mask fetch nothing anew."""
ROUNDED = 80.0
"""Metres by which a mask may look farther than it reaches: to whole pixels of 60 m, and one of 20 m."""
STEP = 100.0
"""Metres to whose multiples a margin is rounded up."""


def needed_days(study: _Study, branches: Iterable[_Branch]) -> dict[str, frozenset[dt.date]]:
    """By level, the days whose scenes some of the branches needs.

    A branch needs those that its selections leave before its first step that is no selection or mask of scenes: an
    interpolation looks beyond a selection that comes after it. A mask that looks at the other level needs that too,
    on the days that it masks.
    """
    found: dict[str, set[dt.date]] = defaultdict(set)
    branches = tuple(branches)
    for branch in branches:
        along = study.prefixes(branch.chain)
        scenes = next((prefix for prefix in along if study.works_on_pixels(prefix)), branch.level)
        found[branch.level] |= set(study.selected(scenes))
    for branch in branches:
        for prefix in study.prefixes(branch.chain):
            step = study.step_of(prefix)
            if isinstance(step, Mask):
                days = set(study.selected(prefix)) & found[branch.level]
                for other in step.reads(branch.level) - {branch.level}:
                    found[other] |= days
    return {level: frozenset(days) for level, days in found.items()}


def margin_around(study: _Study) -> float:
    """Metres around the parcels that the masks of all branches, and the pictures, look at."""
    masks = {name: step for name, step in study.steps.items() if isinstance(step, Mask)}
    used = {name for branch in study.every_branch for name in branch.steps}
    reach = max((step.reach + ROUNDED for name, step in masks.items() if name in used), default=0.0)
    return max(LEAST_MARGIN, math.ceil(max(reach, study.pictures.chip / 2) / STEP) * STEP)
