from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from cloudrobust.errors import InputError
from cloudrobust.parcels import Coverage, kernel
from cloudrobust.parcels.runs import STRIP, Runs

LEFT, TOP = 600000.0, 5400000.0


def at(shape: shapely.Geometry) -> shapely.Geometry:
    """A shape in pixels, x to the right and y down from the grid's corner, in metres of the grid."""
    return shapely.transform(shape, lambda xy: np.c_[LEFT + 10 * xy[:, 0], TOP - 10 * xy[:, 1]])


AWKWARD = {
    "one whole pixel": (shapely.box(2, 3, 3, 4), {(3, 2): 1.0}),
    "hole of a pixel": (
        shapely.Polygon(shapely.box(1, 1, 4, 4).exterior, [shapely.box(2, 2, 3, 3).exterior]),
        {(r, c): 1.0 for r in (1, 2, 3) for c in (1, 2, 3) if (r, c) != (2, 2)},
    ),
    "hole of half a pixel": (
        shapely.Polygon(shapely.box(1, 1, 3, 3).exterior, [shapely.box(1.25, 1.25, 1.75, 2).exterior]),
        {(1, 1): 0.625, (1, 2): 1.0, (2, 1): 1.0, (2, 2): 1.0},
    ),
    "sliver": (shapely.box(2.2, 0, 2.3, 5), {(r, 2): 0.1 for r in range(5)}),
    "sliver on an edge": (shapely.box(1.95, 1, 2.05, 2), {(1, 1): 0.05, (1, 2): 0.05}),
    "triangle": (shapely.Polygon([(0, 0), (2, 0), (0, 2)]), {(0, 0): 1.0, (0, 1): 0.5, (1, 0): 0.5}),
    "off the left and upper edge": (shapely.box(-3, -1, 0.5, 1.25), {(0, 0): 0.5, (1, 0): 0.125}),
    "off the lower right corner": (shapely.box(5.5, 4.75, 9, 9), {(4, 5): 0.125}),
    "larger than the grid": (shapely.box(-9, -9, 99, 99), {(r, c): 1.0 for r in range(5) for c in range(6)}),
    "inside a single pixel": (shapely.box(3.2, 2.3, 3.4, 2.6), {(2, 3): 0.06}),
    "multipolygon": (
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(4.5, 3.5, 5, 4)]),
        {(0, 0): 1.0, (3, 4): 0.25},
    ),
    "two parts in one pixel": (
        shapely.MultiPolygon([shapely.box(1, 1, 1.25, 2), shapely.box(1.5, 1, 1.75, 2)]),
        {(1, 1): 0.5},
    ),
    "outside": (shapely.box(20, 20, 30, 30), {}),
    "touching from outside": (shapely.box(-2, 0, 0, 2), {}),
    "empty": (shapely.Polygon(), {}),
    "missing": (None, {}),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_fractions_of_awkward_geometry_are_exact(make_geobox, name):
    shape, expected = AWKWARD[name]
    geobox = make_geobox()
    coverage = Coverage.build([at(shape) if shape is not None else None], geobox, Window(0, 0, 6, 5))
    found = np.zeros(30)
    found[coverage.pixels] = coverage.weights.toarray()[0]
    wanted = np.zeros((5, 6))
    for place, share in expected.items():
        wanted[place] = share
    np.testing.assert_allclose(found.reshape(5, 6), wanted, atol=1e-6)
    assert coverage.whole[0] == pytest.approx(sum(expected.values()), abs=1e-6)


def test_all_awkward_geometries_at_once_give_the_means_of_each_alone(make_geobox):
    geobox = make_geobox()
    shapes = [at(shape) if shape is not None else None for shape, _ in AWKWARD.values()]
    bands = np.random.default_rng(0).integers(1, 10000, (3, 5, 6)).astype(np.int32)
    together = Coverage.build(shapes, geobox).mean(bands)
    alone = np.concatenate([Coverage.build([shape], geobox).mean(bands) for shape in shapes])
    np.testing.assert_array_equal(together, alone)
    nothing = [name in ("outside", "touching from outside", "empty", "missing") for name in AWKWARD]
    np.testing.assert_array_equal(np.isnan(together).all(axis=1), nothing)


@pytest.mark.parametrize("pixel", [(10.0, 10.0), (9.9948, 9.9974), (60.0, 20.0), (3.3, 17.1)])
@pytest.mark.parametrize("nodata", [0.0, 0.3, 0.97])
def test_statistics_equal_those_of_exactextract(make_geobox, star_fields, pixel, nodata):
    rows, columns = 70, 60
    geobox = make_geobox(rows, columns, pixel, left=LEFT + 3.217, top=TOP - 1.71)
    shapes = star_fields(60, 60 * max(pixel), seed=3)
    generator = np.random.default_rng(4)
    bands = generator.integers(1, 12000, (2, rows, columns)).astype(np.float32)
    bands[generator.random(bands.shape) < nodata] = np.nan
    coverage = Coverage.build(gpd.GeoSeries(shapes, crs="EPSG:32632"), geobox)
    found = coverage.statistics(bands)
    np.testing.assert_array_equal(coverage.mean(bands), found.mean)
    box = geobox.boundingbox
    fields = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32632")
    for number, band in enumerate(bands):
        raster = NumPyRasterSource(
            np.ma.masked_invalid(band), box.left, box.bottom, box.right, box.top, srs_wkt=fields.crs.to_wkt()
        )
        peer = exact_extract(raster, fields, ["mean", "stdev", "count"], output="pandas")
        wanted = peer["mean"].astype(float).to_numpy()
        np.testing.assert_array_equal(np.isnan(found.mean[:, number]), np.isnan(wanted))
        # Single precision resolves 12000 to 1e-3 / 2, which is the larger part of this.
        np.testing.assert_allclose(found.mean[:, number], wanted, atol=6e-4, rtol=0)
        np.testing.assert_allclose(found.deviation[:, number], peer["stdev"].astype(float), atol=2e-3, rtol=0)
        np.testing.assert_allclose(found.count[:, number], peer["count"], atol=1e-3, rtol=1e-6)


def test_means_in_double_precision_are_within_3e_4_of_exactextract(make_geobox, star_fields):
    geobox = make_geobox(400, 400)
    shapes = star_fields(80, 4000, seed=5)
    band = np.random.default_rng(1).integers(1, 12000, (400, 400)).astype(np.int32)
    coverage = Coverage.build(shapes, geobox)
    values = band.reshape(-1)[_grid_pixels(coverage)].astype(float)
    ours = (coverage.weights @ values) / coverage.whole
    box = geobox.boundingbox
    raster = NumPyRasterSource(band, box.left, box.bottom, box.right, box.top)
    peer = exact_extract(raster, gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32632"), ["mean"], output="pandas")
    assert np.abs(ours - peer["mean"].astype(float)).max() < 3e-4


def _grid_pixels(coverage):
    rows, columns = np.divmod(coverage.pixels, coverage.geobox.shape.x)
    return (rows + coverage.window.row_off) * coverage.grid_shape[1] + columns + coverage.window.col_off


def scene_of(rows, columns, bands=3, nodata=0.1, seed=0):
    """Digital numbers as products hold them, uint16 with nodata and saturated pixels, and a mask."""
    generator = np.random.default_rng(seed)
    numbers = generator.integers(1, 65535, (bands, rows, columns), dtype=np.uint16)
    numbers[generator.random(numbers.shape) < nodata] = 0
    numbers[generator.random(numbers.shape) < nodata / 10] = 65535
    return list(numbers), generator.random((rows, columns)) < 0.2


def cut(monkeypatch, size):
    """Make blocks of so many pixels."""
    monkeypatch.setattr(Runs.blocks, "__defaults__", (size,))


def reference(shapes, geobox, bands, mask):
    """Mean, deviation and count in plain double precision, by exactextract's shares and two passes."""
    box = geobox.boundingbox
    raster = NumPyRasterSource(bands[0], box.left, box.bottom, box.right, box.top)
    frame = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32632")
    shares = exact_extract(raster, frame, ["cell_id", "coverage"], output="pandas")
    results = np.full((3, len(shapes), len(bands)), np.nan)
    for number, band in enumerate(bands):
        values = band.reshape(-1).astype(float)
        valid = (values > 0) & (values < 65535) & ~mask.reshape(-1)
        for parcel, (cells, weights) in enumerate(zip(shares["cell_id"], shares["coverage"], strict=True)):
            weight = weights.astype(float) * valid[cells]
            results[2, parcel, number] = weight.sum()
            if weight.sum() > 0:
                mean = results[0, parcel, number] = (weight * values[cells]).sum() / weight.sum()
                results[1, parcel, number] = np.sqrt((weight * (values[cells] - mean) ** 2).sum() / weight.sum())
    return results


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("nodata", [0.0, 0.1, 0.97])
def test_statistics_of_raw_numbers_are_those_of_two_passes_in_double_precision(
    make_geobox, star_fields, nodata, compiled
):
    geobox = make_geobox(70, 60)
    shapes = star_fields(60, 600, seed=3)
    bands, mask = scene_of(70, 60, nodata=nodata)
    coverage = Coverage.build(shapes, geobox, Window(0, 0, 60, 70))
    found = coverage.statistics(bands, mask, valid=(1, 65534), offsets=[-1000, 0, 5], compiled=compiled)
    mean, deviation, count = reference(shapes, geobox, bands, mask)
    np.testing.assert_allclose(found.mean, mean + np.array([-1000, 0, 5]), atol=1e-3, rtol=1e-7)
    np.testing.assert_allclose(found.deviation, deviation, atol=1e-3, rtol=1e-7)
    np.testing.assert_allclose(found.count, count, atol=1e-4)


def test_the_kernel_and_scipy_agree_on_awkward_geometry_at_every_edge(make_geobox, monkeypatch):
    shapes = [at(shape) if shape is not None else None for shape, _ in AWKWARD.values()]
    coverage = Coverage.build(shapes, make_geobox(), Window(0, 0, 6, 5))
    bands, mask = scene_of(5, 6)
    cut(monkeypatch, 8)
    for hidden in (None, mask, np.ones_like(mask)):
        wanted = coverage.statistics(bands, hidden, valid=(1, 65534), compiled=False)
        for threads in (1, 3):
            found = coverage.statistics(bands, hidden, valid=(1, 65534), compiled=True, threads=threads)
            for name in ("mean", "deviation", "count", "clear"):
                np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-6, atol=1e-3)


def test_neither_blocks_nor_threads_change_a_bit_of_the_kernels_numbers(make_geobox, star_fields, monkeypatch):
    coverage = Coverage.build(star_fields(90, 2000, seed=8), make_geobox(200, 200))
    bands, mask = scene_of(200, 200)
    wanted = coverage.statistics(bands, mask, valid=(1, 65534), compiled=True)
    for block, threads in ((2**16, 2), (500, 1), (500, 4), (1, 1)):
        cut(monkeypatch, block)
        found = coverage.statistics(bands, mask, valid=(1, 65534), compiled=True, threads=threads)
        for name in ("mean", "deviation", "count", "clear"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_the_kernel_takes_images_of_the_grid_and_parts_of_larger_arrays(make_geobox, star_fields):
    coverage = Coverage.build(star_fields(10, 200, left=LEFT + 100, top=TOP - 100), make_geobox(50, 50))
    bands, mask = scene_of(50, 50)
    whole = coverage.statistics(bands, mask, compiled=True)
    inside = coverage.window.toslices()
    parts = coverage.statistics([band[inside] for band in bands], mask[inside], compiled=True)
    np.testing.assert_array_equal(parts.mean, whole.mean)
    with pytest.raises(ValueError, match="fits neither the window"):
        coverage.statistics([band[:2, :2] for band in bands], compiled=True)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_parcel_of_one_number_has_no_deviation_whatever_stands_around_it(make_geobox, compiled):
    coverage = Coverage.build([at(shapely.box(0.3, 0.3, 5.1, 4.7)), at(shapely.box(8, 8, 12, 13))], make_geobox(20, 20))
    band, mask = np.full((20, 20), 65534, np.uint16), np.zeros((20, 20), bool)
    band[8:13, 8:12] = 1
    band[0, :2] = 0
    # The first pixel of the second parcel is far off, but hidden.
    band[8, 8], mask[8, 8] = 60000, True
    found = coverage.statistics([band], mask, valid=(1, 65534), compiled=compiled)
    np.testing.assert_array_equal(found.mean, [[65534], [1]])
    np.testing.assert_allclose(found.deviation, [[0], [0]], atol=1e-3 if not compiled else 0)


def test_the_kernel_is_loaded_only_where_it_pays(make_geobox, star_fields, monkeypatch):
    coverage = Coverage.build(star_fields(10, 200), make_geobox(30, 30))
    bands, mask = scene_of(30, 30)
    calls = []
    monkeypatch.setattr(kernel, "statistics", lambda *given: calls.append(given) or (np.zeros((10, 3)),) * 4)
    coverage.statistics(bands, mask)
    coverage.mean(bands, mask)
    assert not calls
    monkeypatch.setattr("cloudrobust.parcels.coverage.WORTHWHILE", len(coverage.runs.shares) * len(bands))
    coverage.statistics(bands, mask)
    coverage.mean(bands, mask)
    assert len(calls) == 2
    # What the kernel does not take goes through scipy: other numbers, masked arrays, a mask for each band.
    coverage.statistics([band.astype(np.int32) for band in bands], mask)
    coverage.statistics([np.ma.MaskedArray(band, band == 0) for band in bands], mask)
    coverage.statistics(bands, np.stack([mask] * 3))
    assert len(calls) == 2


def test_nodata_of_one_band_does_not_touch_another(make_geobox):
    coverage = Coverage.build([at(shapely.box(0, 0, 2, 1)), at(shapely.box(3, 3, 5, 5))], make_geobox())
    bands = np.full((2, 5, 6), 100.0)
    bands[:, 0, 1] = 400.0
    bands[0, 0, 0] = np.nan
    mean = coverage.mean(bands)
    np.testing.assert_array_equal(mean, [[400, 250], [100, 100]])
    statistics = coverage.statistics(bands)
    np.testing.assert_array_equal(statistics.count, [[1, 2], [4, 4]])
    np.testing.assert_array_equal(statistics.clear, [[0.5, 1], [1, 1]])
    np.testing.assert_array_equal(statistics.deviation, [[0, 150], [0, 0]])


def test_masked_arrays_nan_and_a_mask_mean_the_same(make_geobox, star_fields):
    geobox = make_geobox(30, 30)
    coverage = Coverage.build(star_fields(20, 300), geobox)
    generator = np.random.default_rng(0)
    values = generator.integers(-500, 10000, (3, 30, 30)).astype(np.int32)
    bad = generator.random((30, 30)) < 0.4
    floats = np.where(bad, np.nan, values)
    masked = np.ma.MaskedArray(values, np.broadcast_to(bad, values.shape))
    wanted = coverage.mean(floats)
    np.testing.assert_array_equal(coverage.mean(masked), wanted)
    np.testing.assert_array_equal(coverage.mean(values, mask=bad), wanted)
    np.testing.assert_array_equal(coverage.mean(values, mask=np.broadcast_to(bad, values.shape)), wanted)
    np.testing.assert_array_equal(coverage.mean(list(values), mask=bad), wanted)
    clear = coverage.statistics(values, mask=bad).clear
    assert ((clear >= 0) & (clear <= 1)).all()
    np.testing.assert_allclose(clear[:, 0], coverage.share(coverage.count(~bad)), rtol=1e-6)


def test_everything_masked_is_missing_and_not_clear(make_geobox):
    coverage = Coverage.build([at(shapely.box(0, 0, 2, 2))], make_geobox())
    statistics = coverage.statistics(np.ones((1, 5, 6)), mask=np.ones((5, 6), bool))
    assert np.isnan(statistics.mean).all()
    assert np.isnan(statistics.deviation).all()
    assert statistics.count[0, 0] == 0
    assert statistics.clear[0, 0] == 0


def test_the_window_covers_the_geometries_and_no_more(make_geobox):
    geobox = make_geobox(10980, 10980)  # a full tile: nothing of this size may be built
    coverage = Coverage.build([at(shapely.box(5000.5, 7000, 5003, 7001.2))], geobox)
    window = coverage.window
    assert (window.col_off, window.row_off, window.width, window.height) == (5000, 7000, 3, 2)
    assert coverage.weights.shape == (1, 6)
    assert coverage.geobox == geobox[7000:7002, 5000:5003]


def test_images_of_the_grid_and_of_the_window_are_both_taken(make_geobox):
    coverage = Coverage.build([at(shapely.box(2, 1, 4.5, 3))], make_geobox())
    image = np.arange(30.0).reshape(1, 5, 6)
    np.testing.assert_array_equal(coverage.mean(image), coverage.mean(image[:, 1:3, 2:5]))
    with pytest.raises(ValueError, match="fits neither the window"):
        coverage.mean(image[:, :2, :2])


def test_saving_and_loading_changes_nothing(make_geobox, star_fields, tmp_path):
    geobox = make_geobox(50, 40, (9.9948, 9.9974), left=LEFT + 0.123)
    coverage = Coverage.build(star_fields(30, 400), geobox)
    coverage.save(tmp_path / "coverage.npz")
    again = Coverage.load(tmp_path / "coverage.npz")
    bands = np.random.default_rng(0).random((2, 50, 40))
    np.testing.assert_array_equal(again.mean(bands), coverage.mean(bands))
    assert again.geobox == coverage.geobox
    assert again.window == coverage.window
    assert again.grid_shape == coverage.grid_shape
    assert list(tmp_path.iterdir()) == [tmp_path / "coverage.npz"]


def test_a_file_of_the_former_format_is_read(make_geobox, star_fields, tmp_path):
    coverage = Coverage.build(star_fields(30, 400), make_geobox(50, 40))
    arrays = {name: value for name, value in coverage.arrays().items() if name in ("window", "grid_shape", "affine")}
    arrays |= {
        "crs": np.array("EPSG:32632"),
        "fractions": coverage.weights.data.astype(np.float32),
        "columns": coverage.weights.indices,
        "starts": coverage.weights.indptr.astype(np.int64),
        "pixels": coverage.pixels,
    }
    np.savez(tmp_path / "former.npz", **arrays)
    again = Coverage.load(tmp_path / "former.npz")
    for name in ("parcels", "starts", "first", "offsets", "shares"):
        np.testing.assert_array_equal(getattr(again.runs, name), getattr(coverage.runs, name))
    del arrays["pixels"]
    np.savez(tmp_path / "broken.npz", **arrays)
    with pytest.raises(InputError, match="lacks pixels; delete results/coverage and run again"):
        Coverage.load(tmp_path / "broken.npz")


def test_runs_are_whole_and_in_the_order_of_the_image(make_geobox, star_fields):
    coverage = Coverage.build([None, *star_fields(50, 3000, seed=2), None], make_geobox(300, 300))
    runs = coverage.runs
    assert sorted(runs.parcels) == list(range(52))
    assert (np.diff(runs.offsets) > 0).all()
    assert runs.starts[-1] == len(runs.first)
    corners = runs.first[runs.starts[:-1][np.diff(runs.starts) > 0]].astype(int)
    assert (np.diff(corners // coverage.window.width // STRIP) >= 0).all()
    # Two runs of one parcel never touch: they would be one.
    touching = runs.first[1:] == runs.first[:-1] + np.diff(runs.offsets)[:-1]
    assert set(np.flatnonzero(touching) + 1) <= set(runs.starts.tolist())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_permuting_parcels_permutes_the_output(make_geobox, star_fields, seed):
    geobox = make_geobox(25, 25)
    shapes = star_fields(12, 250, seed=seed)
    order = np.random.default_rng(seed).permutation(12)
    bands = np.random.default_rng(seed + 1).integers(0, 10000, (2, 25, 25))
    straight = Coverage.build(shapes, geobox).statistics(bands)
    permuted = Coverage.build(shapes[order], geobox).statistics(bands)
    np.testing.assert_array_equal(permuted.mean, straight.mean[order])
    np.testing.assert_array_equal(permuted.deviation, straight.deviation[order])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_shares_add_up_to_the_area(make_geobox, star_fields, seed):
    shapes = star_fields(10, 300, seed=seed)
    geobox = make_geobox(400, 400, (7.0, 9.0), left=LEFT - 1000, top=TOP + 1000)
    coverage = Coverage.build(shapes, geobox)
    np.testing.assert_allclose(coverage.whole * 63.0, shapely.area(shapes), rtol=1e-5)


def test_geometries_in_another_crs_are_an_error(make_geobox):
    shapes = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs="EPSG:4326")
    with pytest.raises(ValueError, match="reproject them first"):
        Coverage.build(shapes, make_geobox())


def test_points_are_an_error(make_geobox):
    with pytest.raises(ValueError, match="geometry 1 is a Point, not a polygon"):
        Coverage.build([at(shapely.box(0, 0, 1, 1)), at(shapely.Point(1, 1))], make_geobox())


def test_rotated_grids_are_an_error(make_geobox):
    with pytest.raises(ValueError, match="north-up"):
        Coverage.build([at(shapely.box(0, 0, 1, 1))], make_geobox().rotate(10))
