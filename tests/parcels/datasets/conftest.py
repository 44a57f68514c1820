"""The small BavarianCrops, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .made import Bavaria, write_bavaria


@pytest.fixture(scope="session")
def written(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bavaria:
    """BavarianCrops from the 100 real parcels; nobody changes it."""
    folder = tmp_path_factory.mktemp("bavaria") / "BavarianCrops"
    return write_bavaria(real_data / "bavaria-l1c-2018", folder)
