"""Cloud masks by scene classification: the listed classes, grown by metres."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from rasterio.windows import Window

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.steps import apply
from cloudrobust.steps.mask import _widened, is_masked


def test_exactly_the_listed_classes_are_masked() -> None:
    classification = np.arange(12, dtype=np.uint8).reshape(3, 4)
    masked = is_masked(classification, Mask(), (20.0, 20.0))
    assert classification[~masked].tolist() == [2, 4, 5, 6, 7]


def test_dilation_grows_by_metres_on_every_side() -> None:
    classification = np.full((11, 11), 4, dtype=np.uint8)
    classification[5, 5] = 9
    masked = is_masked(classification, Mask(dilate=40), (20.0, 20.0))
    rows, columns = np.nonzero(masked)
    distance = np.hypot(rows - 5, columns - 5) * 20
    assert masked.sum() == 13
    assert distance.max() == 40
    oblong = is_masked(classification, Mask(dilate=40), (40.0, 20.0))
    assert (oblong[:, 5].sum(), oblong[5].sum()) == (3, 5)


def test_no_cloud_masks_nothing_and_all_cloud_masks_all() -> None:
    assert not is_masked(np.full((4, 4), 4, np.uint8), Mask(dilate=100), (20.0, 20.0)).any()
    assert is_masked(np.full((4, 4), 9, np.uint8), Mask(dilate=100), (20.0, 20.0)).all()


def test_a_cloud_just_outside_the_window_still_reaches_in() -> None:
    wide, inner = _widened(Window(10, 20, 30, 40), 50.0, (20.0, 20.0), (100, 42))
    assert (wide.col_off, wide.row_off, wide.width, wide.height) == (7, 17, 35, 46)
    assert np.zeros((46, 35))[inner].shape == (40, 30)


def test_masked_pixels_are_missing_and_never_zero() -> None:
    cube = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), np.full((2, 3, 4, 5), 0.3, np.float32)),
            "classification": (("time", "y", "x"), np.stack([np.full((4, 5), 9), np.full((4, 5), 4)]).astype(np.uint8)),
        },
        coords={"y": np.arange(4) * -20.0, "x": np.arange(5) * 20.0},
    )
    masked = apply(cube, {"do": "mask", "dilate": 20})["reflectance"]
    assert np.isnan(masked.isel(time=0)).all()
    assert (masked.isel(time=1) == np.float32(0.3)).all()


def test_a_series_of_parcels_cannot_be_masked_by_pixels() -> None:
    with pytest.raises(InputError, match="mask pixels before they are averaged"):
        apply(xr.Dataset({"reflectance": (("parcel", "time", "band"), np.zeros((1, 1, 1)))}), Mask())
