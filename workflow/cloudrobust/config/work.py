"""Which jobs and which scenes a branch needs: what would have to be done if it were the only one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .steps import Aggregate, Interpolate, Mask, Select
from .study import Study

COMMON = ("fetch_dataset", "read_finished", "tile_grid", "read_parcels", "split_parcels", "build_coverage")
"""Rules whose jobs every branch needs."""


@dataclass(frozen=True)
class Work:
    """What a chain needs besides the jobs of `COMMON`.

    Attributes
    ----------
    jobs
        Rule and chain, in the order of the steps: the rule's jobs that make this chain.
    scenes
        Level, and the chain whose month indexes tell on which dates the scenes of that level are needed.
    """

    jobs: tuple[tuple[str, str], ...]
    scenes: tuple[tuple[str, str], ...]


def work_of(study: Study, chain: str) -> Work:
    """What `chain` needs, from the level to its series."""
    level, *names = chain.split("/")
    jobs: dict[tuple[str, str], None] = {}
    scenes: dict[tuple[str, str], None] = {}
    prefixes = list(reversed(study.prefixes(chain)))
    in_scenes = [prefix for prefix in prefixes if study.works_on_pixels(prefix)]
    has_pixels = any(isinstance(study.steps[name], Aggregate) for name in names)
    if in_scenes:
        scenes[level, in_scenes[-1]] = None
    for prefix in prefixes:
        step = study.step_of(prefix)
        if prefix in in_scenes:
            if isinstance(step, Select):
                jobs["select_scenes", prefix] = None
            elif isinstance(step, Mask):
                jobs["mask_scenes", prefix] = None
                for read in sorted(step.reads(level) - {level}):
                    scenes[read, prefix] = None
            if prefix == in_scenes[-1] and not has_pixels:
                jobs["observe_parcels", prefix] = jobs["collect_series", prefix] = None
        elif step is not None and study.stages.get(prefix) != "pixels":
            spectra = isinstance(step, Mask) and step.tests_spectra and level != "L1C"
            reference = "L1C" if spectra else study.reference_chain(prefix)
            if reference is not None:
                other = work_of(study, reference)
                jobs |= dict.fromkeys(other.jobs)
                scenes |= dict.fromkeys(other.scenes)
            kinds: dict[type[Any], str] = {
                Select: "select_series", Interpolate: "interpolate_series", Aggregate: "aggregate_pixels"
            }  # fmt: skip
            jobs[kinds.get(type(step), "apply_step"), prefix] = None
    return Work(tuple(jobs), tuple(scenes))
