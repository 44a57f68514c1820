"""Expected values were read from the four real files by eye."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.safe.metadata import ProductMetadata, read_metadata

NAMES = {
    "02.12": "S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857",
    "03.01": "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248",
    "04.00": "S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126",
    "05.09": "S2A_MSIL2A_20230625T234621_N0509_R073_T01WCP_20230626T022157",
}


def metadata_file(real_data: Path, baseline: str) -> Path:
    name = NAMES[baseline]
    return real_data / "safe-metadata" / f"{name}.SAFE__MTD_{name[4:10]}.xml"


def read(real_data: Path, baseline: str) -> ProductMetadata:
    return read_metadata(metadata_file(real_data, baseline))


@pytest.mark.parametrize(
    ("baseline", "level", "tile", "platform", "orbit", "time", "offset", "cloud_cover", "images"),
    [
        ("02.12", "L2A", "07HFE", "S2A", 13, datetime(2019, 2, 12, 19, 26, 51), 0, 51.580326, 35),
        ("03.01", "L1C", "46RER", "S2A", 133, datetime(2021, 9, 8, 4, 27, 1), 0, 88.2972, 14),
        ("04.00", "L2A", "33XWJ", "S2B", 25, datetime(2022, 4, 13, 15, 7, 59), -1000, 98.944211, 36),
        ("05.09", "L2A", "01WCP", "S2A", 73, datetime(2023, 6, 25, 23, 46, 21), -1000, 15.047897000000003, 36),
    ],
)
def test_real_metadata_of_each_generation(
    real_data: Path,
    baseline: str,
    level: str,
    tile: str,
    platform: str,
    orbit: int,
    time: datetime,
    offset: int,
    cloud_cover: float,
    images: int,
) -> None:
    m = read(real_data, baseline)
    assert m.id == NAMES[baseline]
    assert (m.level, m.tile, m.platform, m.orbit, m.time) == (level, tile, platform, orbit, time)
    assert (m.baseline, m.quantification, m.cloud_cover) == (baseline, 10000, cloud_cover)
    assert m.offsets == dict.fromkeys(BANDS, offset)
    assert m.offset == offset
    assert len(m.image_files) == images


def test_image_files_are_as_listed(real_data: Path) -> None:
    files = read(real_data, "03.01").image_files
    assert files[0] == "GRANULE/L1C_T46RER_A032448_20210908T043714/IMG_DATA/T46RER_20210908T042701_B01"
    assert files[8].endswith("_B8A")
    files = read(real_data, "05.09").image_files
    assert files[0] == "GRANULE/L2A_T01WCP_A041826_20230625T234624/IMG_DATA/R10m/T01WCP_20230625T234621_B02_10m"


def test_footprint_has_longitude_first(real_data: Path) -> None:
    west, south, east, north = read(real_data, "03.01").footprint.bounds
    assert (west, south) == pytest.approx((92.9997965, 27.0335375), abs=1e-6)
    assert (east, north) == pytest.approx((93.4334176, 28.0254355), abs=1e-2)


def test_footprint_across_the_antimeridian_becomes_two_parts(real_data: Path) -> None:
    footprint = read(real_data, "05.09").footprint
    assert footprint.geom_type == "MultiPolygon"
    assert footprint.is_valid
    west, east = sorted(footprint.geoms, key=lambda part: part.bounds[0])
    assert west.bounds[0] == -180
    assert west.bounds[2] == pytest.approx(-178.96619)
    assert east.bounds[2] == 180
    assert east.bounds[0] == pytest.approx(178.47410712070305)


def test_each_band_gets_the_offset_of_its_number(real_data: Path, tmp_path: Path) -> None:
    text = metadata_file(real_data, "04.00").read_text()
    changed = text.replace('<BOA_ADD_OFFSET band_id="8">-1000', '<BOA_ADD_OFFSET band_id="8">-800')
    (tmp_path / "MTD_MSIL2A.xml").write_text(changed)
    assert read_metadata(tmp_path / "MTD_MSIL2A.xml").offsets == {**dict.fromkeys(BANDS, -1000), "B8A": -800}


def test_old_format_product_of_one_tile_is_read(real_data: Path, tmp_path: Path) -> None:
    text = metadata_file(real_data, "03.01").read_text()
    granule = "S2A_OPER_MSI_L1C_TL_EPA__20160605T113933_A000734_T33TVM_N02.04"
    start, end = text.index("<Granule_List>"), text.index("</Granule_List>")
    listed = "".join(f"<IMAGE_ID>{granule[:-7]}_{band}</IMAGE_ID>" for band in ("B01", "B8A"))
    text = text[:start] + f'<Granule_List><Granules granuleIdentifier="{granule}">{listed}</Granules>' + text[end:]
    old = "S2A_OPER_PRD_MSIL1C_PDMC_20160605T113933_R133_V20210908T042701_20210908T042701"
    path = tmp_path / "S2A_OPER_MTD_SAFL1C_PDMC_20160605T113933.xml"
    path.write_text(text.replace(NAMES["03.01"], old))
    m = read_metadata(path)
    assert (m.id, m.tile, m.time) == (old, "33TVM", datetime(2021, 9, 8, 4, 27, 1))
    assert m.image_files == tuple(f"GRANULE/{granule}/IMG_DATA/{granule[:-7]}_{band}" for band in ("B01", "B8A"))


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("PROCESSING_BASELINE", "has no element PROCESSING_BASELINE"),
        ("Cloud_Coverage_Assessment", "has no element Cloud_Coverage_Assessment"),
        ("IMAGE_FILE", "lists no IMAGE_FILE"),
    ],
)
def test_missing_element_is_named(real_data: Path, tmp_path: Path, cut: str, message: str) -> None:
    path = tmp_path / "MTD_MSIL1C.xml"
    path.write_text(metadata_file(real_data, "03.01").read_text().replace(cut, "Other"))
    with pytest.raises(InputError, match=message) as caught:
        read_metadata(path)
    assert str(path) in str(caught.value)


def test_truncated_metadata_is_named(real_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "MTD_MSIL1C.xml"
    path.write_bytes(metadata_file(real_data, "03.01").read_bytes()[:9000])
    with pytest.raises(InputError, match=r"MTD_MSIL1C\.xml: is not valid XML"):
        read_metadata(path)


def test_image_outside_the_product_is_refused(real_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "MTD_MSIL1C.xml"
    path.write_text(metadata_file(real_data, "03.01").read_text().replace("<IMAGE_FILE>GRANULE", "<IMAGE_FILE>../x"))
    with pytest.raises(InputError, match="leads out of the product"):
        read_metadata(path)


def test_entities_of_a_hostile_file_are_not_resolved(real_data: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("12.5")
    text = metadata_file(real_data, "03.01").read_text().split("?>", 1)[1]
    text = text.replace("88.2972", "&leak;")
    path = tmp_path / "MTD_MSIL1C.xml"
    path.write_text(f'<!DOCTYPE x [<!ENTITY leak SYSTEM "{secret.as_uri()}">]>{text}')
    with pytest.raises(InputError, match="Cloud_Coverage_Assessment"):
        read_metadata(path)
