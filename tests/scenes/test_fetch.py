from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from cloudrobust.config.sources import SafeSource as SafeSourceConfig
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.fetch import fetch_month, month_days
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.safe.source import SafeSource
from cloudrobust.scenes.source import Found

WriteSmall = Callable[..., Path]
START, END = date(2022, 1, 1), date(2022, 12, 31)


def source(folder: Path) -> SafeSource:
    return SafeSource(SafeSourceConfig(store=folder))


def test_row_holds_what_the_product_says(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small("L2A", "05.09")
    frame = fetch_month(source(tmp_path / "store"), "32UPU", "L2A", "2022-05", START, END)
    write_index(frame, tmp_path / "2022-05.parquet")
    (row,) = read_index(tmp_path / "2022-05.parquet").itertuples(index=False)
    assert (row.id, row.file) == (product.name.removesuffix(".SAFE"), product.name)
    assert (row.tile, row.level, row.platform, row.orbit) == ("32UPU", "L2A", "S2A", 65)
    assert (row.time, row.baseline) == (datetime(2022, 5, 5, 10, 24, 11), "05.09")
    assert (row.quantification, row.offset, row.cloud_cover) == (10000, -1000, 12.5)
    assert row.bytes == sum(p.stat().st_size for p in product.rglob("*") if p.is_file())
    assert row.checksum == hashlib.md5((product / "manifest.safe").read_bytes()).hexdigest()
    assert row.geometry.bounds == pytest.approx((10.3598, 48.7332, 10.3764, 48.7451), abs=1e-2)
    assert open_scene(row, tmp_path / "store").id == row.id


def test_month_period_and_days_bound_what_is_fetched(write_small: WriteSmall, tmp_path: Path) -> None:
    for day in (1, 10, 20, 31):
        write_small(time=datetime(2022, 5, day, 10))
    write_small(time=datetime(2022, 6, 1))
    archive = source(tmp_path / "store")

    def fetched(start: date = START, end: date = END, days: frozenset[date] | None = None) -> list[int]:
        return [t.day for t in fetch_month(archive, "32UPU", "L1C", "2022-05", start, end, days)["time"]]

    assert fetched() == [1, 10, 20, 31]
    assert fetched(start=date(2022, 5, 10), end=date(2022, 5, 20)) == [10, 20]
    assert fetched(days=frozenset({date(2022, 5, 20), date(2022, 6, 1)})) == [20]
    assert fetched(start=date(2022, 6, 1)) == []


def test_month_without_scenes_gives_an_empty_index(write_small: WriteSmall, tmp_path: Path) -> None:
    write_small()
    frame = fetch_month(source(tmp_path / "store"), "32UPU", "L1C", "2022-02", START, END)
    assert len(frame) == 0
    write_index(frame, tmp_path / "2022-02.parquet")
    assert len(read_index(tmp_path / "2022-02.parquet")) == 0


def test_reprocessed_duplicate_is_left_out(write_small: WriteSmall, tmp_path: Path) -> None:
    write_small(baseline="03.01")
    new = write_small(baseline="05.00", processing_time=datetime(2023, 6, 1))
    write_small(baseline="05.00")
    frame = fetch_month(source(tmp_path / "store"), "32UPU", "L1C", "2022-05", START, END)
    assert frame["file"].tolist() == [new.name]
    assert frame["offset"].tolist() == [-1000]


def test_broken_product_is_an_error_not_a_gap(write_small: WriteSmall, tmp_path: Path) -> None:
    for day in (1, 10, 20):
        product = write_small(time=datetime(2022, 5, day))
    open_scene(product).file("B02").write_bytes(b"")
    with pytest.raises(InputError, match=r"_B02\.jp2: has 0 bytes"):
        fetch_month(source(tmp_path / "store"), "32UPU", "L1C", "2022-05", START, END)


class Plain:
    """A source with nothing but the three methods."""

    def __init__(self, product: Path) -> None:
        self.product = product

    def grid(self, tile: str) -> Grid:
        raise NotImplementedError

    def search(self, tile: str, level: str, start: date, end: date) -> list[Found]:
        name = self.product.name.removesuffix(".SAFE")
        return [Found(name, tile, level, datetime(start.year, start.month, end.day), "04.00")]

    def fetch(self, found: Found) -> Path:
        assert found.id == self.product.name.removesuffix(".SAFE")
        return self.product


def test_source_needs_only_three_methods(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small()
    archive = Plain(product)
    frame = fetch_month(archive, "32UPU", "L1C", "2022-05", START, END)
    assert frame["file"].tolist() == [product.as_posix()]
    frame = fetch_month(archive, "32UPU", "L1C", "2022-05", START, END, store=tmp_path)
    assert frame["file"].tolist() == [f"store/{product.name}"]


@pytest.mark.parametrize(
    ("month", "days"), [("2022-12", (1, 31)), ("2024-02", (1, 29)), ("2023-02", (1, 28)), ("2022-04", (1, 30))]
)
def test_calendar_months(month: str, days: tuple[int, int]) -> None:
    assert tuple(day.day for day in month_days(month)) == days
    with pytest.raises(InputError, match="2022-13"):
        month_days("2022-13")
