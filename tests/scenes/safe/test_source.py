from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from cloudrobust.config.sources import SafeSource as SafeSourceConfig
from cloudrobust.config.sources import TableSource
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.images import jp2
from cloudrobust.scenes.safe.metadata import find_metadata
from cloudrobust.scenes.safe.scene import SafeScene
from cloudrobust.scenes.safe.source import SafeSource, check_offset, verify
from cloudrobust.scenes.source import create

from ..small_scenes import small_geoboxes

WriteSmall = Callable[..., Path]


def source(folder: Path) -> SafeSource:
    return SafeSource(SafeSourceConfig(store=folder))


def test_create_gives_the_source_of_the_kind(tmp_path: Path) -> None:
    made = create(SafeSourceConfig(store=tmp_path))
    assert isinstance(made, SafeSource)
    assert made.store == tmp_path
    with pytest.raises(InputError, match=r"source\.kind: 'table' has no scenes"):
        create(TableSource(file=tmp_path / "x.csv", bands={"B02": "b"}))


def test_search_takes_both_end_days_and_only_its_tile_and_level(write_small: WriteSmall, tmp_path: Path) -> None:
    first = write_small(time=datetime(2022, 5, 1, 0, 0, 0))
    last = write_small(time=datetime(2022, 5, 31, 23, 59, 59))
    write_small(time=datetime(2022, 6, 1, 0, 0, 0))
    write_small(time=datetime(2022, 4, 30, 23, 59, 59))
    write_small("L2A", time=datetime(2022, 5, 3))
    write_small(tile="32UQU", time=datetime(2022, 5, 3))
    found = source(tmp_path / "store").search("32UPU", "L1C", date(2022, 5, 1), date(2022, 5, 31))
    assert [f.path for f in found] == [first, last]
    assert [f.id for f in found] == [first.name.removesuffix(".SAFE"), last.name.removesuffix(".SAFE")]
    assert (found[0].platform, found[0].orbit, found[0].baseline) == ("S2A", 65, "04.00")


def test_products_lie_at_any_depth_behind_links_or_are_the_store(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small()
    deep = tmp_path / "tree" / "2022" / "05"
    deep.mkdir(parents=True)
    product = product.rename(deep / product.name)
    (tmp_path / "tree" / "loop").symlink_to(tmp_path / "tree")
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer" / "link").symlink_to(tmp_path / "tree")
    for folder in (tmp_path / "tree", tmp_path / "outer", product):
        assert [f.id for f in source(folder).products] == [product.name.removesuffix(".SAFE")]


def test_unfinished_and_foreign_folders_are_left_out(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small()
    product.rename(product.with_name(f".{product.stem}.0123abcd.part.SAFE"))
    (tmp_path / "store" / "S1A_IW_GRDH_1SDV.SAFE").mkdir()
    assert source(tmp_path / "store").products == []


def test_product_under_another_name_is_known_by_its_metadata(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small("L2A", "05.09")
    renamed = product.rename(product.with_name("scene1.SAFE"))
    (found,) = source(tmp_path / "store").products
    assert (found.id, found.tile, found.level) == (product.name.removesuffix(".SAFE"), "32UPU", "L2A")
    assert found.path == renamed


def test_grid_joins_both_levels(write_small: WriteSmall, tmp_path: Path) -> None:
    write_small("L1C")
    archive = source(tmp_path / "store")
    assert "SCL" not in archive.grid("32UPU").geoboxes
    write_small("L2A")
    grid = source(tmp_path / "store").grid("32UPU")
    assert grid.tile == "32UPU"
    assert grid.geoboxes == small_geoboxes()


def test_levels_on_different_grids_are_an_error(write_small: WriteSmall, tmp_path: Path) -> None:
    write_small("L1C")
    moved = {name: box.translate_pix(1, 0) for name, box in small_geoboxes().items()}
    product = write_small("L2A", geoboxes=moved)
    with pytest.raises(InputError, match="has the grid") as caught:
        source(tmp_path / "store").grid("32UPU")
    assert str(product) in str(caught.value)


def test_tile_without_products_is_named_with_those_there_are(write_small: WriteSmall, tmp_path: Path) -> None:
    write_small()
    with pytest.raises(InputError, match="no product of tile 33TVM; it holds 32UPU"):
        source(tmp_path / "store").grid("33TVM")


def test_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"source\.store: there is no folder"):
        source(tmp_path / "none")


def test_intact_product_is_fetched(write_small: WriteSmall, tmp_path: Path) -> None:
    product = write_small("L2A")
    archive = source(tmp_path / "store")
    (found,) = archive.products
    assert archive.fetch(found) == product


def test_one_changed_bit_is_found_by_its_checksum(write_small: WriteSmall) -> None:
    product = write_small()
    file = open_scene(product).file("B03")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"_B03\.jp2: differs from the MD5 checksum in the manifest; fetch the scene"):
        verify(product)


def test_changed_mask_and_metadata_are_found(write_small: WriteSmall) -> None:
    product = write_small("L2A")
    metadata = product / "MTD_MSIL2A.xml"
    original = metadata.read_text()
    metadata.write_text(original.replace(">-1000<", ">-1001<"))
    with pytest.raises(InputError, match=r"MTD_MSIL2A\.xml: differs"):
        verify(product)
    metadata.write_text(original)
    mask = open_scene(product).cloud_probability_file
    mask.write_bytes(mask.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"MSK_CLDPRB_20m\.jp2: has \d+ bytes, the manifest says \d+"):
        verify(product)


def test_sha3_checksums_of_newer_products_are_verified(write_small: WriteSmall) -> None:
    product = write_small()
    manifest = product / "manifest.safe"
    file = open_scene(product).file("B02")
    content = file.read_bytes()
    text = manifest.read_text().replace(
        f'checksumName="MD5">{hashlib.md5(content).hexdigest()}',
        f'checksumName="SHA3-256">{hashlib.sha3_256(content).hexdigest().upper()}',
    )
    assert "SHA3-256" in text
    manifest.write_text(text)
    verify(product)
    file.write_bytes(content[:-1] + b"\0")
    with pytest.raises(InputError, match="differs from the SHA3-256 checksum"):
        verify(product)


def test_missing_image_is_found(write_small: WriteSmall) -> None:
    product = write_small()
    open_scene(product).file("B10").unlink()
    with pytest.raises(InputError, match=r"_B10\.jp2: is missing; fetch the scene"):
        verify(product)


def test_without_a_manifest_every_image_is_decoded(write_small: WriteSmall) -> None:
    product = write_small("L2A")
    (product / "manifest.safe").unlink()
    verify(product)
    file = open_scene(product).file("SCL")
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"_SCL_20m\.jp2: is truncated or corrupt"):
        verify(product)


def test_a_preview_that_was_deleted_stops_nobody(write_small: WriteSmall, caplog: pytest.LogCaptureFixture) -> None:
    product = write_small("L2A")
    metadata = find_metadata(product)
    listed = SafeScene(product).metadata.image_files[0]
    preview = listed.rsplit("_", 2)[0] + "_TCI_10m"
    text = metadata.read_text().replace(
        f"<IMAGE_FILE>{listed}</IMAGE_FILE>", f"<IMAGE_FILE>{preview}</IMAGE_FILE><IMAGE_FILE>{listed}</IMAGE_FILE>"
    )
    assert preview in text
    metadata.write_text(text)
    (product / "manifest.safe").unlink()
    verify(product)
    assert "TCI" in caplog.text


@pytest.mark.parametrize("policy", ["trust", "warn", "reject"])
def test_numbers_that_contradict_the_metadata_are_noticed(
    write_small: WriteSmall, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """A product whose list of offsets says 0 although its numbers still carry 1000."""
    product = write_small("L2A", "05.09")
    metadata = find_metadata(product)
    metadata.write_text(metadata.read_text().replace(">-1000</BOA_ADD_OFFSET>", ">0</BOA_ADD_OFFSET>"))
    scene = SafeScene(product)
    for band in ("B02", "B03", "B04"):
        box = scene.geoboxes[band]
        numbers = np.random.default_rng(0).integers(1100, 3000, box.shape).astype(np.uint16)
        jp2.write_image(scene.file(band), numbers, box)
    if policy == "reject":
        with pytest.raises(InputError, match=r"the offset 0, but the numbers look not yet shifted.*offset_check"):
            check_offset(scene, "reject")
    else:
        check_offset(scene, policy)  # type: ignore[arg-type]
        assert ("not yet shifted" in caplog.text) == (policy == "warn")


def test_a_size_that_is_no_number_is_named(write_small: WriteSmall) -> None:
    product = write_small()
    manifest = product / "manifest.safe"
    manifest.write_text(re.sub(r'size="\d+"', 'size="many"', manifest.read_text(), count=1))
    with pytest.raises(InputError, match="is 'many', not a number of bytes"):
        verify(product)


def test_the_index_keeps_the_configured_offset_and_scenes_are_opened_with_it(write_small: WriteSmall) -> None:
    product = write_small("L2A", "05.09")
    metadata = find_metadata(product)
    metadata.write_text(
        re.sub("<BOA_ADD_OFFSET_VALUES_LIST>.*</BOA_ADD_OFFSET_VALUES_LIST>", "", metadata.read_text(), flags=re.DOTALL)
    )
    with pytest.raises(InputError, match="lists no BOA_ADD_OFFSET"):
        open_scene(product)
    row = describe(product, missing_offset=-1000)
    assert row["offset"] == -1000
    assert open_scene(row).metadata.offsets["B02"] == -1000  # type: ignore[attr-defined]
