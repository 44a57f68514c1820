"""How masks grow, combine and hide: on cubes of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from rasterio.windows import Window

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.steps import apply
from cloudrobust.steps.mask import _widened, grown


def pixels(**layers: np.ndarray) -> xr.Dataset:
    """Two dates of 20 m pixels with reflectance 0.3 in three bands and further layers (time, y, x)."""
    shape = next(iter(layers.values())).shape if layers else (2, 4, 5)
    return xr.Dataset(
        {
            "reflectance": (
                ("time", "band", "y", "x"),
                np.full((shape[0], 3, *shape[1:]), 0.3, np.float32),
                {"units": "1"},
            ),
            "observed": (("time", "y", "x"), np.ones(shape, np.int8), {"flag_meanings": "missing measured"}),
            **{name: (("time", "y", "x"), layer) for name, layer in layers.items()},
        },
        coords={
            "time": np.array(["2022-05-01", "2022-05-06"], "datetime64[ns]")[: shape[0]],
            "band": ["B03", "B8A", "B11"],
            "y": np.arange(shape[1]) * -20.0,
            "x": np.arange(shape[2]) * 20.0,
        },
        attrs={"level": "L2A"},
    )


def scl(rows: list[list[int]]) -> xr.Dataset:
    return pixels(classification=np.array([rows], np.uint8))


def masked(cube: xr.Dataset, **step: Any) -> np.ndarray:
    """(y, x) of the first date: where reflectance is missing in every band; it must be so in all or none."""
    result = apply(cube, {"do": "mask", **step})
    missing = np.isnan(result["reflectance"].values[0])
    assert (missing == missing[0]).all()
    assert ((result["observed"].values[0] == 0) == missing[0]).all()
    return missing[0]


def test_exactly_the_listed_classes_are_masked() -> None:
    cube = scl([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
    assert cube["classification"].values[0][~masked(cube)].tolist() == [2, 4, 5, 6, 7]
    assert cube["classification"].values[0][~masked(cube, classes=[8, 9])].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]


def test_dilation_grows_by_metres_on_every_side() -> None:
    layer = np.zeros((11, 11), dtype=bool)
    layer[5, 5] = True
    rows, columns = np.nonzero(grown(layer, Mask(dilate=40), (20.0, 20.0)))
    distance = np.hypot(rows - 5, columns - 5) * 20
    assert len(rows) == 13
    assert distance.max() == 40
    oblong = grown(layer, Mask(dilate=40), (40.0, 20.0))
    assert (oblong[:, 5].sum(), oblong[5].sum()) == (3, 5)


def test_no_cloud_masks_nothing_and_all_cloud_masks_all() -> None:
    assert not masked(scl([[4] * 4] * 4), dilate=100).any()
    assert masked(scl([[9] * 4] * 4), dilate=100).all()


def test_a_cloud_just_outside_the_window_still_reaches_in() -> None:
    wide, inner = _widened(Window(10, 20, 30, 40), 50.0, (20.0, 20.0), [Window(0, 0, 42, 100)])
    assert (wide.col_off, wide.row_off, wide.width, wide.height) == (7, 17, 35, 46)
    assert np.zeros((46, 35))[inner].shape == (40, 30)


def test_the_view_ends_where_the_store_has_kept_no_pixels() -> None:
    limits = [Window(0, 0, 100, 100), Window(9, 18, 40, 50)]
    wide, inner = _widened(Window(10, 20, 30, 40), 500.0, (20.0, 20.0), limits)
    assert (wide.col_off, wide.row_off, wide.width, wide.height) == (9, 18, 40, 50)
    assert np.zeros((50, 40))[inner].shape == (40, 30)


def test_masking_everything_gives_missing_values_and_never_zero() -> None:
    cube = pixels(classification=np.full((2, 4, 5), 9, np.uint8))
    result = apply(cube, {"do": "mask"})
    assert np.isnan(result["reflectance"]).all()
    assert (result["observed"] == 0).all()
    assert np.isnan(result["filled_fraction"]).all()


def test_units_names_and_flags_are_kept() -> None:
    cube = pixels(classification=np.full((2, 4, 5), 4, np.uint8))
    result = apply(cube, {"do": "mask"})
    assert result["reflectance"].attrs == cube["reflectance"].attrs
    assert result["observed"].attrs == cube["observed"].attrs
    assert result["reflectance"].dims == cube["reflectance"].dims
    xr.testing.assert_equal(result["reflectance"], cube["reflectance"])


def test_methods_combine_by_any_and_by_all() -> None:
    layers = {"classification": np.array([[[4, 9, 4, 9]]], np.uint8), "cloud_probability": np.array([[[0, 0, 90, 90]]])}
    assert masked(pixels(**layers), methods=["scl", "probability"]).tolist() == [[False, True, True, True]]
    assert masked(pixels(**layers), methods=["scl", "probability"], combine="all").tolist() == [
        [False, False, False, True]
    ]


def test_a_method_grows_by_itself_and_the_whole_mask_after_it() -> None:
    layers = {"classification": np.array([[[9, 4, 4, 4, 4]]], np.uint8), "cloud_probability": np.zeros((1, 1, 5))}
    methods = [{"do": "scl", "dilate": 20}, {"do": "probability", "dilate": 100}]
    assert masked(pixels(**layers), methods=methods).tolist() == [[True, True, False, False, False]]
    assert masked(pixels(**layers), methods=methods, dilate=40).tolist() == [[True, True, True, True, False]]


def test_esas_probability_is_compared_in_shares_and_says_nothing_without_data() -> None:
    layers = {"classification": np.array([[[4, 4, 4, 0]]], np.uint8), "cloud_probability": np.array([[[0, 40, 41, 0]]])}
    step = {"methods": [{"do": "probability", "threshold": 0.4}]}
    assert masked(pixels(**layers), **step).tolist() == [[False, False, True, True]]
    # unknown is masked however methods combine, and does not grow
    both = {"methods": ["scl", "probability"], "combine": "all", "dilate": 20}
    layers["cloud_probability"][:] = 0
    assert masked(pixels(**layers), **both).tolist() == [[False, False, False, True]]


def test_snow_by_class_and_by_index() -> None:
    cube = scl([[4, 11, 9]])
    assert masked(cube, method="snow").tolist() == [[False, True, False]]
    # grass, snow, water: only snow is bright in the green and near infrared and dark in the short waves
    cube["reflectance"][0] = np.array([[0.08, 0.7, 0.06], [0.4, 0.7, 0.02], [0.2, 0.1, 0.01]])[:, None, :]
    assert masked(cube, methods=[{"do": "snow", "by": "ndsi"}]).tolist() == [[False, True, False]]
    assert masked(cube, methods=[{"do": "snow", "by": "ndsi", "near_infrared": 0.01}]).tolist() == [[False, True, True]]


def test_a_projected_shadow_lies_away_from_the_sun() -> None:
    classes = np.full((1, 41, 41), 4, np.uint8)
    classes[0, 20, 20] = 9
    # B8A is dark everywhere but in the west
    for azimuth, row, column in ((180.0, -1, 0), (0.0, 1, 0), (90.0, 0, -1), (270.0, 0, 1), (135.0, -1, -1)):
        cube = pixels(classification=classes)
        cube["reflectance"][:] = 0.05
        cube["sun_zenith"], cube["sun_azimuth"] = ("time", [45.0]), ("time", [azimuth])
        clouds = [{"do": "scl", "classes": [9]}]
        shadow = {"do": "shadow", "by": "projection", "clouds": clouds, "heights": [100, 300]}
        rows, columns = np.nonzero(masked(cube, methods=[shadow]))
        away = np.hypot(rows - 20, columns - 20) * 20
        assert away.min() >= 100 - 15
        assert away.max() <= 300 + 15
        assert np.abs((rows - 20) * column - (columns - 20) * row).max() <= 1  # on a line
        assert ((rows - 20) * row + (columns - 20) * column > 0).all()


def test_projected_shadow_equals_a_pixel_by_pixel_search() -> None:
    from cloudrobust.steps.masks.shadow import swept

    rng = np.random.default_rng(0)
    cloud = rng.random((40, 50)) < 0.01
    zenith, azimuth, heights, pixel = 38.0, 152.0, (200.0, 700.0), (20.0, 10.0)
    expected = np.zeros_like(cloud)
    for row, column in zip(*np.nonzero(cloud), strict=True):
        for height in np.arange(heights[0], heights[1] + 0.5, 0.5):
            away = height * np.tan(np.radians(zenith))
            to_row = row + round(away * np.cos(np.radians(azimuth)) / pixel[0])
            to_column = column - round(away * np.sin(np.radians(azimuth)) / pixel[1])
            if 0 <= to_row < 40 and 0 <= to_column < 50:
                expected[to_row, to_column] = True
    got = swept(cloud, zenith, azimuth, heights, pixel)
    # steps of half a metre may miss a pixel of which the path only touches a corner
    assert not (expected & ~got).any()
    assert (got & ~expected).sum() <= 0.02 * expected.sum()


def test_bright_pixels_are_no_shadow_unless_darkness_does_not_matter() -> None:
    classes = np.array([[[4, 4, 4, 4, 9]]], np.uint8)
    cube = pixels(classification=classes)
    cube["reflectance"][:, 1] = np.array([0.4, 0.05, 0.4, 0.05, 0.9])
    cube["sun_zenith"], cube["sun_azimuth"] = ("time", [45.0]), ("time", [90.0])
    shadow = {"do": "shadow", "by": "projection", "clouds": ["scl"], "heights": [0, 60]}
    assert masked(cube, methods=[shadow]).tolist() == [[False, True, False, True, False]]
    assert masked(cube, methods=[shadow | {"dark": None}]).tolist() == [[False, True, True, True, False]]


def test_cloudless_masks_a_cube_of_level_1c_pixels(real_data) -> None:
    from cloudrobust.scenes.bands import BANDS

    from .test_cloudless import BANDS as TEN
    from .test_cloudless import S2PixelCloudDetector, real_bands

    bands, _ = real_bands(real_data)
    cube = xr.Dataset(
        {"reflectance": (("time", "band", "y", "x"), np.moveaxis(bands, 1, 0) / 10000.0)},
        coords={
            "time": np.arange("2015-07-01", "2015-07-06", dtype="datetime64[D]").astype("datetime64[ns]"),
            "band": list(TEN),
            "y": np.arange(101) * -10.0,
            "x": np.arange(100) * 10.0,
        },
        attrs={"level": "L1C"},
    )
    step = {"do": "mask", "methods": [{"do": "s2cloudless", "average": 220, "dilate": 110}]}
    result = apply(cube, step)["reflectance"]
    package = S2PixelCloudDetector(average_over=22, dilation_size=11)
    spectra = np.moveaxis(bands / np.float32(10000), 0, -1).astype(np.float32)
    expected = package.get_cloud_masks(spectra).astype(bool)
    np.testing.assert_array_equal(np.isnan(result.values).all(axis=1), expected)
    assert set(TEN) <= set(BANDS)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"method": "scl"}, "the cube has no variable 'classification'"),
        ({"method": "probability"}, "the cube has no variable 'cloud_probability'"),
        ({"method": "s2cloudless"}, "needs L1C, and the cube is of L2A"),
        ({"methods": [{"do": "snow", "by": "ndsi"}]}, "needs band B11, which the cube lacks"),
        (
            {"methods": [{"do": "shadow", "by": "projection", "clouds": ["scl"]}]},
            "the cube has no variable 'classification'",
        ),
        ({"method": "parcel"}, "the cube has no parcels"),
    ],
)
def test_a_mask_that_the_cube_does_not_have_is_one_sentence(step: dict, sentence: str) -> None:
    cube = pixels().isel(band=[0, 1])
    with pytest.raises(InputError, match=sentence):
        apply(cube, {"do": "mask", **step})


def test_a_series_of_parcels_cannot_be_masked_by_pixels() -> None:
    with pytest.raises(InputError, match="mask pixels before they are averaged"):
        apply(xr.Dataset({"reflectance": (("parcel", "time", "band"), np.zeros((1, 1, 1)))}), Mask())
