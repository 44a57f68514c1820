from __future__ import annotations

import numpy as np
import pytest
import rasterio

from cloudrobust.errors import InputError
from cloudrobust.parcels.masks import SceneMask

LEFT, TOP = 600000.0, 5400000.0


def write_mask(path, masked, geobox, crs="EPSG:32632"):
    height, width = masked.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype="uint8", crs=crs, transform=geobox.affine
    ) as target:
        target.write(masked.astype(np.uint8), 1)
    return path


def test_a_finer_band_takes_the_pixel_it_lies_in(make_geobox, tmp_path):
    masked = np.random.default_rng(0).random((6, 6)) < 0.5
    path = write_mask(tmp_path / "m.tif", masked, make_geobox(6, 6, (20, 20)))
    fine = make_geobox(12, 12)
    found = SceneMask.read(path, fine).on(fine)
    np.testing.assert_array_equal(found, masked.repeat(2, axis=0).repeat(2, axis=1))


def test_a_coarser_band_is_masked_if_any_masked_pixel_lies_in_it(make_geobox, tmp_path):
    masked = np.zeros((12, 12), bool)
    masked[5, 6] = True  # the last row of the first block, the first column of the second
    path = write_mask(tmp_path / "m.tif", masked, make_geobox(12, 12))
    coarse = make_geobox(2, 2, (60, 60))
    np.testing.assert_array_equal(SceneMask.read(path, coarse).on(coarse), [[False, True], [False, False]])


@pytest.mark.parametrize("pixel", [(10, 10), (20, 20), (60, 60), (15, 35), (7.5, 20)])
def test_any_grid_gives_what_a_loop_over_pixels_gives(make_geobox, tmp_path, pixel):
    masked = np.random.default_rng(1).random((30, 30)) < 0.05
    mask_grid = make_geobox(30, 30, (20, 20), left=LEFT - 3, top=TOP + 4)
    path = write_mask(tmp_path / "m.tif", masked, mask_grid)
    target = make_geobox(7, 9, pixel)
    found = SceneMask.read(path, target).on(target)

    def span(start, step, origin):
        """Pixels of 20 m of the mask that decide for a target pixel along one axis."""
        if step > 20:
            return [n for n in range(30) if origin + 20 * n < start + step and origin + 20 * (n + 1) > start]
        return [int((start + step / 2 - origin) // 20)]

    for row in range(7):
        for column in range(9):
            rows, columns = span(row * pixel[1], pixel[1], -4), span(column * pixel[0], pixel[0], -3)
            assert found[row, column] == masked[np.ix_(rows, columns)].any(), (row, column)


def test_a_mask_of_a_window_serves_that_window(make_geobox, tmp_path):
    whole = make_geobox(30, 30, (20, 20))
    masked = np.random.default_rng(2).random((30, 30)) < 0.5
    path = write_mask(tmp_path / "m.tif", masked[6:12, 3:15], whole[6:12, 3:15])
    fine = make_geobox(60, 60)[12:24, 6:30]
    np.testing.assert_array_equal(
        SceneMask.read(path, fine).on(fine), masked[6:12, 3:15].repeat(2, axis=0).repeat(2, axis=1)
    )


def test_ground_without_a_mask_counts_as_masked(make_geobox, tmp_path):
    path = write_mask(tmp_path / "m.tif", np.zeros((2, 2), bool), make_geobox(2, 2))
    ground = make_geobox(3, 4, top=TOP + 10)
    wanted = np.ones((3, 4), bool)
    wanted[1:, :2] = False
    np.testing.assert_array_equal(SceneMask.read(path, ground).on(ground), wanted)


def test_missing_unreadable_and_misplaced_masks_are_told(make_geobox, tmp_path):
    with pytest.raises(InputError, match=r"gone\.tif: there is no such mask; run the mask step again"):
        SceneMask.read(tmp_path / "gone.tif", make_geobox())
    (tmp_path / "broken.tif").write_bytes(b"no raster")
    with pytest.raises(InputError, match=r"broken\.tif: cannot be read as a raster"):
        SceneMask.read(tmp_path / "broken.tif", make_geobox())
    path = write_mask(tmp_path / "other.tif", np.zeros((5, 6), bool), make_geobox(), crs="EPSG:32633")
    with pytest.raises(InputError, match=r"other\.tif: the mask is in EPSG:32633, the scene in EPSG:32632"):
        SceneMask.read(path, make_geobox())
