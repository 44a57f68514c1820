"""Masks of products on disk: the right grid, the other level of an acquisition, a view beyond the window's edge."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.windows import Window
from s2cloudless import S2PixelCloudDetector

from cloudrobust.config.steps import Mask
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BAND, bands_of
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.index import empty_index, to_index
from cloudrobust.scenes.safe.writer import write_product
from cloudrobust.scenes.store.record import Layer, SceneRecord
from cloudrobust.scenes.store.scene import describe as describe_stored
from cloudrobust.steps.cloudless import BANDS
from cloudrobust.steps.mask import mask_scenes
from scenes.real_scenes import write_slovenia
from scenes.small_scenes import small_geoboxes

TIMES = (datetime(2022, 5, 5, 10, 24, 11), datetime(2022, 5, 15, 10, 24, 9))
FIELD = {"B01": 1200, "B02": 900, "B03": 1000, "B04": 600, "B05": 1000, "B06": 2500, "B07": 3300, "B08": 3600,
         "B8A": 3900, "B09": 1200, "B10": 20, "B11": 1900, "B12": 900}  # fmt: skip
CLOUD = {"B01": 4200, "B02": 4300, "B03": 4300, "B04": 4400, "B05": 4700, "B06": 5000, "B07": 5200, "B08": 5300,
         "B8A": 5600, "B09": 3000, "B10": 100, "B11": 4200, "B12": 3100}  # fmt: skip


class Parcels:
    """Stands for the coverage: the window over the parcels, here 200 to 1000 m from the corner."""

    def window(self, band: str) -> Window:
        side = BAND[band].resolution
        return Window(240 // side, 180 // side, 720 // side, 780 // side)


class Everything:
    def window(self, band: str) -> Window:
        return Window(0, 0, 1200 // BAND[band].resolution, 1200 // BAND[band].resolution)


def spectra(level: str, seed: int) -> dict[str, np.ndarray]:
    """Fields with a cloud in the north-west of the window's edge and one in the middle; nodata in the south-east."""
    rng = np.random.default_rng(seed)
    found = {}
    for band in bands_of(level):
        side = BAND[band].resolution
        y, x = (np.indices((1200 // side, 1200 // side)) + 0.5) * side
        density = np.maximum(
            np.clip(1.4 - np.hypot(y - 100, x - 300) / 150, 0, 1), np.clip(1.4 - np.hypot(y - 620, x - 560) / 120, 0, 1)
        )
        values = FIELD[band] * (1 - density) + CLOUD[band] * density
        values = np.rint(values * rng.normal(1, 0.03, values.shape)).astype(np.int32)
        found[band] = np.ma.MaskedArray(values, mask=(y > 840) & (x > 840))
    return found


def classes(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    layer = np.full((60, 60), 4, np.uint8)
    layer[rng.random((60, 60)) < 0.02] = 9
    layer[rng.random((60, 60)) < 0.02] = 3
    layer[rng.random((60, 60)) < 0.02] = 11
    layer[42:, 42:] = 0
    return layer


def chances(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 101, (60, 60), dtype=np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for number, time in enumerate(TIMES):
        for level in ("L1C", "L2A"):
            more: dict[str, Any] = {}
            if level == "L2A":
                more = {"classification": classes(number), "cloud_probability": chances(number)}
            write_product(
                folder, level=level, tile="32UPU", time=time, platform="S2A", orbit=65, baseline="04.00",
                geoboxes=small_geoboxes(), bands=spectra(level, number), sun_zenith=35.0, sun_azimuth=150.0, **more,
            )  # fmt: skip
    return folder


def index(store: Path, level: str) -> gpd.GeoDataFrame:
    return to_index([describe(path, store) for path in sorted(store.glob(f"*{level}*.SAFE"))])


def masks(folder: Path, scenes: gpd.GeoDataFrame) -> np.ndarray:
    """(scene, y, x) bool."""
    layers = []
    for name in scenes["mask"]:
        with rasterio.open(folder / name) as source:
            assert source.crs == rasterio.CRS.from_epsg(32632)
            layers.append(source.read(1).astype(bool))
    return np.stack(layers)


def run(store: Path, folder: Path, level: str, coverage: Any = None, **step: Any) -> np.ndarray:
    other = index(store, "L1C" if level == "L2A" else "L2A")
    made = mask_scenes(
        index(store, level), Mask(**step), coverage or Parcels(), store, folder / "masks", counterparts=other
    )
    return masks(folder / "masks", made)


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_both_levels_of_an_acquisition_get_the_packages_mask(store: Path, tmp_path: Path, level: str) -> None:
    method = {"do": "s2cloudless", "resolution": 60, "average": 120, "dilate": 60}
    got = run(store, tmp_path, level, Everything(), methods=[method])
    package = S2PixelCloudDetector(average_over=2, dilation_size=1)
    for number in range(2):
        bands = spectra("L1C", number)
        image = []
        for band in BANDS:
            factor = 60 // BAND[band].resolution
            blocks = np.ma.asarray(bands[band]).reshape(20, factor, 20, factor).mean(axis=(1, 3))
            image.append(np.ma.filled(blocks / 10000, 0.0))
        missing = np.ma.getmaskarray(blocks)
        expected = package.get_cloud_masks(np.stack(image, axis=-1)[None].astype(np.float32))[0].astype(bool)
        # averaging leaves missing pixels out where the package takes them for clear; look away from them
        near_missing = np.zeros_like(missing)
        near_missing[10:, 10:] = True
        onto_20_m = np.repeat(np.repeat(expected | missing, 3, 0), 3, 1)
        far = np.repeat(np.repeat(~near_missing, 3, 0), 3, 1)
        np.testing.assert_array_equal(got[number][far], onto_20_m[far])
        assert got[number][42:, 42:].all()
        assert 0.05 < got[number][far].mean() < 0.5


@pytest.mark.parametrize("resolution", [10, 20])
def test_probabilities_may_be_computed_on_finer_grids(store: Path, tmp_path: Path, resolution: int) -> None:
    method = {"do": "s2cloudless", "resolution": resolution, "average": 0, "dilate": 0}
    got = run(store, tmp_path, "L1C", Everything(), methods=[method])[0]
    bands = spectra("L1C", 0)
    image = []
    for band in BANDS:
        factor = BAND[band].resolution / resolution
        layer = np.ma.filled(bands[band].astype(float), 0.0)
        if factor >= 1:
            layer = np.repeat(np.repeat(layer, int(factor), 0), int(factor), 1)
        else:
            layer = layer.reshape(60, 2, 60, 2).mean(axis=(1, 3))
        image.append(layer / 10000)
    mask = S2PixelCloudDetector(average_over=0, dilation_size=0).get_cloud_masks(
        np.stack(image, axis=-1)[None].astype(np.float32)
    )
    fine = mask[0].astype(bool)
    # a pixel of 20 m is masked if any of its four pixels of 10 m is
    expected = fine if resolution == 20 else fine.reshape(60, 2, 60, 2).any(axis=(1, 3))
    np.testing.assert_array_equal(got[:40, :40], expected[:40, :40])


@pytest.mark.parametrize(
    "step",
    [
        {"method": "scl", "dilate": 100},
        {"methods": [{"do": "probability", "threshold": 0.97, "dilate": 40}], "dilate": 20},
        {"methods": ["s2cloudless"]},
        {"methods": ["scl", {"do": "s2cloudless", "resolution": 20}], "combine": "all", "dilate": 30},
        {"methods": [{"do": "shadow", "by": "projection", "clouds": ["scl"], "heights": [50, 400], "dark": 0.5}]},
        {"methods": ["shadow", {"do": "snow", "by": "ndsi"}]},
    ],
)
def test_a_window_sees_what_lies_beyond_its_edge(store: Path, tmp_path: Path, step: dict[str, Any]) -> None:
    whole = run(store, tmp_path / "whole", "L2A", Everything(), **step)
    part = run(store, tmp_path / "part", "L2A", Parcels(), **step)
    window = Parcels().window("B8A")
    rows, columns = window.toslices()
    np.testing.assert_array_equal(part, whole[:, rows, columns])
    assert 0 < part.mean() < 1


def test_classes_and_probabilities_are_those_of_the_product(store: Path, tmp_path: Path) -> None:
    everything = run(store, tmp_path / "scl", "L2A", Everything(), method="scl")
    expected = np.stack([np.isin(classes(number), [0, 1, 3, 8, 9, 10, 11]) for number in range(2)])
    np.testing.assert_array_equal(everything, expected)
    likely = run(store, tmp_path / "probability", "L2A", Everything(), method="probability")
    expected = np.stack([(chances(number) > 40) | (classes(number) == 0) for number in range(2)])
    np.testing.assert_array_equal(likely, expected)


def test_a_former_mask_stays(store: Path, tmp_path: Path) -> None:
    first = mask_scenes(index(store, "L2A"), Mask(), Parcels(), store, tmp_path / "first")
    step = Mask(methods=["snow"])
    second = mask_scenes(first, step, Parcels(), store, tmp_path / "second", former=tmp_path / "first")
    alone = mask_scenes(index(store, "L2A"), step, Parcels(), store, tmp_path / "alone")
    np.testing.assert_array_equal(
        masks(tmp_path / "second", second), masks(tmp_path / "first", first) | masks(tmp_path / "alone", alone)
    )


def test_a_scene_without_its_other_level_is_masked_in_full_and_named(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scenes, other = index(store, "L2A"), index(store, "L1C")
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        made = mask_scenes(
            scenes, Mask(method="s2cloudless"), Parcels(), store, tmp_path / "masks", counterparts=other.iloc[:1]
        )
    layers = masks(tmp_path / "masks", made)
    assert not layers[0].all()
    assert layers[1].all()
    assert scenes["id"].iloc[1] in caplog.text


def test_a_month_without_any_counterpart_is_an_error_that_says_what_to_fetch(store: Path, tmp_path: Path) -> None:
    scenes = index(store, "L2A")
    for counterparts, sentence in ((empty_index(), "fetch that level too"), (None, "give it the index of the L1C")):
        with pytest.raises(InputError, match=sentence):
            mask_scenes(
                scenes, Mask(method="s2cloudless"), Parcels(), store, tmp_path / "masks", counterparts=counterparts
            )
    assert not (tmp_path / "masks").exists()


def test_a_mask_that_the_level_does_not_have_is_refused(store: Path, tmp_path: Path) -> None:
    for step, sentence in (
        (Mask(), "L1C has no scene classification"),
        (Mask(method="probability"), "L1C has no cloud probability"),
        (Mask(method="parcel"), "works on the parcels' series"),
    ):
        with pytest.raises(InputError, match=sentence):
            mask_scenes(index(store, "L1C"), step, Parcels(), store, tmp_path / "masks")


def test_a_month_without_scenes_gives_an_empty_folder(tmp_path: Path) -> None:
    made = mask_scenes(empty_index(), Mask(method="s2cloudless"), Parcels(), tmp_path, tmp_path / "masks")
    assert len(made) == 0
    assert "mask" in made
    assert list((tmp_path / "masks").iterdir()) == []


def test_a_product_without_angles_of_the_sun_is_named(store: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(store, tmp_path / "store")
    tile = next((tmp_path / "store").glob("*L2A_20220505*.SAFE/GRANULE/*/MTD_TL.xml"))
    text = tile.read_text()
    step = Mask(methods=[{"do": "shadow", "by": "projection", "clouds": ["scl"]}])
    tile.write_text(text.replace("Mean_Sun_Angle", "Sun"))
    with pytest.raises(InputError, match="states no Mean_Sun_Angle"):
        mask_scenes(index(tmp_path / "store", "L2A"), step, Parcels(), tmp_path / "store", tmp_path / "masks")
    tile.unlink()
    with pytest.raises(InputError, match="holds no tile metadata"):
        mask_scenes(index(tmp_path / "store", "L2A"), step, Parcels(), tmp_path / "store", tmp_path / "masks")


def keep(store: Path, folder: Path, level: str) -> gpd.GeoDataFrame:
    """The products as scenes of the store, of which it keeps 120 to 1080 m from the corner; their index."""
    rows = []
    for row in index(store, level).itertuples():
        product = open_scene(row, store)
        scene = folder / f"{row.id}.scene"
        scene.mkdir(parents=True)
        layers = {}
        for name, grid in product.geoboxes.items():
            side = round(grid.affine.a)
            window = Window(120 // side, 120 // side, 960 // side, 960 // side)
            pixels = product.read_classification(window) if name == "SCL" else product.read_raw(name, window)
            rows_, columns = window.toslices()
            geotiff.write(scene / f"{name}.tif", pixels, grid[rows_, columns])
            layers[name] = Layer(f"{name}.tif", grid, window, 1, "")
        told = {"sun_zenith": 35.0, "sun_azimuth": 150.0}
        SceneRecord(
            row.id, level, row.tile, row.time, row.platform, row.orbit, row.baseline, 10000, 0.0,
            dict.fromkeys(bands_of(level), -1000), row.geometry, layers, told,
        ).write(scene)  # fmt: skip
        rows.append(describe_stored(scene) | {"file": scene.name})
    return to_index(rows)


@pytest.mark.parametrize(
    ("step", "metres"),
    [
        ({"method": "scl", "dilate": 60}, 0),
        ({"methods": [{"do": "s2cloudless", "average": 0, "dilate": 0}]}, 0),
        ({"methods": {"do": "shadow", "by": "projection", "clouds": "scl", "heights": [10, 80], "dark": 0.5}}, 0),
        ({"method": "scl", "dilate": 200}, 120),  # the tile itself ends 180 m above the window
    ],
)
def test_what_the_store_keeps_is_masked_like_the_whole_product(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, step: dict[str, Any], metres: int
) -> None:
    kept = tmp_path / "kept"
    scenes, other = keep(store, kept, "L2A"), keep(store, kept, "L1C")
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        made = mask_scenes(scenes, Mask(**step), Parcels(), kept, tmp_path / "masks", counterparts=other)
    assert (f"masks reach {metres} m farther than the store keeps" in caplog.text) == (metres > 0)
    got = masks(tmp_path / "masks", made)
    whole = run(store, tmp_path / "whole", "L2A", **step)
    assert not (got & ~whole).any()
    if not metres:
        np.testing.assert_array_equal(got, whole)


def test_real_scenes_on_their_own_odd_grid(real_data: Path, tmp_path: Path) -> None:
    from .test_cloudless import probability, real_bands

    class All:
        def window(self, band: str) -> Window:  # noqa: ARG002
            return Window(0, 0, 100, 101)

    products = write_slovenia(tmp_path / "store", real_data)
    scenes = to_index([describe(path, tmp_path / "store") for path in products])
    step = Mask(methods=[{"do": "s2cloudless", "average": 0, "dilate": 0}])
    made = mask_scenes(scenes, step, All(), tmp_path / "store", tmp_path / "masks")
    layers = []
    for name in made["mask"]:
        with rasterio.open(tmp_path / "masks" / name) as source:
            layers.append(source.read(1).astype(bool))
    expected = probability(real_bands(real_data)[0] / np.float32(10000)) > 0.4
    np.testing.assert_array_equal(np.stack(layers), expected)
