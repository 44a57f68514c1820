from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rasterio.windows import Window

import cloudrobust
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import bands_of
from cloudrobust.scenes.safe.scene import layer_files

from ..small_scenes import small_content, small_geoboxes

WriteSmall = Callable[..., Path]


@pytest.mark.parametrize(
    ("level", "baseline"), [("L1C", "03.01"), ("L1C", "04.00"), ("L2A", "02.12"), ("L2A", "05.09")]
)
def test_what_was_written_is_read_to_the_last_number(write_small: WriteSmall, level: str, baseline: str) -> None:
    scene = open_scene(write_small(level, baseline))
    content = small_content(level, low=-900 if baseline >= "04" else 1)
    assert scene.bands == bands_of(level)
    for band, expected in content["bands"].items():
        dn = scene.read(band)
        assert dn.dtype == np.int32
        assert not dn.mask.any()
        np.testing.assert_array_equal(dn.data, expected)
        shift = 1000 if baseline >= "04" else 0
        np.testing.assert_array_equal(scene.read_raw(band), expected + shift)
    if level == "L2A":
        np.testing.assert_array_equal(scene.read_classification(), content["classification"])
        np.testing.assert_array_equal(scene.read_cloud_probability(), content["cloud_probability"])


def test_scene_says_what_it_is(write_small: WriteSmall) -> None:
    path = write_small("L2A", "05.09")
    scene = open_scene(path)
    assert scene.id == path.name.removesuffix(".SAFE") == "S2A_MSIL2A_20220505T102411_N0509_R065_T32UPU_20220505T162411"
    assert (scene.level, scene.tile, scene.platform, scene.orbit) == ("L2A", "32UPU", "S2A", 65)
    assert (scene.time, scene.baseline) == (datetime(2022, 5, 5, 10, 24, 11), "05.09")
    assert scene.metadata.cloud_cover == 12.5


def test_grids_come_from_the_images(write_small: WriteSmall) -> None:
    expected = small_geoboxes()
    assert open_scene(write_small("L2A")).geoboxes == {k: v for k, v in expected.items() if k != "B10"}
    assert open_scene(write_small("L1C")).geoboxes == {k: v for k, v in expected.items() if k != "SCL"}


def test_nodata_and_saturation_are_masked(write_small: WriteSmall) -> None:
    content = small_content("L1C")
    b02 = np.ma.MaskedArray(content["bands"]["B02"])
    b02[3, :] = np.ma.masked
    unseen = np.zeros((120, 120), bool)
    unseen[:, 5] = True
    content["bands"]["B02"] = b02
    scene = open_scene(write_small("L1C", bands=content["bands"], nodata={"B02": unseen}))
    expected = unseen.copy()
    expected[3, :] = True
    np.testing.assert_array_equal(scene.read("B02").mask, expected)
    assert (scene.read_raw("B02")[expected] == 0).all()
    assert not scene.read("B03").mask.any()


def test_windows_are_slices_of_the_whole(write_small: WriteSmall) -> None:
    scene = open_scene(write_small("L2A"))
    whole = scene.read("B08")
    for rows, cols in [((0, 120), (0, 120)), ((7, 31), (50, 120)), ((119, 120), (0, 1))]:
        window = Window.from_slices(rows, cols)
        np.testing.assert_array_equal(scene.read("B08", window), whole[slice(*rows), slice(*cols)])
    window = Window.from_slices((10, 20), (30, 60))
    np.testing.assert_array_equal(scene.read_classification(window), scene.read_classification()[10:20, 30:60])
    np.testing.assert_array_equal(scene.read_cloud_probability(window), scene.read_cloud_probability()[10:20, 30:60])


@pytest.mark.parametrize("window", [Window(0, 0, 121, 1), Window(-1, 0, 5, 5), Window(100, 110, 5, 11)])
def test_window_beyond_the_image_is_refused(write_small: WriteSmall, window: Window) -> None:
    scene = open_scene(write_small())
    with pytest.raises(ValueError, match="reaches beyond"):
        scene.read("B02", window)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97, 0.9999])
def test_truncated_image_is_an_error_that_names_file_and_scene(write_small: WriteSmall, share: float) -> None:
    scene = open_scene(write_small())
    file = scene.file("B05")
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="truncated or corrupt; fetch the scene") as caught:
        scene.read("B05")
    assert str(file) in str(caught.value)
    assert scene.id in str(caught.value)
    assert not scene.read("B06").mask.any()


def test_missing_image_is_an_error_that_names_it(write_small: WriteSmall) -> None:
    scene = open_scene(write_small("L2A"))
    scene.file("B11").unlink()
    scene.cloud_probability_file.unlink()
    with pytest.raises(InputError, match=r"_B11_20m\.jp2: is missing; fetch the scene"):
        scene.read("B11")
    with pytest.raises(InputError, match=r"_B11_20m\.jp2: is missing"):
        _ = scene.geoboxes
    with pytest.raises(InputError, match=r"MSK_CLDPRB_20m\.jp2: is missing"):
        scene.read_cloud_probability()


def test_level_1c_has_no_classification(write_small: WriteSmall) -> None:
    with pytest.raises(InputError, match="holds no scene classification"):
        open_scene(write_small("L1C")).read_classification()
    with pytest.raises(InputError, match="holds no band B10"):
        open_scene(write_small("L2A")).read("B10")


def test_sidecar_does_not_move_the_image(write_small: WriteSmall) -> None:
    scene = open_scene(write_small())
    scene.file("B02").with_suffix(".j2w").write_text("1\n0\n0\n-1\n0\n0\n")
    scene.file("B02").with_suffix(".jp2.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:4326</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform></PAMDataset>"
    )
    assert scene.geoboxes["B02"] == small_geoboxes()["B02"]


def test_scene_opens_from_a_row_relative_to_its_store(write_small: WriteSmall) -> None:
    path = write_small()
    frame = pd.DataFrame({"file": [path.name]})
    by_tuple = next(frame.itertuples())
    for row in (frame.iloc[0], by_tuple, {"file": path.name}, path.name, Path(path.name), path):
        assert open_scene(row, path.parent).path == path
    assert open_scene({"file": str(path)}).path == path


def test_absent_product_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.SAFE: there is no such product"):
        open_scene(tmp_path / "gone.SAFE")
    (tmp_path / "empty.SAFE").mkdir()
    with pytest.raises(InputError, match=r"empty\.SAFE: holds no product metadata"):
        open_scene(tmp_path / "empty.SAFE")


def test_native_resolution_is_taken_else_the_finest() -> None:
    files = tuple(
        f"GRANULE/g/IMG_DATA/R{r}m/T01_{layer}_{r}m"
        for layer, resolutions in {
            "B01": (20, 60), "B02": (60, 20, 10), "B05": (60,), "B8A": (60, 20), "SCL": (60, 20), "TCI": (10,),
        }.items()
        for r in resolutions
    )  # fmt: skip
    taken = layer_files(files)
    assert list(taken) == ["B01", "B02", "B05", "B8A", "SCL"]
    assert [path.rsplit("_", 1)[1] for path in taken.values()] == ["60m", "10m", "60m", "20m", "20m"]


def test_old_format_product_is_read(write_small: WriteSmall) -> None:
    """Format of before December 2016: other file names, images listed by IMAGE_ID."""
    product = write_small("L1C", "03.01")
    new = open_scene(product)
    expected = {band: new.read(band) for band in new.bands}
    granule = "S2A_OPER_MSI_L1C_TL_EPA__20160605T113933_A000734_T32UPU_N03.01"
    folder = product / "GRANULE" / granule / "IMG_DATA"
    folder.mkdir(parents=True)
    for band in new.bands:
        new.file(band).rename(folder / f"{granule[:-7]}_{band}.jp2")
    metadata = product / "MTD_MSIL1C.xml"
    text = re.sub(
        r"<IMAGE_FILE>.*_(B..)</IMAGE_FILE>", rf"<IMAGE_ID>{granule[:-7]}_\1</IMAGE_ID>", metadata.read_text()
    )
    text = re.sub(r'granuleIdentifier="[^"]*"', f'granuleIdentifier="{granule}"', text)
    name = "S2A_OPER_PRD_MSIL1C_PDMC_20220505T162411_R065_V20220505T102411_20220505T102411"
    metadata.write_text(text.replace(new.id, name))
    metadata.rename(product / "S2A_OPER_MTD_SAFL1C_PDMC_20220505T162411_R065_V20220505T102411_20220505T102411.xml")
    old = open_scene(product)
    assert (old.id, old.tile, old.time, old.bands) == (name, "32UPU", new.time, new.bands)
    for band in old.bands:
        np.testing.assert_array_equal(old.read(band), expected[band])


def test_the_room_opens_lightly() -> None:
    """Importing the package must not import what only opening a scene needs."""
    code = (
        "import sys, cloudrobust.scenes; print([m for m in ('rasterio', 'odc', 'numpy', 'lxml') if m in sys.modules])"
    )
    library = Path(cloudrobust.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=library, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
