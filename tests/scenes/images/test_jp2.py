from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from cloudrobust.errors import InputError
from cloudrobust.scenes.images.jp2 import read_geobox, read_window, write_image

ODD = Affine(9.99479222007154, 0.0, 465181.0522318204, 0.0, -9.997448467363668, 5080254.63349641)


@pytest.fixture(scope="module")
def tiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.uint16]]:
    """An image of 2 x 3 codestream tiles of 1024 pixels, as ESA's images have many."""
    pixels = np.random.default_rng(0).integers(1, 9000, (1030, 2060), dtype=np.uint16)
    path = tmp_path_factory.mktemp("jp2") / "tiled.jp2"
    write_image(path, pixels, GeoBox(pixels.shape, ODD, "EPSG:32633"))
    return path, pixels


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_every_number_and_the_whole_affine_come_back(tmp_path: Path, dtype: str) -> None:
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (101, 100), dtype=dtype, endpoint=True)
    geobox = GeoBox(pixels.shape, ODD, "EPSG:32633")
    write_image(tmp_path / "x.jp2", pixels, geobox)
    read = read_window(tmp_path / "x.jp2", "scene")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, pixels)
    assert tuple(read_geobox(tmp_path / "x.jp2", "scene").affine) == tuple(ODD)
    assert read_geobox(tmp_path / "x.jp2", "scene") == geobox
    assert [file.name for file in tmp_path.iterdir()] == ["x.jp2"]


def test_window_may_cross_tiles_of_the_codestream(tiled: tuple[Path, NDArray[np.uint16]]) -> None:
    path, pixels = tiled
    read = read_window(path, "scene", Window.from_slices((1000, 1030), (2000, 2060)))
    np.testing.assert_array_equal(read, pixels[1000:1030, 2000:2060])


def test_threads_of_the_caller_read_the_same(tiled: tuple[Path, NDArray[np.uint16]]) -> None:
    path, pixels = tiled
    windows = [Window(col, 0, 300, 1030) for col in range(0, 1500, 300)]
    with ThreadPoolExecutor(3) as pool:
        for window, read in zip(windows, pool.map(lambda w: read_window(path, "scene", w), windows), strict=True):
            np.testing.assert_array_equal(read, pixels[:, window.col_off : window.col_off + 300])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize("in_thread", [False, True])
def test_truncated_image_never_reads_as_data(
    tiled: tuple[Path, NDArray[np.uint16]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    in_thread: bool,
) -> None:
    monkeypatch.setenv("GDAL_NUM_THREADS", "ALL_CPUS")
    content = tiled[0].read_bytes()
    cut = tmp_path / "cut.jp2"
    cut.write_bytes(content[: int(len(content) * share)])
    with rasterio.Env(GDAL_NUM_THREADS="2"), ThreadPoolExecutor(1) as pool:
        # what GDAL does by itself, and the reason for this test: it hands out an array
        with rasterio.open(cut) as image:
            assert (image.read(1) == 0).any()
        with pytest.raises(InputError, match=r"cut\.jp2: is truncated or corrupt; fetch the scene S2X again"):
            pool.submit(read_window, cut, "S2X").result() if in_thread else read_window(cut, "S2X")


def test_other_formats_and_images_without_place_are_refused(tmp_path: Path) -> None:
    tiff = tmp_path / "x.jp2"
    profile = {"width": 4, "height": 4, "count": 1, "dtype": "uint8"}
    with rasterio.open(tiff, "w", driver="GTiff", crs="EPSG:32633", transform=ODD, **profile) as image:
        image.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"x\.jp2: is truncated or corrupt"):
        read_window(tiff, "scene")
    with rasterio.open(tmp_path / "y.jp2", "w", driver="JP2OpenJPEG", transform=ODD, **profile) as image:
        image.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"y\.jp2: has no georeferencing"):
        read_geobox(tmp_path / "y.jp2", "scene")
