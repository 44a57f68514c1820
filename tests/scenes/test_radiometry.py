from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cloudrobust.scenes.radiometry import encode, harmonise, looks_already_shifted, offset_of, to_reflectance

from .real_scenes import read_slovenia, slovenia_files


def test_offset_is_added_but_never_to_nodata_or_saturation() -> None:
    raw = np.array([[0, 1, 1000, 1001, 11000, 65534, 65535]], np.uint16)
    dn = harmonise(raw, -1000)
    assert dn.dtype == np.int32
    assert dn.mask.tolist() == [[True, False, False, False, False, False, True]]
    assert dn.compressed().tolist() == [-999, 0, 1, 10000, 64534]
    assert dn.data[0, 0] == 0


def test_old_baseline_is_left_as_it_is() -> None:
    assert harmonise(np.array([0, 1, 65534], np.uint16), 0).compressed().tolist() == [1, 65534]


def test_other_quantification_is_brought_to_ten_thousand() -> None:
    assert harmonise(np.array([1500, 500], np.uint16), -1000, 1000).compressed().tolist() == [5000, -5000]


def test_reflectance_is_signed_and_nan_where_masked() -> None:
    reflectance = to_reflectance(harmonise(np.array([0, 500, 6000, 65535], np.uint16), -1000))
    assert reflectance.dtype == np.float32
    np.testing.assert_array_equal(reflectance, np.array([np.nan, -0.05, 0.5, np.nan], np.float32))


def test_plain_array_has_no_missing_reflectance() -> None:
    np.testing.assert_array_equal(to_reflectance(np.array([-100, 10000])), np.array([-0.01, 1.0], np.float32))


@pytest.mark.parametrize("offset", [0, -1000])
def test_encode_and_harmonise_are_inverse_on_every_number_that_fits(offset: int) -> None:
    dn = np.arange(1 + offset, 65535 + offset, dtype=np.int32)
    raw = encode(dn, offset)
    assert raw.dtype == np.uint16
    assert (raw[0], raw[-1]) == (1, 65534)
    back = harmonise(raw, offset)
    assert not back.mask.any()
    np.testing.assert_array_equal(back.data, dn)


def test_encode_clips_and_writes_zero_only_where_nothing_was_measured() -> None:
    dn = np.ma.MaskedArray(np.array([-5000, 0, 70000, 1234, 1234]), mask=[False, False, False, True, False])
    nodata = np.array([False, False, False, False, True])
    assert encode(dn, -1000, nodata).tolist() == [1, 1000, 65534, 0, 0]
    assert encode(np.array([0, -3], np.int16), 0).tolist() == [1, 1]


def test_encode_of_unsigned_numbers_does_not_wrap() -> None:
    assert encode(np.array([65000], np.uint16), -1000).tolist() == [65534]


def test_encode_wants_integers() -> None:
    with pytest.raises(TypeError, match="float64"):
        encode(np.array([0.25]), 0)


def test_offset_follows_the_baseline_not_the_date() -> None:
    assert [offset_of(b) for b in ("02.04", "03.01", "04.00", "05.00", "05.09", "05.11")] == [0, 0, *[-1000] * 4]


def test_shifted_numbers_are_recognised_among_raw_ones() -> None:
    generator = np.random.default_rng(0)
    reflectance = generator.normal(700, 200, (200, 200)).clip(50)
    still_raw = (reflectance + 1000).astype(np.uint16)
    shifted = reflectance.astype(np.uint16)
    assert not looks_already_shifted(still_raw)
    assert looks_already_shifted(shifted)


def test_nodata_and_saturation_tell_nothing_about_a_shift() -> None:
    raw = np.array([0] * 99 + [65535] * 50 + [1500], np.uint16)
    assert not looks_already_shifted(raw)
    assert not looks_already_shifted(np.zeros(4, np.uint16))


def test_real_scenes_are_told_apart_save_for_a_closed_cloud_deck(real_data: Path) -> None:
    """The files hold numbers without an offset; with 1000 added they are as a new baseline writes them."""
    for path in slovenia_files(real_data):
        _, bands, _ = read_slovenia(path)
        b04 = bands["B04"].filled(0)
        closed_clouds = path.stem == "20150820"  # no red pixel under reflectance 0.115: the caveat
        assert looks_already_shifted(b04) == (not closed_clouds)
        assert not looks_already_shifted(encode(b04, -1000))
