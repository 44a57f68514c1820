"""Ready chains of steps that a branch can name instead of writing them out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from .base import Part
from .spelling import nearest

CATALOGUE = Path(__file__).with_name("presets.yaml")


class PresetBranch(Part):
    """A branch that is a preset, and perhaps further steps behind it."""

    preset: str = Field(description="Name of the preset.")
    steps: tuple[str, ...] = Field((), description="Names of steps that follow those of the preset.")


@cache
def catalogue() -> dict[str, Any]:
    """All presets (`says`, `level`, `steps`) and the steps that they are made of."""
    content: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text())
    return content


def expanded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose branches are written out: what a preset stands for, and the steps that it brings.

    Raises
    ------
    ValueError
        If a preset is unknown, or brings a step that the configuration defines otherwise; the message is a sentence.
    """
    branches = values.get("branches")
    if not isinstance(branches, Mapping):
        return dict(values)
    known, made = catalogue(), dict(values.get("steps") or {})
    written: dict[str, Any] = {}
    for name, branch in branches.items():
        if not isinstance(branch, Mapping) or "preset" not in branch:
            written[name] = branch
            continue
        preset_name, further = branch["preset"], branch.get("steps") or []
        beside = next((key for key in branch if key not in PresetBranch.model_fields), None)
        if beside is not None:
            raise ValueError(
                f"branches.{name}: {beside!r} does not go with a preset, which says it; remove one of them"
            )
        if preset_name not in known["presets"]:
            raise ValueError(
                f"branches.{name}.preset: unknown preset {preset_name!r}{nearest(preset_name, known['presets'])}"
            )
        if not isinstance(further, list | tuple):
            raise ValueError(f"branches.{name}.steps: {further!r} is no list; write [{further}]")
        preset = known["presets"][preset_name]
        for step in preset["steps"]:
            if made.setdefault(step, known["steps"][step]) != known["steps"][step]:
                raise ValueError(
                    f"steps.{step}: the preset {preset_name!r} of branch {name!r} brings a step of this name; "
                    "rename yours, or write the branch out"
                )
        written[name] = {"level": preset["level"], "steps": [*preset["steps"], *further]}
    return {**values, "branches": written, **({"steps": made} if made else {})}
