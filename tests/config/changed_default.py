"""The default configuration with one value replaced, for tests of what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DEFAULT = Path(__file__).resolve().parents[2] / "config.yaml"


def changed(dotted: str, value: Any) -> dict[str, Any]:
    """The default configuration with `value` under a dotted key, such as `steps.clear.dilate`."""
    values: dict[str, Any] = yaml.safe_load(DEFAULT.read_text())
    *path, last = dotted.split(".")
    place = values
    for word in path:
        place = place[word]
    place[last] = value
    return values
