"""A landscape has enough parcels, uneven classes, awkward shapes and no overlaps; the seed decides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.errors import InputError
from cloudrobust.scenes.simulator.crops import RARE, RARE_COUNT
from cloudrobust.scenes.simulator.landscape import ORIGIN, Landscape, geoboxes, make_landscape


def test_the_default_landscape_has_600_parcels_that_a_study_can_use(full_landscape: Landscape) -> None:
    parcels = full_landscape.parcels
    interior = parcels.geometry.buffer(-10).area
    assert ((interior > 400) & parcels["crop"].notna()).sum() >= 600


def test_classes_are_many_uneven_and_one_is_too_rare_to_learn(full_landscape: Landscape) -> None:
    counts = Counter(full_landscape.crop)
    assert counts.pop(RARE.name) == RARE_COUNT < 5
    assert len(counts) >= 8
    assert max(counts.values()) > 4 * min(counts.values())
    assert min(counts.values()) >= 10


def test_some_parcels_have_no_label_and_labels_are_true(full_landscape: Landscape) -> None:
    labels = full_landscape.parcels["crop"]
    assert 0 < labels.isna().sum() < 0.04 * len(labels)
    known = labels.notna().to_numpy()
    assert (labels[known].to_numpy() == np.array(full_landscape.crop)[known]).all()


def test_parcels_are_valid_and_do_not_overlap(full_landscape: Landscape) -> None:
    shapes = full_landscape.parcels.geometry
    assert shapes.is_valid.all()
    assert set(shapes.geom_type) == {"Polygon", "MultiPolygon"}
    assert shapes.area.sum() - shapely.union_all(shapes).area < 0.01  # m²
    assert full_landscape.parcels["parcel"].is_unique


def test_there_are_holes_parts_and_tiny_parcels(full_landscape: Landscape) -> None:
    shapes = full_landscape.parcels.geometry
    assert (shapes.geom_type == "MultiPolygon").sum() >= 3
    assert sum(len(part.interiors) for part in shapes.explode().array) >= 5
    assert (shapes.area < 900).sum() >= 3
    assert shapes.area.max() > 3 * shapes.area.median()


def test_labels_are_clustered(full_landscape: Landscape) -> None:
    xy = np.c_[full_landscape.parcels.centroid.x, full_landscape.parcels.centroid.y]
    crop = np.array(full_landscape.crop)
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    alike = (crop[np.argsort(distance, axis=1)[:, :5]] == crop[:, None]).mean()
    by_chance = sum((n / len(crop)) ** 2 for n in Counter(crop).values())
    assert alike > 1.1 * by_chance


def test_the_seed_decides(config: SimulatorSource, landscape: Landscape) -> None:
    again = make_landscape(config)
    assert_geodataframe_equal(again.parcels, landscape.parcels)
    np.testing.assert_array_equal(again.vigour, landscape.vigour)
    np.testing.assert_array_equal(again.entity, landscape.entity)
    other = make_landscape(config.model_copy(update={"seed": 2}))
    assert other.crop != landscape.crop


def test_saving_and_loading_keeps_everything(landscape: Landscape, tmp_path: Path) -> None:
    landscape.save(tmp_path)
    back = Landscape.load(tmp_path)
    assert (back.size, back.crop, back.cover) == (landscape.size, landscape.crop, landscape.cover)
    for name in ("pixel", "entity", "share", "vigour"):
        np.testing.assert_array_equal(getattr(back, name), getattr(landscape, name))
    assert_geodataframe_equal(back.parcels, landscape.parcels, check_dtype=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["landscape.npz", "parcels.gpkg"]


def test_shares_of_a_pixel_sum_to_one_and_agree_with_the_polygons(landscape: Landscape) -> None:
    sums = np.bincount(landscape.pixel, landscape.share)
    np.testing.assert_allclose(sums, 1, atol=1e-6)
    area = np.bincount(landscape.entity, landscape.share, minlength=len(landscape.crop))[: len(landscape.crop)] * 100
    expected = landscape.parcels.area.to_numpy()
    large = expected > 5000
    np.testing.assert_allclose(area[large], expected[large], rtol=0.02)


@pytest.mark.parametrize("resolution", [10, 20, 60])
def test_painting_keeps_the_mean_at_every_resolution(landscape: Landscape, resolution: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.random((3, len(landscape.crop) + len(landscape.cover), 2), dtype=np.float32)
    fine, coarse = landscape.paint(values, 10), landscape.paint(values, resolution)
    assert coarse.shape == (2, 1800 // resolution, 1800 // resolution)
    np.testing.assert_allclose(coarse.mean(axis=(1, 2)), fine.mean(axis=(1, 2)), rtol=1e-4)


def test_painting_shows_the_parcel_that_covers_a_pixel(landscape: Landscape) -> None:
    count = len(landscape.crop) + len(landscape.cover)
    values = np.repeat(np.arange(count, dtype=np.float32)[None, :, None], 3, axis=0)
    image = landscape.paint(values, 10)[0]
    largest = int(landscape.parcels.area.idxmax())
    point = landscape.parcels.geometry[largest].representative_point()
    row, column = int((ORIGIN[1] - point.y) // 10), int((point.x - ORIGIN[0]) // 10)
    assert image[row, column] == pytest.approx(largest, abs=1e-2)
    assert landscape.dominant[row, column] == largest


def test_grids_are_nested_and_lie_on_multiples_of_60_metres() -> None:
    boxes = geoboxes(1800)
    assert len(boxes) == 14
    assert {tuple(box.shape) for box in boxes.values()} == {(180, 180), (90, 90), (30, 30)}
    assert {(box.affine.c % 60, box.affine.f % 60) for box in boxes.values()} == {(0.0, 0.0)}
    assert len({box.extent.geom.wkt for box in boxes.values()}) == 1


def test_too_many_parcels_for_the_size_are_refused() -> None:
    with pytest.raises(InputError, match=r"source\.parcels.*1200 m.*3000"):
        make_landscape(SimulatorSource(size=1200, parcels=3000))
