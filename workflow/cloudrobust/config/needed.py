"""What the branches of a study need of an archive: which days, and how far around the parcels."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .steps import Mask

if TYPE_CHECKING:
    from .study import Branch, Study

LEAST_MARGIN = 300.0
"""Metres around the parcels that are stored at least, so that small changes of a mask fetch nothing anew."""
ROUNDED = 80.0
"""Metres by which a mask may look farther than it reaches: to whole pixels of 60 m, and one of 20 m."""
STEP = 100.0
"""Metres to whose multiples a margin is rounded up."""


def needed_days(study: Study, branches: Iterable[Branch]) -> dict[str, frozenset[dt.date]]:
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


def margin_around(study: Study) -> float:
    """Metres around the parcels that the masks of all branches, and the pictures, look at."""
    masks = {name: step for name, step in study.steps.items() if isinstance(step, Mask)}
    branches = (*study.branches.values(), *study.ablated.values())
    used = {name for branch in branches for name in branch.steps}
    reach = max((step.reach + ROUNDED for name, step in masks.items() if name in used), default=0.0)
    return max(LEAST_MARGIN, math.ceil(max(reach, study.pictures.chip / 2) / STEP) * STEP)
