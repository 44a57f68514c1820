"""Fixtures for the tests of the scenes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cloudrobust.scenes.safe.writer import write_product

from .small_scenes import small_content


@pytest.fixture
def write_small(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a small product into `tmp_path / "store"`; keywords as for `write_product`."""

    def write(level: str = "L1C", baseline: str = "04.00", seed: int = 0, **more: Any) -> Path:
        content = small_content(level, seed, low=-900 if baseline >= "04" else 1)
        arguments: dict[str, Any] = {
            "level": level,
            "baseline": baseline,
            "tile": "32UPU",
            "time": datetime(2022, 5, 5, 10, 24, 11),
            "platform": "S2A",
            "orbit": 65,
            **content,
            **more,
        }
        return write_product(tmp_path / "store", **arguments)

    return write
