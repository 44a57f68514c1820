"""Zipped products, and archives in folders by day."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from cloudrobust.config.sources import SafeSource as SafeSourceConfig
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.failures import SceneFailure
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.safe.source import SafeSource
from cloudrobust.scenes.safe.zipped import unpack

FIRST, LAST = date(2022, 5, 1), date(2022, 5, 31)


def zipped(product: Path, suffix: str = ".SAFE.zip") -> Path:
    """Replace a product by a zip of it."""
    archive = product.with_name(product.stem + suffix)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(product.rglob("*")):
            target.write(file, file.relative_to(product.parent))
    shutil.rmtree(product)
    return archive


def source_of(folder: Path, **fields: object) -> SafeSource:
    return SafeSource(SafeSourceConfig(store=folder / "store", unpacked=folder / "unpacked", **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".SAFE.zip", ".zip"])
def test_zipped_products_are_products(write_small: Callable[..., Path], tmp_path: Path, suffix: str) -> None:
    plain = open_scene(write_small("L1C")).read("B05")
    archive = zipped(write_small("L1C"), suffix)
    source = source_of(tmp_path)
    assert source.grid("32UPU").geoboxes["B05"].shape == (60, 60)
    index = fetch_month(source, "32UPU", "L1C", "2022-05", FIRST, LAST)
    assert list(index["id"]) == [archive.name.split(".")[0]]
    scene = open_scene(index.iloc[0], source.store)
    assert (scene.read("B05") == plain).all()
    assert scene.path.parent == (tmp_path / "unpacked").absolute() or scene.path.parent == tmp_path / "unpacked"
    before = scene.path.stat().st_mtime_ns
    fetch_month(source, "32UPU", "L1C", "2022-05", FIRST, LAST)
    assert scene.path.stat().st_mtime_ns == before  # unpacked once


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["../outside"], "names that lead out of it"),
        (["/etc/outside"], "names that lead out of it"),
        (["one.txt"], "does not hold one .SAFE folder"),
        (["a.SAFE/x", "b.SAFE/y"], "does not hold one .SAFE folder"),
        ([], "does not hold one .SAFE folder"),
    ],
)
def test_archives_that_are_no_products_are_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    archive = tmp_path / "S2A_x.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name in names:
            target.writestr(name, "content")
    with pytest.raises(SceneFailure, match=reason):
        unpack(archive, tmp_path / "unpacked")
    assert not list(tmp_path.rglob("outside"))
    assert not list((tmp_path / "unpacked").glob("*SAFE"))


def made_archive(
    archive: Path, compression: int = zipfile.ZIP_STORED, names: tuple[str, ...] = ("a.SAFE/x",)
) -> bytearray:
    with zipfile.ZipFile(archive, "w", compression) as target:
        for name in names:
            target.writestr(name, b"content " * 500)
    return bytearray(archive.read_bytes())


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_byte_of_an_archive_may_be_wrong(tmp_path: Path, compression: int) -> None:
    """A flipped byte gives the product as it was (where nothing reads the byte) or one sentence, nothing else."""
    archive = tmp_path / "a.SAFE.zip"
    whole = made_archive(archive, compression)
    for place in range(0, len(whole), 3):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        archive.write_bytes(damaged)
        target = tmp_path / f"unpacked-{place}"
        try:
            product = unpack(archive, target)
        except SceneFailure:
            assert not list(target.glob("*.SAFE"))
        else:
            assert all(file.read_bytes() == b"content " * 500 for file in product.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    "names",
    [("a.SAFE/" + "x" * 300,), ("a.SAFE/x", "a.SAFE/x/y"), ("a.SAFE/x/y", "a.SAFE/x")],
    ids=["too long", "file, then folder", "folder, then file"],
)
def test_names_that_no_file_system_takes_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    archive = tmp_path / "a.SAFE.zip"
    made_archive(archive, names=names)
    with pytest.raises(SceneFailure, match="truncated or corrupt; fetch it again"):
        unpack(archive, tmp_path / "unpacked")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.SAFE.zip"
    content = made_archive(archive)
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):  # the general purpose flags
        content[place] |= 0x1
    archive.write_bytes(content)
    with pytest.raises(SceneFailure, match="is encrypted"):
        unpack(archive, tmp_path / "unpacked")


def by_day(tmp_path: Path, product: Path, collection: str, day: str) -> Path:
    """Move a product to where an archive by days has it."""
    folder = tmp_path / "store" / "Sentinel-2" / "MSI" / collection / day
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(product, folder / product.name))


def test_an_archive_by_days_is_read_where_it_must_be_only(
    write_small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {day: datetime(2022, 5, day, 10, 20) for day in (5, 15, 25)}
    for day, time in times.items():
        by_day(tmp_path, write_small("L2A", time=time), "L2A", f"2022/05/{day:02d}")
    newer = write_small("L2A", time=times[15], baseline="05.10")
    by_day(tmp_path, newer, "L2A_N0510", "2022/05/15")
    by_day(tmp_path, write_small("L1C", time=times[5]), "L1C", "2022/05/05")
    source = source_of(tmp_path, layout="eodata")
    monkeypatch.setattr("os.walk", lambda *_, **__: pytest.fail("the archive is walked"))
    found = source.search("32UPU", "L2A", date(2022, 5, 4), date(2022, 5, 20))
    assert [(f.time.day, f.baseline) for f in found] == [(5, "04.00"), (15, "04.00"), (15, "05.10")]
    assert {"B10", "SCL"} <= set(source.grid("32UPU").geoboxes)
    assert source.search("33TVM", "L2A", FIRST, LAST) == []
    with pytest.raises(InputError, match="holds no product of tile 33TVM"):
        source.grid("33TVM")
    monkeypatch.undo()
    index = fetch_month(source, "32UPU", "L2A", "2022-05", FIRST, LAST)
    assert list(index["baseline"]) == ["04.00", "05.10", "04.00"]
    assert len(index.attrs["left_out"]) == 1
