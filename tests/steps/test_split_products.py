"""A tile on the cut between two datastrips: its two products make one scene, equal to that of a whole product."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from shapely.geometry import box

from cloudrobust.config.sources import SafeSource as SafeSourceConfig
from cloudrobust.config.steps import Mask
from cloudrobust.parcels.aggregate import observe
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.ledger import account
from cloudrobust.scenes.merged import MergedScene
from cloudrobust.scenes.safe.source import SafeSource
from cloudrobust.scenes.safe.writer import write_product
from cloudrobust.scenes.source import Found
from cloudrobust.steps.mask import mask_scenes
from scenes.small_scenes import SIDE, small_content, small_geoboxes

TIME = datetime(2022, 5, 5, 10, 24, 11)
DAY = date(2022, 5, 5)
CUT = 660  # metres from the western edge; on a pixel's edge in every resolution
OVERLAP = 60
CENTRE = {"01": (0, CUT), "02": (CUT - OVERLAP, SIDE)}


def write(folder: Path, level: str, part: str | None, baseline: str) -> Path:
    """The whole product, or one of its two parts with no data elsewhere."""
    content = small_content(level, seed=3, low=1)
    first, last = CENTRE[part] if part else (0, SIDE)
    nodata = {}
    for band in content["bands"]:
        shape = small_geoboxes()[band].shape
        x = (np.arange(shape[1]) + 0.5) * SIDE / shape[1]
        nodata[band] = np.broadcast_to((x < first) | (x > last), shape)
    if level == "L2A":
        rng = np.random.default_rng(5)
        classes = np.where(rng.random(content["classification"].shape) < 0.05, 9, 4)
        content["classification"] = np.where(nodata["B05"], 0, classes).astype("uint8")
    stamp = datetime(2022, 5, 5, 15 + int(part or 0))
    return write_product(
        folder, level=level, tile="32UPU", time=TIME, platform="S2A", orbit=65, baseline=baseline, nodata=nodata,
        processing_time=stamp, **content,
    )  # fmt: skip


class Cut(SafeSource):
    """A mirror whose products say what they saw; the writer's say the whole tile."""

    def footprint(self, found: Found) -> Any:
        part = found.id[-6:-4]
        first, last = CENTRE[f"{int(part) - 15:02d}"]
        return box(first, 0, last, SIDE)


def month(source: SafeSource, level: str, folder: Path) -> gpd.GeoDataFrame:
    write_index(fetch_month(source, "32UPU", level, "2022-05", DAY, DAY), folder / f"{level}.parquet")
    return read_index(folder / f"{level}.parquet", source.store)


@pytest.fixture
def parcels() -> gpd.GeoDataFrame:
    shapes = [
        box(600000 + x, 5400000 - y - 150, 600000 + x + 150, 5400000 - y) for x in (70, 580, 900) for y in (90, 800)
    ]
    frame = gpd.GeoDataFrame({"parcel": [str(n) for n in range(6)]}, geometry=shapes, crs="EPSG:32632")
    return frame.assign(status="usable", interior=frame.geometry)


@pytest.mark.parametrize(
    ("mask", "baselines"),
    [
        ({"dilate": 20}, ("04.00", "04.00")),
        # each part by its own offset
        ({"methods": [{"do": "s2cloudless", "dilate": 0}, "probability"], "combine": "all"}, ("03.01", "04.00")),
    ],
)
def test_two_parts_are_observed_like_the_whole(
    tmp_path: Path, parcels: gpd.GeoDataFrame, mask: dict[str, Any], baselines: tuple[str, str]
) -> None:
    series = {}
    for name, parts in (("whole", (None,)), ("cut", ("01", "02"))):
        store = tmp_path / name
        for level in ("L1C", "L2A"):
            for part, baseline in zip(parts, baselines, strict=False):
                write(store, level, part, baseline)
        source = (Cut if name == "cut" else SafeSource)(SafeSourceConfig(store=store))
        indexes = {level: month(source, level, store) for level in ("L1C", "L2A")}
        coverage = TileCoverage.build(parcels, source.grid("32UPU"))
        made = mask_scenes(
            indexes["L2A"], Mask(**mask), coverage, store, tmp_path / f"{name}-masks", None, indexes["L1C"]
        )
        assert len(made) == 1
        series[name] = observe(made, coverage, store, tmp_path / f"{name}-masks", chain="L2A/clear")
    assert 0.01 < float(series["whole"]["clear_fraction"].mean()) < 0.99
    xr.testing.assert_equal(series["cut"].drop_vars("scene"), series["whole"].drop_vars("scene"))


def test_the_index_and_the_ledger_name_the_parts(tmp_path: Path) -> None:
    parts = [write(tmp_path / "store", "L2A", part, "04.00").stem for part in ("01", "02")]
    source = Cut(SafeSourceConfig(store=tmp_path / "store"))
    (row,) = month(source, "L2A", tmp_path).itertuples()
    scene = open_scene(row)
    assert isinstance(scene, MergedScene)
    # the western part is the larger
    assert row.id == scene.id == f"{parts[0]}+{parts[1].rsplit('_', 1)[-1]}"
    assert [part.id for part in scene.parts] == parts
    assert row.bytes == sum(f.stat().st_size for f in (tmp_path / "store").rglob("*") if f.is_file())
    counts, named = account({("32UPU", "L2A", "2022-05"): tmp_path / "L2A.parquet"})
    assert counts.loc[0, ["found", "used", "scenes", "left_out", "missing"]].tolist() == [2, 2, 1, 0, 0]
    assert named[["id", "what", "reason"]].to_numpy().tolist() == [
        [part, "part of a scene", f"part of {row.id}"] for part in parts
    ]


def test_a_part_that_cannot_be_had_leaves_the_other(tmp_path: Path) -> None:
    kept, lost = (write(tmp_path / "store", "L1C", part, "04.00") for part in ("02", "01"))
    next(lost.rglob("*_B05.jp2")).unlink()
    source = Cut(SafeSourceConfig(store=tmp_path / "store", missing="gap"))
    index = month(source, "L1C", tmp_path)
    assert index["id"].tolist() == [kept.stem]
    assert [scene["id"] for scene in index.attrs["missing"]] == [lost.stem]
    counts, named = account({("32UPU", "L1C", "2022-05"): tmp_path / "L1C.parquet"})
    assert counts.loc[0, ["found", "used", "missing"]].tolist() == [2, 1, 1]
    assert "is missing" in named.loc[0, "reason"]
