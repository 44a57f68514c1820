"""s2cloudless, evaluated anew: equal to the package, honest about missing data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from s2cloudless import S2PixelCloudDetector

from cloudrobust import machine_code
from cloudrobust.scenes.bands import BANDS as ALL_BANDS
from cloudrobust.steps import trees
from cloudrobust.steps.cloudless import BANDS, averaged, cloud_mask, disk, model, probability


def real_bands(real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """(band, scene, y, x) numbers of the model's bands in five real scenes, and the provider's (scene, y, x)."""
    images, delivered = [], []
    for file in sorted((real_data / "slovenia-l1c-2015").glob("2015????.tif")):
        with rasterio.open(file) as source:
            images.append(source.read([ALL_BANDS.index(band) + 1 for band in BANDS]))
        with rasterio.open(file.with_name(f"{file.stem}_cloudprob.tif")) as source:
            delivered.append(source.read(1))
    return np.moveaxis(np.stack(images), 1, 0), np.stack(delivered)


@pytest.fixture(scope="module")
def real(real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    return real_bands(real_data)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_probabilities_are_the_packages_to_the_last_bit_on_real_scenes(
    real: tuple[np.ndarray, np.ndarray], kind: type
) -> None:
    bands = (real[0] / kind(10000)).astype(kind)
    expected = S2PixelCloudDetector().get_cloud_probability_maps(np.moveaxis(bands, 0, -1))
    np.testing.assert_array_equal(probability(bands), expected)
    np.testing.assert_array_equal(probability(bands, threads=3), expected)


def test_values_on_every_threshold_and_beside_it_fall_on_the_packages_side() -> None:
    cuts = model().cuts
    rng = np.random.default_rng(0)
    pick = np.take_along_axis(cuts, rng.integers(0, 250, (10, 3000)), axis=1)
    beside = np.stack([pick, np.nextafter(pick, 0), np.nextafter(pick, 2)])
    pixels = np.take_along_axis(beside, rng.integers(0, 3, (1, 10, 3000)), axis=0)[0]
    pixels[:, :50] = rng.choice([-1.0, 0.0, -0.0, 1e-12, 5.0, 1e6, np.inf], (10, 50))
    expected = S2PixelCloudDetector().get_cloud_probability_maps(pixels.T[None, None])[0, 0]
    np.testing.assert_array_equal(probability(pixels), expected)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 255, 256, 257])
def test_any_number_of_pixels_gives_the_same_as_one_by_one(count: int) -> None:
    pixels = np.random.default_rng(count).uniform(0, 0.6, (10, count)).astype(np.float32)
    one_by_one = [float(probability(pixels[:, number : number + 1])[0]) for number in range(count)]
    assert probability(pixels).tolist() == one_by_one


def test_a_pixel_that_lacks_a_band_has_no_probability() -> None:
    pixels = np.full((10, 20), 0.1)
    pixels[np.arange(10), np.arange(10)] = np.nan
    missing = np.isnan(probability(pixels))
    assert missing[:10].all()
    assert not missing[10:].any()


@pytest.mark.parametrize(("average", "dilation"), [(1, 1), (4, 2), (22, 11), (0, 0), (3, 0)])
def test_averaging_and_dilation_are_the_packages(
    real: tuple[np.ndarray, np.ndarray], average: int, dilation: int
) -> None:
    chances = probability(real[0] / 10000)
    package = S2PixelCloudDetector(average_over=average, dilation_size=dilation)
    for chance, expected in zip(chances, package.get_mask_from_prob(chances), strict=True):
        np.testing.assert_array_equal(cloud_mask(chance, 0.4, average, dilation), expected.astype(bool))


def test_the_disk_is_the_packages() -> None:
    from s2cloudless.utils import cv2_disk

    for radius in range(1, 30):
        np.testing.assert_array_equal(disk(radius), cv2_disk(radius))


def test_missing_pixels_neither_spread_nor_dilute_their_neighbours() -> None:
    chance = np.full((20, 20), 0.8, np.float32)
    chance[5:9, 5:9] = np.nan
    mean = averaged(chance, 3)
    assert np.isnan(mean[5:9, 5:9]).all()
    np.testing.assert_allclose(mean[np.isfinite(mean)], 0.8, rtol=1e-6)
    cloud = cloud_mask(chance, 0.4, 3, 0)
    assert cloud[np.isfinite(chance)].all()
    assert not cloud[6:8, 6:8].any()


def test_the_provider_agrees_as_far_as_its_coarser_grid_allows(real: tuple[np.ndarray, np.ndarray]) -> None:
    # The delivered probabilities are interpolated between pixels of some 50 m, so single pixels of 10 m differ by up
    # to 0.6 where clouds are broken. Correlation over all pixels: 0.99; masks at 0.4 agree on 99.2 % of pixels, on
    # 96.1 % of the one scene of broken cloud and on all of the others.
    bands, delivered = real
    chances = probability(bands / 10000)
    assert np.corrcoef(chances.ravel(), delivered.ravel())[0, 1] > 0.98
    agree = ((chances > 0.4) == (delivered > 0.4)).mean(axis=(1, 2))
    assert agree.min() > 0.95
    assert np.sort(agree)[1:].min() == 1.0
    np.testing.assert_allclose(chances.mean(axis=(1, 2)), delivered.mean(axis=(1, 2)), atol=0.06)


def test_without_a_place_for_machine_code_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def njit(**options: bool) -> object:
        asked.append(options.get("cache", False))
        if asked[-1]:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(machine_code.numba, "njit", njit)
    assert machine_code.compiled()(len) is len
    assert asked == [True, False]


def test_models_of_another_kind_are_refused(tmp_path: Path) -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    features, labels = rng.random((400, 3)), rng.integers(0, 2, 400)
    features[rng.random((400, 3)) < 0.2] = np.nan
    data = lightgbm.Dataset(features, labels)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    lightgbm.train(options, data, 3).save_model(tmp_path / "missing.txt")
    with pytest.raises(ValueError, match="of a kind that is not evaluated here"):
        trees.Trees.from_lightgbm(tmp_path / "missing.txt")
    (tmp_path / "no-model.txt").write_text("tree\nnum_class=1\n")
    with pytest.raises(ValueError, match="is no LightGBM model"):
        trees.Trees.from_lightgbm(tmp_path / "no-model.txt")


def test_another_plain_model_is_evaluated_to_the_last_bit(tmp_path: Path) -> None:
    import lightgbm

    rng = np.random.default_rng(1)
    features = rng.normal(0, 2, (3000, 5))  # negative values and values beyond the table, too
    labels = (features[:, 0] * features[:, 1] + rng.normal(0, 1, 3000) > 0).astype(int)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 60}
    booster = lightgbm.train(options, lightgbm.Dataset(features, labels), 30)
    booster.save_model(tmp_path / "model.txt")
    ours = trees.Trees.from_lightgbm(tmp_path / "model.txt").probability(features.T)
    np.testing.assert_array_equal(ours, booster.predict(features, num_threads=1).astype(np.float32))
