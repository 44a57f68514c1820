from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from lxml import etree
from rasterio.errors import NotGeoreferencedWarning

from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.safe.manifest import read_manifest
from cloudrobust.scenes.safe.xml import absolute_orbit, earth_sun_correction

from ..real_scenes import read_slovenia, slovenia_files, write_slovenia
from ..small_scenes import small_content, small_geoboxes
from .test_metadata import NAMES, metadata_file

WriteSmall = Callable[..., Path]


def test_real_scenes_come_back_to_the_last_number_on_their_own_grid(real_data: Path, tmp_path: Path) -> None:
    products = write_slovenia(tmp_path, real_data)
    assert len(products) == 5
    for product, file in zip(products, slovenia_files(real_data), strict=True):
        time, bands, geobox = read_slovenia(file)
        scene = open_scene(product)
        assert scene.time == time
        assert scene.bands == BANDS
        for band in BANDS:
            read = scene.read(band)
            np.testing.assert_array_equal(np.ma.getmaskarray(read), np.ma.getmaskarray(bands[band]))
            np.testing.assert_array_equal(read.filled(0), bands[band].filled(0))
            assert scene.geoboxes[band].shape == geobox.shape
            assert scene.geoboxes[band].crs == geobox.crs
            np.testing.assert_allclose(scene.geoboxes[band].affine, geobox.affine, rtol=0, atol=1e-6)


def test_real_scenes_of_a_new_baseline_harmonise_to_the_same_numbers(real_data: Path, tmp_path: Path) -> None:
    old = open_scene(write_slovenia(tmp_path / "old", real_data)[0])
    new = open_scene(write_slovenia(tmp_path / "new", real_data, baseline="05.00")[0])
    np.testing.assert_array_equal(new.read("B04"), old.read("B04"))
    np.testing.assert_array_equal(new.read_raw("B04"), old.read_raw("B04") + 1000)


@pytest.mark.parametrize(("level", "baseline"), [("L1C", "03.01"), ("L1C", "05.09"), ("L2A", "05.09")])
def test_the_sentinel2_driver_of_gdal_reads_the_same_numbers(
    write_small: WriteSmall, level: str, baseline: str
) -> None:
    product = write_small(level, baseline)
    scene = open_scene(product)
    compared = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(product / f"MTD_MSI{level}.xml") as container:
            assert container.driver == "SENTINEL2"
            subdatasets = [name for name in container.subdatasets if "TCI" not in name]
    assert len(subdatasets) == 3
    for name in subdatasets:
        with rasterio.open(name) as image:
            for index in image.indexes:
                tag = image.tags(index)["BANDNAME"]
                band = tag if tag == "B8A" else f"B{int(tag[1:]):02d}" if tag[1:].isdigit() else tag
                if band in scene.bands and scene.geoboxes[band].shape == image.shape:
                    assert image.transform == scene.geoboxes[band].affine
                    assert image.crs.to_epsg() == 32632
                    np.testing.assert_array_equal(image.read(index), scene.read_raw(band))
                    compared.add(band)
                if band == "SCL" and image.res == (20, 20):
                    np.testing.assert_array_equal(image.read(index), scene.read_classification())
                    compared.add(band)
    assert compared == {*scene.bands, *(["SCL"] if level == "L2A" else [])}


def test_manifest_states_every_file_with_size_and_md5(write_small: WriteSmall) -> None:
    product = write_small("L2A")
    entries = read_manifest(product)
    files = {p.relative_to(product).as_posix(): p for p in product.rglob("*") if p.is_file()}
    assert set(entries) == set(files) - {"manifest.safe"}
    for name, entry in entries.items():
        content = files[name].read_bytes()
        assert (entry.algorithm, entry.size) == ("MD5", len(content))
        assert entry.checksum == hashlib.md5(content).hexdigest()
    ids = [e.get("ID") for e in etree.parse(product / "manifest.safe").iter("dataObject")]
    assert len(set(ids)) == len(ids) == len(entries)


def test_layout_is_that_of_compact_products(write_small: WriteSmall) -> None:
    l1c, l2a = write_small("L1C", "03.01"), write_small("L2A", "05.09")
    orbit = "A035812"
    assert (l1c / f"GRANULE/L1C_T32UPU_{orbit}_20220505T102411/IMG_DATA/T32UPU_20220505T102411_B8A.jp2").is_file()
    granule = l2a / f"GRANULE/L2A_T32UPU_{orbit}_20220505T102411"
    assert (granule / "IMG_DATA/R60m/T32UPU_20220505T102411_B01_60m.jp2").is_file()
    assert (granule / "IMG_DATA/R20m/T32UPU_20220505T102411_SCL_20m.jp2").is_file()
    assert (granule / "QI_DATA/MSK_CLDPRB_20m.jp2").is_file()
    tile = etree.parse(granule / "MTD_TL.xml")
    assert tile.findtext(".//HORIZONTAL_CS_CODE") == "EPSG:32632"
    assert [e.get("resolution") for e in tile.iter("Size")] == ["10", "20", "60"]
    assert [e.text for e in tile.iter("ULX")] == ["600000"] * 3
    assert tile.findtext(".//Mean_Sun_Angle/ZENITH_ANGLE") == "40.0"


def paths(element: etree._Element, above: str = "") -> set[str]:
    """Every path of element names, without namespaces, and every attribute on it."""
    here = f"{above}/{etree.QName(element).localname}"
    found = {here, *(f"{here}@{name}" for name in element.attrib if "}" not in name)}
    for child in element.iterchildren(tag=etree.Element):
        found |= paths(child, here)
    return found


@pytest.mark.parametrize(
    ("level", "baseline"), [("L1C", "03.01"), ("L2A", "02.12"), ("L2A", "04.00"), ("L2A", "05.09")]
)
def test_product_metadata_uses_only_elements_of_real_products(
    write_small: WriteSmall, real_data: Path, level: str, baseline: str
) -> None:
    ours = etree.parse(write_small(level, baseline) / f"MTD_MSI{level}.xml").getroot()
    real = etree.parse(metadata_file(real_data, baseline)).getroot()
    assert ours.tag == real.tag
    assert paths(ours) - paths(real) == set()
    offsets = [path for path in paths(ours) if "ADD_OFFSET" in path]
    assert bool(offsets) == (baseline >= "04")


def test_offset_list_of_level_1c_names_every_band(write_small: WriteSmall) -> None:
    root = etree.parse(write_small("L1C", "04.00") / "MTD_MSIL1C.xml")
    offsets = root.findall(".//Product_Image_Characteristics/Radiometric_Offset_List/RADIO_ADD_OFFSET")
    assert [(e.get("band_id"), e.text) for e in offsets] == [(str(n), "-1000") for n in range(13)]


@pytest.mark.parametrize(
    ("baseline", "absolute", "correction"),
    [
        ("02.12", 19029, 1.02763689829235),
        ("03.01", 32448, 0.983841990384341),
        ("04.00", 26649, 0.99707551771009),
        ("05.09", 41826, 0.96817485048713),
    ],
)
def test_orbit_and_sun_distance_are_those_of_real_products(baseline: str, absolute: int, correction: float) -> None:
    name = NAMES[baseline]
    time = datetime.strptime(name[11:26], "%Y%m%dT%H%M%S")
    assert absolute_orbit(name[:3], time, int(name[34:37])) == absolute
    assert earth_sun_correction(time) == pytest.approx(correction, abs=1e-9)


def test_shares_of_scene_classes_leave_out_nodata(write_small: WriteSmall) -> None:
    classification = np.zeros((60, 60), np.uint8)
    classification[:30] = 9
    classification[:10] = 4
    root = etree.parse(write_small("L2A", classification=classification) / "MTD_MSIL2A.xml")
    assert root.findtext(".//NODATA_PIXEL_PERCENTAGE") == "50.000000"
    assert root.findtext(".//VEGETATION_PERCENTAGE") == "33.333333"
    assert root.findtext(".//HIGH_PROBA_CLOUDS_PERCENTAGE") == "66.666667"


def test_bytes_do_not_depend_on_when_or_with_how_many_threads(write_small: WriteSmall) -> None:
    def content(product: Path) -> dict[str, bytes]:
        return {p.relative_to(product).as_posix(): p.read_bytes() for p in product.rglob("*") if p.is_file()}

    first = content(write_small("L2A"))
    assert content(write_small("L2A", threads=2)) == first


@pytest.mark.parametrize(
    "time",
    [
        np.datetime64("2022-05-05T10:24:11.024"),
        pd.Timestamp("2022-05-05T10:24:11.024"),
        datetime(2022, 5, 5, 10, 24, 11, tzinfo=UTC),
        datetime(2022, 5, 5, 12, 24, 11, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_time_is_utc_to_the_second(write_small: WriteSmall, time: object) -> None:
    assert open_scene(write_small(time=time)).time == datetime(2022, 5, 5, 10, 24, 11)


def test_nothing_is_left_of_a_product_that_fails(write_small: WriteSmall, tmp_path: Path) -> None:
    content = small_content("L1C")
    content["bands"]["B12"] = content["bands"]["B12"][:-1]
    with pytest.raises(ValueError, match=r"B12\.jp2: \(59, 60\) pixels do not fit"):
        write_small(bands=content["bands"])
    assert list((tmp_path / "store").iterdir()) == []


def test_what_does_not_belong_to_the_level_is_refused(write_small: WriteSmall) -> None:
    geobox = small_geoboxes()["B10"]
    with pytest.raises(ValueError, match="not B10"):
        write_small("L2A", bands={"B10": np.ones(geobox.shape, int)})
    with pytest.raises(ValueError, match="only Level-2A"):
        write_small("L1C", classification=np.zeros((60, 60), np.uint8))
    with pytest.raises(ValueError, match="no valid product name"):
        write_small(tile="UPU")
