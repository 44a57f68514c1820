"""Small grids, polygons and scenes for the tests of this room."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from cloudrobust.scenes.bands import BAND, bands_of
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import to_index
from cloudrobust.scenes.safe.writer import write_product

CRS = "EPSG:32632"
LEFT, TOP = 600000.0, 5400000.0


@pytest.fixture(scope="session")
def make_geobox() -> Callable[..., GeoBox]:
    """A function that makes a grid: rows, columns, pixel (x, y) in metres, corner."""

    def make(
        rows: int = 5, columns: int = 6, pixel: tuple[float, float] = (10.0, 10.0), left: float = LEFT, top: float = TOP
    ) -> GeoBox:
        return GeoBox((rows, columns), Affine(pixel[0], 0, left, 0, -pixel[1], top), CRS)

    return make


@pytest.fixture(scope="session")
def star_fields() -> Callable[..., np.ndarray]:
    """A function that draws star-shaped polygons in the square below and right of a corner."""

    def draw(count: int, side: float, seed: int = 0, left: float = LEFT, top: float = TOP) -> np.ndarray:
        generator = np.random.default_rng(seed)
        angles = np.linspace(0, 2 * np.pi, 12)[:-1]
        shapes = np.empty(count, dtype=object)
        for number in range(count):
            x, y = generator.uniform(0, side, 2)
            radius = generator.uniform(0.02, 0.25) * side * generator.uniform(0.5, 1, len(angles))
            shapes[number] = shapely.Polygon(
                np.c_[left + x + radius * np.cos(angles), top - y + radius * np.sin(angles)]
            )
        return shapes

    return draw


@pytest.fixture(scope="session")
def make_parcels() -> Callable[..., gpd.GeoDataFrame]:
    """A function that makes a parcels frame, all usable, from polygons."""

    def make(shapes: Any, ids: list[str] | None = None, crs: str = CRS, **columns: Any) -> gpd.GeoDataFrame:
        shapes = list(shapes)
        ids = [f"p{number:03d}" for number in range(len(shapes))] if ids is None else ids
        frame = gpd.GeoDataFrame(
            {
                "parcel": pd.Series(ids, dtype=object),
                "code": "1",
                "class": "wheat",
                "area": shapely.area(np.array(shapes, dtype=object)),
                "status": "usable",
                "reason": "",
                "note": "",
            },
            geometry=shapes,
            crs=crs,
        )
        frame["interior"] = gpd.GeoSeries(shapes, crs=crs)
        for name, values in columns.items():
            frame[name] = values
        return frame

    return make


@pytest.fixture(scope="session")
def make_grid() -> Callable[..., Grid]:
    """A function that makes a tile's grids of 10, 20 and 60 m over a square of `side` metres."""

    def make(tile: str = "32UPU", side: int = 1200, left: float = LEFT, top: float = TOP) -> Grid:
        boxes = {r: GeoBox((side // r, side // r), Affine(r, 0, left, 0, -r, top), CRS) for r in (10, 20, 60)}
        return Grid(tile, {**{name: boxes[band.resolution] for name, band in BAND.items()}, "SCL": boxes[20]})

    return make


@pytest.fixture
def write_scene(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A function that writes a product of a grid and returns its row of an index."""

    def write(
        grid: Grid, bands: dict[str, np.ndarray], time: str = "2022-05-05T10:24:11", level: str = "L1C", **more: Any
    ) -> dict[str, Any]:
        when = datetime.fromisoformat(time)
        content: dict[str, Any] = {"geoboxes": grid.geoboxes, "bands": bands, **more}
        if level == "L2A":
            shape = tuple(grid.geoboxes["SCL"].shape)
            content.setdefault("classification", np.full(shape, 4, np.uint8))
            content.setdefault("cloud_probability", np.zeros(shape, np.uint8))
        path = write_product(
            tmp_path / "store",
            level=level,
            tile=grid.tile,
            time=when,
            platform="S2A",
            orbit=65,
            baseline="04.00",
            **content,
        )
        return index_row(path, grid.tile, level, when)

    return write


def index_row(path: Path, tile: str, level: str, time: datetime, offset: int = -1000) -> dict[str, Any]:
    """A row of a month index for a product."""
    return {
        "id": path.name.removesuffix(".SAFE"),
        "tile": tile,
        "level": level,
        "time": time,
        "platform": "S2A",
        "orbit": 65,
        "baseline": "04.00",
        "quantification": 10000,
        "offset": offset,
        "cloud_cover": 0.0,
        "file": str(path),
        "bytes": 1,
        "checksum": "0",
        "geometry": shapely.box(9, 48, 10, 49),
    }


@pytest.fixture(scope="session")
def make_index() -> Callable[..., gpd.GeoDataFrame]:
    """A function that makes a month index from rows, with masks (file names or None) if there are any."""

    def make(*rows: dict[str, Any], masks: list[str | None] | None = None) -> gpd.GeoDataFrame:
        names = {row["id"]: mask for row, mask in zip(rows, masks, strict=True)} if masks is not None else None
        index = to_index(rows)
        if names is not None:
            index["mask"] = index["id"].map(names)
        return index

    return make


@pytest.fixture(scope="session")
def make_row() -> Callable[..., dict[str, Any]]:
    """The function `index_row`."""
    return index_row


@pytest.fixture(scope="session")
def random_bands() -> Callable[..., dict[str, np.ndarray]]:
    """A function that draws harmonised digital numbers for every band of a level."""

    def draw(grid: Grid, level: str = "L1C", seed: int = 0) -> dict[str, np.ndarray]:
        generator = np.random.default_rng(seed)
        return {
            band: generator.integers(1, 12000, tuple(grid.geoboxes[band].shape), dtype=np.int32)
            for band in bands_of(level)
        }

    return draw


@pytest.fixture(scope="session")
def real_scenes() -> ModuleType:
    """The module `tests/scenes/real_scenes.py`."""
    path = Path(__file__).parents[1] / "scenes" / "real_scenes.py"
    spec = importlib.util.spec_from_file_location("real_scenes_of_slovenia", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
