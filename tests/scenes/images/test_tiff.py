from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox

from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.images.tiff import damage

from ..small_scenes import small_geoboxes

GRID: GeoBox = small_geoboxes()["B02"]
PIXELS = np.random.default_rng(0).normal(2000, 50, GRID.shape).astype(np.uint16)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    geotiff.write(tmp_path / "image.tif", PIXELS, GRID)
    return tmp_path / "image.tif"


def test_what_is_written_is_read(image: Path) -> None:
    np.testing.assert_array_equal(geotiff.read(image), PIXELS)
    seen: list[np.ndarray] = []
    assert geotiff.verify(image, GRID.shape, seen.append) is None
    np.testing.assert_array_equal(np.concatenate(seen), PIXELS[::4])


def test_any_bit_that_is_wrong_in_compressed_pixels_is_noticed(image: Path) -> None:
    """The decoder of GDAL takes most of these for data."""
    content = image.read_bytes()
    unnoticed = 0
    for place in range(len(content) - 5000, len(content) - 10, 250):
        image.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert geotiff.verify(image, GRID.shape) == "is truncated or corrupt"
        try:
            with rasterio.open(image) as source:
                unnoticed += bool((source.read(1) != PIXELS).any())
        except rasterio.errors.RasterioError:
            pass
    assert unnoticed > 0


@pytest.mark.parametrize("kept", [0, 8, 100, 2000, -1])
def test_a_truncated_file_is_noticed(image: Path, kept: int) -> None:
    image.write_bytes(image.read_bytes()[:kept])
    assert geotiff.verify(image, GRID.shape) is not None


@pytest.mark.parametrize("options", [{"predictor": 1}, {"predictor": 2}, {"ENDIANNESS": "BIG", "predictor": 2}])
def test_samples_come_from_every_block_and_from_inside_the_image(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / "image.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=90, count=1, dtype="uint16", tiled=True, blockxsize=32,
        blockysize=32, compress="deflate", crs="EPSG:32632", transform=GRID.affine, **options,
    ) as target:  # fmt: skip
        target.write(PIXELS[:90, :100], 1)
    seen: list[np.ndarray] = []
    assert geotiff.verify(path, (90, 100), seen.append) is None
    assert len(seen) == 12
    rows = [row for block in (0, 32, 64) for row in range(block, min(block + 32, 90), 4)]
    found = np.concatenate([part.ravel() for part in seen])
    np.testing.assert_array_equal(np.sort(found), np.sort(PIXELS[rows, :100].ravel()))


def test_another_shape_is_noticed(image: Path) -> None:
    assert "in place of one of (7, 7)" in str(geotiff.verify(image, (7, 7)))


@pytest.mark.parametrize("compress", ["lzw", "zstd", None])
def test_compressions_without_checksums_are_decoded(tmp_path: Path, compress: str | None) -> None:
    path = tmp_path / "image.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=GRID.shape.x, height=GRID.shape.y, count=1, dtype="uint16", tiled=True,
        crs="EPSG:32632", transform=GRID.affine, **({"compress": compress} if compress else {}),
    ) as target:  # fmt: skip
        target.write(PIXELS, 1)
    with path.open("rb") as stream:
        assert damage(stream) is None
    assert geotiff.verify(path, GRID.shape) is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert geotiff.verify(path, GRID.shape) is not None
