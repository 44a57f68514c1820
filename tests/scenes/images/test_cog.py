from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from cloudrobust.scenes.failures import Trouble
from cloudrobust.scenes.images import cog
from cloudrobust.scenes.images.cog import NotTiled, TiledImage

SHAPE = (300, 260)
AFFINE = Affine(10, 0, 648000, 0, -10, 5364000)
TILED = {"driver": "GTiff", "tiled": True, "blockxsize": 64, "blockysize": 32}
VARIANTS: dict[str, dict[str, Any]] = {
    "cog deflate": {"driver": "COG", "compress": "DEFLATE", "predictor": 2, "blocksize": 128},
    "cog zstd": {"driver": "COG", "compress": "ZSTD", "blocksize": 128},
    "big endian lzw": {**TILED, "compress": "LZW", "ENDIANNESS": "BIG"},
    "bigtiff": {**TILED, "BIGTIFF": "YES", "compress": "DEFLATE"},
    "big endian bigtiff": {**TILED, "BIGTIFF": "YES", "ENDIANNESS": "BIG"},
    "not compressed": TILED,
    "tiles left out": {**TILED, "SPARSE_OK": True},
}


def write(path: Path, pixels: np.ndarray, **options: Any) -> bytes:
    with rasterio.open(
        path, "w", width=SHAPE[1], height=SHAPE[0], count=1, dtype=pixels.dtype, crs="EPSG:32632",
        **{"transform": AFFINE, **options},
    ) as image:  # fmt: skip
        image.write(pixels, 1)
    return path.read_bytes()


def reader(content: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: content[offset : offset + length]


@pytest.fixture
def pixels() -> np.ndarray:
    values = np.random.default_rng(0).integers(1, 4000, SHAPE, dtype=np.uint16)
    values[:64, :64] = 0  # whole tiles of no data
    return values


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("window", [Window(0, 0, 260, 300), Window(70, 130, 50, 100), Window(259, 299, 1, 1)])
def test_a_window_cut_out_without_decoding_reads_like_the_original(
    tmp_path: Path, pixels: np.ndarray, variant: str, window: Window
) -> None:
    content = write(tmp_path / "image.tif", pixels, **VARIANTS[variant])
    image = TiledImage.parse(reader(content))
    plan = image.plan(window)
    cut = tmp_path / "cut.tif"
    cut.write_bytes(plan.header + b"".join(content[start : start + length] for start, length in plan.ranges))
    taken = plan.window
    assert taken.col_off <= window.col_off
    assert taken.row_off <= window.row_off
    with rasterio.open(cut) as result:
        rows, columns = taken.toslices()
        np.testing.assert_array_equal(result.read(1), pixels[rows, columns])
        assert result.transform == AFFINE @ Affine.translation(taken.col_off, taken.row_off)
        assert result.crs == "EPSG:32632"
    with rasterio.open(tmp_path / "image.tif") as original:
        assert (image.geobox.shape, image.geobox.affine) == (original.shape, original.transform)


def test_a_small_window_takes_few_bytes(tmp_path: Path, pixels: np.ndarray) -> None:
    content = write(tmp_path / "image.tif", pixels, **VARIANTS["not compressed"])
    plan = TiledImage.parse(reader(content)).plan(Window(70, 130, 10, 10))
    assert plan.bytes == 64 * 32 * 2
    assert plan.window == Window(64, 128, 64, 32)


def test_a_rotated_grid_stays_where_it_was(tmp_path: Path, pixels: np.ndarray) -> None:
    rotated = AFFINE @ Affine.rotation(20)
    content = write(tmp_path / "image.tif", pixels, **TILED, transform=rotated)
    plan = TiledImage.parse(reader(content)).plan(Window(70, 130, 10, 10))
    (tmp_path / "cut.tif").write_bytes(plan.header + b"".join(content[s : s + n] for s, n in plan.ranges))
    with rasterio.open(tmp_path / "cut.tif") as result:
        assert result.transform.almost_equals(rotated @ Affine.translation(64, 128), 1e-6)


def test_far_apart_tiles_are_ranges_of_their_own(
    tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write(tmp_path / "image.tif", pixels, **TILED)
    monkeypatch.setattr(cog, "GAP", 100)
    plan = TiledImage.parse(reader(content)).plan(Window(70, 100, 10, 60))
    assert len(plan.ranges) == 2  # two rows of tiles
    (tmp_path / "cut.tif").write_bytes(plan.header + b"".join(content[s : s + n] for s, n in plan.ranges))
    with rasterio.open(tmp_path / "cut.tif") as result:
        rows, columns = plan.window.toslices()
        np.testing.assert_array_equal(result.read(1), pixels[rows, columns])


@pytest.mark.parametrize("options", [{"driver": "GTiff", "tiled": False}, {"driver": "JP2OpenJPEG"}])
def test_other_images_are_told_apart(tmp_path: Path, pixels: np.ndarray, options: dict[str, Any]) -> None:
    content = write(tmp_path / "image", pixels, **options)
    with pytest.raises(NotTiled):
        TiledImage.parse(reader(content))


@pytest.mark.parametrize("content", [b"", b"<html>Sorry</html>", b"II*\0", b"II*\0\xff\xff\xff\x7f" + b"\0" * 20])
def test_what_is_no_image_is_trouble(content: bytes) -> None:
    with pytest.raises(Trouble):
        TiledImage.parse(reader(content))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(cut=st.integers(0, 700), place=st.integers(0, 699), byte=st.integers(0, 255))
def test_a_damaged_header_never_crashes(damaged_header: bytes, cut: int, place: int, byte: int) -> None:
    content = bytearray(damaged_header[: len(damaged_header) - cut])
    if place < len(content):
        content[place] = byte
    with suppress(Trouble, NotTiled):
        image = TiledImage.parse(reader(bytes(content)))
        height, width = image.shape
        _ = image.geobox
        image.plan(Window(0, 0, min(width, 10), min(height, 10)))


@pytest.fixture(scope="module")
def damaged_header(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("cog") / "image.tif"
    return write(path, np.ones(SHAPE, np.uint16), **VARIANTS["cog deflate"])[:1500]


def test_a_window_beyond_the_image_is_a_mistake(tmp_path: Path, pixels: np.ndarray) -> None:
    image = TiledImage.parse(reader(write(tmp_path / "image.tif", pixels, **TILED)))
    with pytest.raises(ValueError, match="no part of an image"):
        image.plan(Window(0, 0, 400, 10))
