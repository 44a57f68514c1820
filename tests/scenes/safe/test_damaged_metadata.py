"""Every element that decides about numbers is there, sane and consistent, or the product is refused in one sentence."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import BANDS
from cloudrobust.scenes.safe.metadata import ProductMetadata, read_metadata
from cloudrobust.scenes.safe.scene import layer_files

from .test_metadata import metadata_file

ABSURD = ("NaN", "inf", "-inf", "1e300", "ten", "")


def read(text: str, folder: Path, missing_offset: int | None = None) -> ProductMetadata:
    path = folder / "MTD_MSIL2A.xml"
    path.write_text(text)
    return read_metadata(path, missing_offset)


def replaced(text: str, tag: str, value: str) -> str:
    """The text with another value in the first element of this name."""
    changed = re.sub(rf"(<{tag}(?: [^>]*)?>)[^<]*(</{tag}>)", lambda m: m[1] + value + m[2], text, count=1)
    assert changed != text
    return changed


def without(text: str, tag: str) -> str:
    changed = re.sub(rf"<{tag}(?: [^>]*)?>.*?</{tag}>", "", text, flags=re.DOTALL)
    assert changed != text
    return changed


DECIDES = [
    *[("BOA_QUANTIFICATION_VALUE", value) for value in (*ABSURD, "0", "-10000", "1", "10000.5", "1000000")],
    *[("BOA_ADD_OFFSET", value) for value in (*ABSURD, "1000", "-10001", "-1e9")],
    *[("PROCESSING_BASELINE", value) for value in ("", "5", "05.9", "abc", "-04.00", "NaN")],
    *[("PROCESSING_LEVEL", value) for value in ("", "Level-3", "L2A")],
    *[("Cloud_Coverage_Assessment", value) for value in ("NaN", "inf", "many")],
    *[
        ("EXT_POS_LIST", value)
        for value in ("", "1 2 3", "a b", "NaN NaN 1 1 2 2 NaN NaN", "99 200 98 200 98 199 99 200")
    ],
]


@pytest.mark.parametrize(("tag", "value"), DECIDES)
def test_an_absurd_value_is_refused_in_one_sentence(real_data: Path, tmp_path: Path, tag: str, value: str) -> None:
    text = metadata_file(real_data, "05.09").read_text()
    with pytest.raises(InputError) as caught:
        read(replaced(text, tag, value), tmp_path)
    message = str(caught.value)
    assert "MTD_MSIL2A.xml" in message
    assert tag in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "tag", ["BOA_QUANTIFICATION_VALUE", "PROCESSING_BASELINE", "PROCESSING_LEVEL", "EXT_POS_LIST", "PRODUCT_URI"]
)
def test_a_missing_element_that_decides_is_named(real_data: Path, tmp_path: Path, tag: str) -> None:
    with pytest.raises(InputError, match=f"has no element {tag}"):
        read(without(metadata_file(real_data, "05.09").read_text(), tag), tmp_path)


class TestOffsets:
    """Of baseline 04.00 and later a product lists an offset for every band."""

    @pytest.mark.parametrize("baseline", ["04.00", "05.09"])
    def test_without_its_list_a_product_is_refused_with_the_mend(
        self, real_data: Path, tmp_path: Path, baseline: str
    ) -> None:
        text = without(metadata_file(real_data, baseline).read_text(), "BOA_ADD_OFFSET_VALUES_LIST")
        with pytest.raises(InputError, match=f"baseline {baseline} but lists no BOA_ADD_OFFSET.*source.offset: -1000"):
            read(text, tmp_path)

    @pytest.mark.parametrize("offset", [-1000, 0])
    def test_the_configured_offset_stands_in(self, real_data: Path, tmp_path: Path, offset: int) -> None:
        text = without(metadata_file(real_data, "05.09").read_text(), "BOA_ADD_OFFSET_VALUES_LIST")
        assert read(text, tmp_path, offset).offsets == dict.fromkeys(BANDS, offset)

    def test_a_list_goes_before_the_configured_offset(self, real_data: Path, tmp_path: Path) -> None:
        assert read(metadata_file(real_data, "05.09").read_text(), tmp_path, 0).offset == -1000

    def test_a_band_that_the_list_lacks_is_named(self, real_data: Path, tmp_path: Path) -> None:
        text = re.sub(
            r'<BOA_ADD_OFFSET band_id="11">[^<]*</BOA_ADD_OFFSET>', "", metadata_file(real_data, "05.09").read_text()
        )
        with pytest.raises(InputError, match="lists no BOA_ADD_OFFSET of B11"):
            read(text, tmp_path)

    @pytest.mark.parametrize("number", ["13", "-1", "", "B02", "1.0"])
    def test_an_unknown_band_is_refused(self, real_data: Path, tmp_path: Path, number: str) -> None:
        text = metadata_file(real_data, "05.09").read_text()
        with pytest.raises(InputError, match="band_id"):
            read(text.replace('<BOA_ADD_OFFSET band_id="3">', f'<BOA_ADD_OFFSET band_id="{number}">'), tmp_path)

    def test_two_values_of_one_band_are_refused(self, real_data: Path, tmp_path: Path) -> None:
        text = metadata_file(real_data, "05.09").read_text()
        with pytest.raises(InputError, match="has two values"):
            read(text.replace('<BOA_ADD_OFFSET band_id="3">-1000', '<BOA_ADD_OFFSET band_id="4">-900'), tmp_path)

    def test_before_it_there_is_none(self, real_data: Path) -> None:
        assert read_metadata(metadata_file(real_data, "03.01")).offsets == dict.fromkeys(BANDS, 0)


@pytest.mark.parametrize("value", [*ABSURD, "0", "144", "-5"])
def test_the_orbit_decides_nothing_so_the_name_stands_in(real_data: Path, tmp_path: Path, value: str) -> None:
    metadata = read(replaced(metadata_file(real_data, "05.09").read_text(), "SENSING_ORBIT_NUMBER", value), tmp_path)
    assert metadata.orbit == 73
    assert math.isfinite(metadata.orbit)


def test_images_of_unknown_bands_are_nobodys_business() -> None:
    files = ("G/IMG_DATA/T32UPU_20220101T101010_B02", "G/IMG_DATA/T32UPU_20220101T101010_B99", "G/IMG_DATA/x_TCI")
    assert layer_files(files) == {"B02": "G/IMG_DATA/T32UPU_20220101T101010_B02"}
