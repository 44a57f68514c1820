from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
import rasterio
import shapely

from cloudrobust.errors import InputError
from cloudrobust.parcels import TileCoverage, observe, read_series
from cloudrobust.parcels.series import write_dataset
from cloudrobust.scenes.bands import BANDS, bands_of

LEFT, TOP = 600000.0, 5400000.0


def square(x: float, y: float, side: float = 120) -> shapely.Polygon:
    return shapely.box(LEFT + x, TOP - y - side, LEFT + x + side, TOP - y)


@pytest.fixture
def grid(make_grid):
    return make_grid()


@pytest.fixture
def coverage(make_parcels, grid):
    shapes = [
        square(60, 60),
        square(300, 120, 60),
        square(615, 415, 90),
        shapely.Point(LEFT + 900, TOP - 200).buffer(80),
    ]
    return TileCoverage.build(make_parcels(shapes), grid)


def mask_file(folder, name, masked, geobox):
    folder.mkdir(exist_ok=True)
    height, width = masked.shape
    with rasterio.open(
        folder / name, "w", driver="GTiff", width=width, height=height, count=1, dtype="uint8",
        crs=str(geobox.crs), transform=geobox.affine,
    ) as target:  # fmt: skip
        target.write(masked.astype(np.uint8), 1)
    return name


def test_each_band_is_averaged_on_its_own_grid(grid, coverage, random_bands, write_scene, make_index):
    bands = random_bands(grid)
    index = make_index(write_scene(grid, bands))
    series = observe(index, coverage, None, chain="L1C")
    assert dict(series.sizes) == {"parcel": 4, "time": 1, "band": 13}
    assert series["band"].values.tolist() == list(BANDS)
    # The first parcel covers whole pixels of every resolution.
    for band in BANDS:
        pixel = int(grid.geoboxes[band].affine.a)
        part = bands[band][60 // pixel : 180 // pixel, 60 // pixel : 180 // pixel]
        here = series.isel(parcel=0, time=0).sel(band=band)
        assert float(here["reflectance"]) == pytest.approx(part.mean() / 10000, abs=1e-7)
        assert float(here["reflectance_std"]) == pytest.approx(part.std() / 10000, abs=1e-6)
    assert series["pixel_count"].values[:3, 0].tolist() == [144, 36, 81]
    assert (series["clear_fraction"].values == 1).all()
    assert (series["observed"].values == 1).all()
    assert series["scene"].values.tolist() == index["id"].tolist()
    assert series["time"].values[0] == np.datetime64("2022-05-05T10:24:11")
    assert json.loads(series.attrs["provenance"])["baselines"] == ["04.00"]


def test_results_of_the_whole_equal_those_of_each_band_alone(grid, coverage, random_bands, write_scene, make_index):
    bands = random_bands(grid, seed=7)
    for number, band in enumerate(BANDS):
        values = np.ma.MaskedArray(bands[band], np.random.default_rng(number).random(bands[band].shape) < 0.2)
        bands[band] = values
    series = observe(make_index(write_scene(grid, bands)), coverage, None, chain="L1C")
    for number, band in enumerate(BANDS):
        wanted = coverage.of(band).statistics([bands[band]])
        np.testing.assert_allclose(series["reflectance"].values[:, 0, number], wanted.mean[:, 0] / 10000, rtol=1e-6)
        np.testing.assert_allclose(
            series["reflectance_std"].values[:, 0, number], wanted.deviation[:, 0] / 10000, rtol=1e-6
        )
    fine = [coverage.of(band).statistics([bands[band]]).count[:, 0] for band in ("B02", "B03", "B04", "B08")]
    np.testing.assert_array_equal(series["pixel_count"].values[:, 0], np.max(fine, axis=0))


def test_neither_order_of_scenes_nor_threads_matter(grid, coverage, random_bands, write_scene, make_index):
    rows = [
        write_scene(grid, random_bands(grid, seed=n), time=f"2022-05-{day:02d}T10:24:11")
        for n, day in enumerate((15, 5, 25))
    ]
    index = make_index(*rows)
    series = observe(index, coverage, None, chain="L1C")
    assert (np.diff(series["time"].values) > np.timedelta64(0)).all()
    shuffled = observe(index.iloc[[2, 0, 1]], coverage, None, chain="L1C", threads=3)
    assert shuffled.identical(series)
    alone = observe(make_index(rows[0]), coverage, None, chain="L1C")
    assert alone["reflectance"].equals(series["reflectance"].sel(time=alone["time"]))


def test_an_index_relative_to_its_store_is_followed(grid, coverage, random_bands, write_scene, make_index):
    row = write_scene(grid, random_bands(grid))
    index = make_index(row)
    store = row["file"].rsplit("/", 1)[0]
    index["file"] = index["id"] + ".SAFE"
    assert observe(index, coverage, store, chain="L1C").sizes["time"] == 1


def test_a_mask_takes_pixels_out_of_every_band(grid, coverage, random_bands, write_scene, make_index, tmp_path):
    bands = random_bands(grid, "L2A")
    row = write_scene(grid, bands, level="L2A")
    masked = np.zeros((60, 60), bool)  # 20 m
    masked[:6, :6] = True  # 0 to 120 m: the upper left quarter of parcel 0 (60 to 180 m)
    mask_file(tmp_path / "masks", "a.tif", masked, grid.geoboxes["SCL"])
    index = make_index(row, masks=["a.tif"])
    series = observe(index, coverage, None, tmp_path / "masks", chain="L2A/clear")
    first = series.isel(parcel=0, time=0)
    assert float(first["clear_fraction"]) == 0.75
    assert float(first["pixel_count"]) == 108
    kept = np.ones((12, 12), bool)
    kept[:6, :6] = False
    fine = bands["B04"][6:18, 6:18]
    assert float(first["reflectance"].sel(band="B04")) == pytest.approx(fine[kept].mean() / 10000, abs=1e-7)
    coarse = bands["B01"][1:3, 1:3]
    kept = np.array([[False, True], [True, True]])
    assert float(first["reflectance"].sel(band="B01")) == pytest.approx(coarse[kept].mean() / 10000, abs=1e-7)
    assert (series["clear_fraction"].values[1:] == 1).all()
    assert series["band"].values.tolist() == list(bands_of("L2A"))


def test_parcels_that_are_too_cloudy_are_missing_but_keep_their_clear_fraction(
    grid, coverage, random_bands, write_scene, make_index, tmp_path
):
    masked = np.zeros((120, 120), bool)  # 10 m, finer than most bands
    masked[:15, :18] = True  # 0 to 150 m down, 0 to 180 m to the right: three quarters of parcel 0
    mask_file(tmp_path / "masks", "a.tif", masked, grid.geoboxes["B02"])
    index = make_index(write_scene(grid, random_bands(grid)), masks=["a.tif"])
    shy = observe(index, coverage, None, tmp_path / "masks", chain="L1C/clear", minimum_clear=0.5)
    bold = observe(index, coverage, None, tmp_path / "masks", chain="L1C/clear", minimum_clear=0.25)
    assert (
        shy["clear_fraction"].values[:, 0].tolist() == bold["clear_fraction"].values[:, 0].tolist() == [0.25, 1, 1, 1]
    )
    assert shy["observed"].values[:, 0].tolist() == [0, 1, 1, 1]
    assert bold["observed"].values[:, 0].tolist() == [1, 1, 1, 1]
    assert np.isnan(shy["reflectance"].values[0]).all()
    assert np.isnan(shy["reflectance_std"].values[0]).all()
    np.testing.assert_array_equal(shy["reflectance"].values[1:], bold["reflectance"].values[1:])


def test_scenes_without_a_mask_stand_beside_scenes_with_one(
    grid, coverage, random_bands, write_scene, make_index, tmp_path
):
    rows = [write_scene(grid, random_bands(grid), time=f"2022-05-0{day}T10:24:11") for day in (1, 2)]
    mask_file(tmp_path / "masks", "a.tif", np.ones((60, 60), bool), grid.geoboxes["SCL"])
    index = make_index(*rows, masks=["a.tif", None])
    series = observe(index, coverage, None, tmp_path / "masks", chain="L1C/clear")
    assert series["observed"].values.sum(axis=0).tolist() == [0, 4]
    with pytest.raises(ValueError, match="no folder of masks was given"):
        observe(index, coverage, None, chain="L1C/clear")


def test_a_month_without_scenes_is_a_valid_file(coverage, make_index, tmp_path):
    period = (dt.date(2022, 5, 1), dt.date(2022, 9, 30))
    series = observe(make_index(), coverage, None, chain="L2A/season", period=period)
    assert dict(series.sizes) == {"parcel": 4, "time": 0, "band": 12}
    write_dataset(series, tmp_path / "month.nc")
    again = read_series(tmp_path / "month.nc")
    assert dict(again.sizes) == {"parcel": 4, "time": 0, "band": 12}
    assert again["time"].dtype == "datetime64[ns]"
    assert again.attrs["time_coverage_end"] == "2022-09-30"


def test_a_tile_without_parcels_reads_no_scene(make_parcels, grid, make_index, make_row, tmp_path):
    nothing = TileCoverage.build(make_parcels([square(9000, 0)]), grid)
    row = make_row(tmp_path / "gone.SAFE", "32UPU", "L1C", dt.datetime(2022, 5, 5))
    series = observe(make_index(row), nothing, None, chain="L1C")
    assert dict(series.sizes) == {"parcel": 0, "time": 1, "band": 13}
    write_dataset(series, tmp_path / "month.nc")
    assert read_series(tmp_path / "month.nc").sizes["parcel"] == 0


def test_scenes_on_another_grid_are_refused(make_grid, coverage, random_bands, write_scene, make_index):
    moved = make_grid(left=LEFT + 60)
    with pytest.raises(InputError, match=r"band B\d\d lies on another grid than the tile's"):
        observe(make_index(write_scene(moved, random_bands(moved))), coverage, None, chain="L1C")


def test_scenes_of_another_tile_level_or_time_are_refused(coverage, make_index, make_row, tmp_path):
    when = dt.datetime(2022, 5, 5)
    with pytest.raises(InputError, match="is of tile 32UQU, not 32UPU"):
        observe(make_index(make_row(tmp_path / "a.SAFE", "32UQU", "L1C", when)), coverage, None, chain="L1C")
    with pytest.raises(InputError, match="is of level L1C, not L2A"):
        observe(make_index(make_row(tmp_path / "a.SAFE", "32UPU", "L1C", when)), coverage, None, chain="L2A")
    twins = [make_row(tmp_path / f"{name}.SAFE", "32UPU", "L1C", when) for name in "ab"]
    with pytest.raises(InputError, match="the index holds another of the same time"):
        observe(make_index(*twins), coverage, None, chain="L1C")
