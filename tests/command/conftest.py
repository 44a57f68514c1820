"""Fields and a configuration in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

CROPS = ("maize", "winter wheat", "grassland")


@pytest.fixture
def fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gpd.GeoDataFrame:
    """60 square fields near the middle of tile 32UPU; the current folder is a temporary one."""
    monkeypatch.chdir(tmp_path)
    n = gpd.pd.Series(range(60))
    x, y = 650_000 + n % 10 * 400, 5_350_000 + n // 10 * 400
    frame = gpd.GeoDataFrame(
        {"field_id": [f"F{k}" for k in n], "crop": [CROPS[k % 3] for k in n], "area": 9.0},
        geometry=shapely.box(x, y, x + 300, y + 300), crs=32632,
    )  # fmt: skip
    frame.to_file(tmp_path / "fields.gpkg")
    return frame
