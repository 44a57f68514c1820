"""Masks made elsewhere: values, bits and probabilities, on the scene's grid and on any other."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.windows import Window

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.steps.mask import mask_scenes
from scenes.rasters.made import JUNE, source, write

SHAPE = (40, 50)
INNER = Window(10, 5, 30, 20)


class Parcels:
    """Stands for the coverage: the window over the parcels."""

    def __init__(self, window: Window) -> None:
        self.of = window

    def window(self, band: str) -> Window:  # noqa: ARG002
        return self.of


def masked(folder: Path, window: Window = INNER, **step: Any) -> Any:
    """(scene, y, x) what a step masks of two scenes, of 3 and 13 June."""
    rng = np.random.default_rng(0)
    for day in ("03", "13"):
        file = folder / "store" / f"202206{day}.tif"
        write(file, rng.integers(1, 9000, SHAPE).astype("uint16"))
    archive = source(folder / "store", "{time:%Y%m%d}.tif", bands=["B04"])
    index = fetch_month(archive, "grid", "L2A", "2022-06", *JUNE)
    given = {"folder": folder / "masks", "pattern": "{time:%Y%m%d}_qai.tif", **step}
    made = mask_scenes(index, Mask(method="raster", **given), Parcels(window), archive.store, folder / "out")
    layers = []
    for name in made["mask"]:
        with rasterio.open(folder / "out" / name) as image:
            layers.append(image.read(1).astype(bool))
    return np.stack(layers)


def masks(folder: Path, dtype: str = "uint16", **more: Any) -> np.ndarray:
    """Two masks of random numbers below 16; returns (scene, y, x)."""
    layers = np.random.default_rng(1).integers(0, 16, (2, *SHAPE)).astype(dtype)
    for layer, day in zip(layers, ("03", "13"), strict=True):
        write(folder / "masks" / f"202206{day}_qai.tif", layer, **more)
    return layers[:, 5:25, 10:40]


def test_values_bits_and_a_threshold_on_the_scenes_own_grid(tmp_path: Path) -> None:
    layers = masks(tmp_path)
    np.testing.assert_array_equal(masked(tmp_path, hide=[3, 9]), (layers == 3) | (layers == 9))
    # FORCE's QAI: bit 0 is no data, bits 1 and 2 are clouds, bit 3 is cloud shadow
    np.testing.assert_array_equal(masked(tmp_path, bits=[1, 3]), (layers & 0b1010) > 0)
    np.testing.assert_array_equal(masked(tmp_path, above=7.5), layers > 7.5)
    np.testing.assert_array_equal(masked(tmp_path, hide=[0], above=14), (layers == 0) | (layers > 14))


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:3035"])
def test_another_grid_is_read_by_the_nearest_pixel(tmp_path: Path, crs: str) -> None:
    """Compared with a look-up of every pixel's centre."""
    x, y = Transformer.from_crs("EPSG:32633", crs, always_xy=True).transform(500000.0, 5100000.0)
    affine = Affine(23, 0, x - 371.3, 0, -23, y + 388.7)
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 4, (60, 60)).astype("uint8")
    for day in ("03", "13"):
        file = tmp_path / "masks" / f"202206{day}_qai.tif"
        file.parent.mkdir(exist_ok=True)
        with rasterio.open(
            file, "w", driver="GTiff", width=60, height=60, count=1, dtype="uint8", crs=crs, transform=affine
        ) as image:
            image.write(coarse, 1)
    rows, columns = np.indices((20, 30)) + 0.5
    there = Transformer.from_crs("EPSG:32633", crs, always_xy=True).transform(
        500000 + (columns + 10) * 10, 5100000 - (rows + 5) * 10
    )
    x, y = there
    column, row = (x - affine.c) / 23, (affine.f - y) / 23
    expected = coarse[np.floor(row).astype(int), np.floor(column).astype(int)] == 2
    assert 0.1 < expected.mean() < 0.4
    np.testing.assert_array_equal(masked(tmp_path, hide=[2])[0], expected)


def test_what_is_hidden_grows_after_it_is_brought_to_the_grid(tmp_path: Path) -> None:
    layer = np.zeros(SHAPE, np.uint8)
    layer[15, 25] = 1
    layer[15, 44] = 1  # beyond the window, whose last column is 39
    for day in ("03", "13"):
        write(tmp_path / "masks" / f"202206{day}_qai.tif", layer)
    y, x = np.indices(SHAPE)
    expected = (np.hypot(y - 15, x - 25) <= 5) | (np.hypot(y - 15, x - 44) <= 5)
    np.testing.assert_array_equal(masked(tmp_path, hide=[1], dilate=50)[0], expected[5:25, 10:40])


def test_metres_are_metres_on_a_grid_in_degrees(tmp_path: Path) -> None:
    layer = np.zeros(SHAPE, np.uint8)
    layer[15, 25] = 1
    pixel = 10 / 111195  # 10 m of latitude; the grid begins at 45.8 degrees north, put there by hand
    for day in ("03", "13"):
        write(tmp_path / "masks" / f"202206{day}_qai.tif", layer, crs="EPSG:4326", pixel=pixel, left=15.0, top=45.8)
        write(tmp_path / "store" / f"202206{day}.tif", layer.astype("uint16") + 1, crs="EPSG:4326", pixel=pixel,
              left=15.0, top=45.8)  # fmt: skip
    archive = source(tmp_path / "store", "{time:%Y%m%d}.tif", bands=["B04"])
    index = fetch_month(archive, "grid", "L2A", "2022-06", *JUNE)
    step = Mask(method="raster", folder=tmp_path / "masks", pattern="{time:%Y%m%d}_qai.tif", hide=[1], dilate=50.5)
    made = mask_scenes(index, step, Parcels(Window(0, 0, 50, 40)), archive.store, tmp_path / "out")
    with rasterio.open(tmp_path / "out" / made["mask"][0]) as image:
        got = image.read(1).astype(bool)
    y, x = np.indices(SHAPE)
    np.testing.assert_array_equal(got, np.hypot((y - 15) * 10, (x - 25) * 10 * np.cos(np.radians(45.798))) <= 50.5)


def test_where_the_mask_has_no_data_or_ends(tmp_path: Path) -> None:
    masks(tmp_path, nodata=5)
    layers = masks(tmp_path, nodata=5)
    np.testing.assert_array_equal(masked(tmp_path, hide=[3]), (layers == 3) | (layers == 5))
    np.testing.assert_array_equal(masked(tmp_path, hide=[3], nodata="clear"), layers == 3)
    masks(tmp_path, left=500200.0)  # begins 20 columns later: 10 in the window
    got = masked(tmp_path, hide=[99])
    assert got[:, :, :10].all()
    assert not got[:, :, 10:].any()
    assert not masked(tmp_path, hide=[99], nodata="clear").any()


def test_a_scene_without_a_mask_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    layers = masks(tmp_path)
    (tmp_path / "masks" / "20220613_qai.tif").unlink()
    with pytest.raises(InputError, match=r"scene L2A_grid_20220613T000000: there is no mask .*masks/20220613_qai.tif"):
        masked(tmp_path, hide=[3])
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        got = masked(tmp_path, hide=[3], missing="clear")
        assert not got[1].any()
        np.testing.assert_array_equal(got[0], layers[0] == 3)
        assert masked(tmp_path, hide=[3], missing="hide")[1].all()
    assert "20220613_qai.tif; the whole scene counts as masked" in caplog.text


def test_what_is_wrong_with_a_mask_is_one_sentence(tmp_path: Path) -> None:
    masks(tmp_path, dtype="float32")
    with pytest.raises(InputError, match="float32, which have no bits"):
        masked(tmp_path, bits=[1])
    with pytest.raises(InputError, match="has 1 bands and no number 2; correct the key band"):
        masked(tmp_path, hide=[1], band=2)
    write(tmp_path / "masks" / "20220603_qai_2.tif", np.zeros(SHAPE, np.uint8))
    with pytest.raises(InputError, match=r"20220603_qai.tif and .*20220603_qai_2.tif both fit"):
        masked(tmp_path, hide=[1], pattern="{time:%Y%m%d}_*.tif")
    (tmp_path / "masks" / "20220603_qai.tif").write_bytes(b"no raster")
    with pytest.raises(InputError, match=r"20220603_qai.tif: is no raster, or is truncated"):
        masked(tmp_path, hide=[1])
