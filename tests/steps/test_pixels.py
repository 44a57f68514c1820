"""Steps on pixels before they are averaged: equal to plain numpy on the whole cube, whatever the blocks."""

from __future__ import annotations

import datetime as dt
import os
import signal
import tracemalloc
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from pydantic import TypeAdapter

from cloudrobust.config.dask import AddressDask, LocalDask
from cloudrobust.config.steps import Mask, Step
from cloudrobust.dask_client import connected
from cloudrobust.errors import InputError
from cloudrobust.parcels.aggregate import observe
from cloudrobust.parcels.tiles import TileCoverage
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.bands import BAND, bands_of
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.index import to_index
from cloudrobust.scenes.safe.writer import write_product
from cloudrobust.steps import apply, pixels
from cloudrobust.steps.mask import mask_scenes
from cloudrobust.steps.pixels import aggregate, bands_needed, together
from scenes.small_scenes import small_geoboxes

TIMES = [dt.datetime(2022, 4, 26, 10, 24, 11) + dt.timedelta(days=5 * number) for number in range(7)]
PERIOD = (dt.date(2022, 4, 20), dt.date(2022, 6, 10))
CHAIN = "L2A/clear/equal/mean"
FEW = {"do": "bands", "keep": ["B02", "B8A", "B09"]}


def made(*steps: dict[str, Any]) -> list[Any]:
    return [TypeAdapter(Step).validate_python(step) for step in steps]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven L2A products of noise over a slope, with clouds and a corner without data."""
    folder = tmp_path_factory.mktemp("store")
    for number, time in enumerate(TIMES):
        rng = np.random.default_rng(number)
        bands = {}
        for band in bands_of("L2A"):
            side = BAND[band].resolution
            y, x = np.indices((1200 // side, 1200 // side)) * side
            values = (1500 + 20 * number + x + rng.normal(0, 100, x.shape)).astype(np.int32)
            bands[band] = np.ma.MaskedArray(values, mask=(x + y > 2100) & (number == 2))
        classes = np.where(rng.random((60, 60)) < 0.3, 9, 4).astype(np.uint8)
        classes[:, 40:] = 9 if number in (3, 5) else 4
        write_product(
            folder, level="L2A", tile="32UPU", time=time, platform="S2A", orbit=65, baseline="04.00",
            geoboxes=small_geoboxes(), bands=bands, classification=classes,
            cloud_probability=np.zeros((60, 60), np.uint8),
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def coverage() -> TileCoverage:
    """Fields on and off the pixels' edges, a small one, and one whose every pixel is cloudy now and then."""
    rng = np.random.default_rng(0)
    shapes = [shapely.box(600000 + x, 5400000 - y - h, 600000 + x + w, 5400000 - y) for x, y, w, h in (
        (100, 100, 200, 150), (333.3, 121.7, 187.1, 222.2), (820, 60, 300, 500), (15, 700, 64, 44), (500, 800, 400, 390)
    )]  # fmt: skip
    shapes += [shapely.Point(600000 + x, 5400000 - y).buffer(40) for x, y in rng.uniform(60, 1100, (12, 2))]
    frame = gpd.GeoDataFrame(
        {"parcel": [f"p{number:02d}" for number in range(len(shapes))], "status": "usable"},
        geometry=shapes,
        crs="EPSG:32632",
    )
    frame["interior"] = frame.geometry
    return TileCoverage.build(frame, Grid("32UPU", small_geoboxes()))


@pytest.fixture(scope="module")
def months(
    store: Path, coverage: TileCoverage, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[gpd.GeoDataFrame, Path]]:
    """Masked indexes of April, May and June, out of order."""
    scenes = to_index([describe(path, store) for path in sorted(store.glob("*.SAFE"))])
    found = []
    for month in ("2022-05", "2022-04", "2022-06"):
        own = scenes[scenes["time"].dt.strftime("%Y-%m") == month]
        folder = tmp_path_factory.mktemp("masks") / month
        found.append((mask_scenes(own, Mask(), coverage, store, folder), folder))
    return found


def run(store: Path, coverage: TileCoverage, months: list, *steps: dict[str, Any], **more: Any) -> xr.Dataset:
    options: dict[str, Any] = {"chain": CHAIN, "period": PERIOD, **more}
    return aggregate([m for m, _ in months], [f for _, f in months], coverage, made(*steps), store, **options)


def whole_cube(store: Path, months: list, band: str) -> np.ndarray:
    """(time, y, x) reflectance of a band with clouds and nodata missing, read without the library's blocks."""
    import rasterio

    layers = []
    rows = [(row.time, row, folder) for index, folder in months for row in index.itertuples()]
    for _, row, folder in sorted(rows, key=lambda one: one[0]):
        values = np.ma.filled(open_scene(row, store).read(band).astype(float) / 10000, np.nan)
        with rasterio.open(folder / row.mask) as source:
            mask = np.ones((60, 60), bool)
            top, left = (round((5400000 - source.transform.f) / 20), round((source.transform.c - 600000) / 20))
            mask[top : top + source.height, left : left + source.width] = source.read(1).astype(bool)
        side = BAND[band].resolution
        on_grid = np.repeat(np.repeat(mask, 2, 0), 2, 1) if side == 10 else mask
        if side == 60:
            on_grid = mask.reshape(20, 3, 20, 3).any(axis=(1, 3))
        values[on_grid] = np.nan
        layers.append(values)
    return np.stack(layers)


def shares(coverage: TileCoverage, band: str) -> np.ndarray:
    """(parcel, y, x) dense shares on the band's whole grid."""
    operator = coverage.of(band)
    side = 1200 // BAND[band].resolution
    dense = np.zeros((len(coverage), side, side))
    window = np.zeros((len(coverage), operator.geobox.shape.y * operator.geobox.shape.x))
    window[:, operator.pixels] = operator.weights.toarray()
    rows, columns = operator.window.toslices()
    dense[:, rows, columns] = window.reshape(len(coverage), *operator.geobox.shape)
    return dense


def averaged(dense: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(parcel, time) means over the pixels with a value, and their shares."""
    present = np.isfinite(values)
    count = np.einsum("pyx,tyx->pt", dense, present.astype(float))
    total = np.einsum("pyx,tyx->pt", dense, np.where(present, values, 0))
    with np.errstate(invalid="ignore"):
        return total / count, count / dense.sum(axis=(1, 2))[:, None]


@pytest.mark.parametrize(("memory", "threads"), [(2**30, 1), (80_000, 1), (120_000, 3)])
def test_interpolated_pixels_then_means_equal_numpy_on_the_whole_cube(
    store: Path, coverage: TileCoverage, months: list, memory: int, threads: int
) -> None:
    result = run(store, coverage, months, FEW, {"do": "interpolate", "every": "7d"}, memory=memory, threads=threads)
    dates = pd.date_range("2022-04-20", "2022-06-10", freq="7D")
    assert result["time"].to_index().tolist() == dates.tolist()
    assert result["band"].values.tolist() == FEW["keep"]
    old = np.array([np.datetime64(time, "D").astype(int) for time in TIMES])
    new = dates.values.astype("datetime64[D]").astype(int)
    for band in FEW["keep"]:
        cube = whole_cube(store, months, band)
        filled = np.full((len(new), *cube.shape[1:]), np.nan)
        for y, x in np.ndindex(cube.shape[1:]):
            valid = np.isfinite(cube[:, y, x])
            if valid.any():
                filled[:, y, x] = np.interp(new, old[valid], cube[valid, y, x])
        mean, clear = averaged(shares(coverage, band), filled)
        np.testing.assert_allclose(result["reflectance"].sel(band=band), mean, rtol=1e-5)
        seen = np.isfinite(cube)
        on_day = np.stack([seen[old == day].any(axis=0) if (old == day).any() else 0 * seen[0] for day in new])
        _, measured = averaged(shares(coverage, band), np.where(on_day, 1.0, np.nan))
        told = np.isfinite(mean) & ~((result["observed"].values == 1) & (measured > 0))
        np.testing.assert_array_equal(result["filled"].sel(band=band), told)
        if band == "B02":
            np.testing.assert_allclose(result["clear_fraction"], clear, atol=1e-6)
            np.testing.assert_allclose(result["observed_fraction"], measured, atol=1e-6)
            np.testing.assert_array_equal(result["observed"].values == 1, measured > 0)
            away = np.where(seen[None], np.abs(new[:, None] - old)[:, :, None, None], np.inf).min(axis=1)
            distance, _ = averaged(shares(coverage, band), np.where(np.isfinite(away), away, np.nan))
            np.testing.assert_allclose(result["observation_distance"], distance, rtol=1e-5)


def test_without_steps_it_is_the_plain_average(store: Path, coverage: TileCoverage, months: list) -> None:
    result = run(store, coverage, months, {"do": "aggregate"}, minimum_clear=0.5, memory=200_000)
    parts = [observe(m, coverage, store, f, chain="L2A/clear", minimum_clear=0.5) for m, f in months]
    expected = xr.concat(parts, "time").sortby("time")
    assert result["scene"].values.tolist() == expected["scene"].values.tolist()
    for name in ("reflectance", "reflectance_std", "pixel_count", "clear_fraction", "observed"):
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-5, atol=2e-6, err_msg=name)
    assert result["reflectance"].attrs == expected["reflectance"].attrs
    assert (result["filled_fraction"].fillna(0) == 0).all()
    assert result.attrs["time_coverage_start"] == "2022-04-20"


def test_linear_steps_on_pixels_equal_steps_on_parcels_where_nothing_is_masked(
    store: Path, coverage: TileCoverage, months: list
) -> None:
    bare = [(m.drop(columns="mask"), None) for m, _ in months]
    clean = [(m[m["time"] != pd.Timestamp(TIMES[2])], folder) for m, folder in bare]  # that one lacks a corner
    parts = [observe(m, coverage, store, None, chain="L2A", period=PERIOD) for m, _ in clean if len(m)]
    series = xr.concat(parts, "time").sortby("time").assign_attrs(parts[0].attrs)
    steps = (
        {"do": "interpolate", "every": "6d"},
        {"do": "smooth", "smoothness": 2.0},
        {"do": "normalise", "method": "range", "high": 0.5},
    )
    for taken in (steps[:1], steps[:2], steps, ({"do": "composite", "method": "mean"},)):
        on_parcels = series
        for step in taken:
            on_parcels = apply(on_parcels, step)
        on_pixels = run(store, coverage, clean, *taken)
        assert on_pixels["time"].equals(on_parcels["time"])
        np.testing.assert_allclose(on_pixels["reflectance"], on_parcels["reflectance"], rtol=1e-5, atol=1e-6)


def test_an_index_of_bands_of_different_grids_is_computed_on_the_finest(
    store: Path, coverage: TileCoverage, months: list
) -> None:
    step = {"do": "index", "names": ["NDVI", "NDRE"], "keep": False}
    result = run(store, coverage, months, step, memory=200_000)
    assert result["band"].values.tolist() == ["NDVI", "NDRE"]
    assert np.isnan(result["wavelength"]).all()
    red, edge, near = (whole_cube(store, months, band) for band in ("B04", "B05", "B08"))
    fine_edge = np.repeat(np.repeat(edge, 2, 1), 2, 2)
    for name, other in (("NDVI", red), ("NDRE", fine_edge)):
        mean, _ = averaged(shares(coverage, "B08"), (near - other) / (near + other))
        np.testing.assert_allclose(result["reflectance"].sel(band=name), mean, rtol=1e-4, atol=1e-5)


def test_a_users_step_sees_pixels_with_their_places(
    store: Path, coverage: TileCoverage, months: list, tmp_path: Path
) -> None:
    file = tmp_path / "my_step.py"
    file.write_text(
        "def apply(cube):\n    west = cube['x'] < 600600\n"
        "    return cube.assign(reflectance=cube['reflectance'].where(west))\n"
    )
    result = run(store, coverage, months, FEW, {"do": "custom", "file": str(file)})
    assert np.isnan(result["reflectance"].sel(parcel="p02")).all()
    assert (result["clear_fraction"].sel(parcel="p02") == 0).all()
    assert np.isfinite(result["reflectance"].sel(parcel="p00")).any()


def test_masking_everything_gives_missing_and_never_zero(store: Path, coverage: TileCoverage, months: list) -> None:
    everything = []
    for number, (index, _) in enumerate(months):
        folder = Path(months[number][1]).parent / "all"
        step = Mask(classes=tuple(range(12)))
        everything.append((mask_scenes(index.drop(columns="mask"), step, coverage, store, folder), folder))
    result = run(store, coverage, everything, FEW, {"do": "interpolate"})
    assert np.isnan(result["reflectance"]).all()
    assert (result["observed"] == 0).all()
    assert (result["clear_fraction"] == 0).all()
    assert np.isnan(result["filled_fraction"]).all()


def test_neither_the_order_of_months_nor_that_of_scenes_matters(
    store: Path, coverage: TileCoverage, months: list
) -> None:
    steps = (FEW, {"do": "interpolate"})
    shuffled = [(m.iloc[::-1], folder) for m, folder in reversed(months)]
    xr.testing.assert_identical(run(store, coverage, months, *steps), run(store, coverage, shuffled, *steps))


def test_a_selection_between_the_steps_shrinks_what_is_covered(
    store: Path, coverage: TileCoverage, months: list
) -> None:
    select = {"do": "select", "start": "05-01", "end": "05-20"}
    result = run(store, coverage, months, FEW, select, {"do": "interpolate", "every": "5d"})
    assert result["time"].to_index().strftime("%m-%d").tolist() == ["05-01", "05-06", "05-11", "05-16"]
    assert (result.attrs["time_coverage_start"], result.attrs["time_coverage_end"]) == ("2022-05-01", "2022-05-20")


def test_a_tile_without_parcels_gives_an_empty_series(store: Path, months: list) -> None:
    frame = gpd.GeoDataFrame({"parcel": [], "status": []}, geometry=[], crs="EPSG:32632")
    frame["interior"] = frame.geometry
    nobody = TileCoverage.build(frame, Grid("32UPU", small_geoboxes()))
    result = run(store, nobody, months, FEW, {"do": "interpolate"})
    assert result.sizes == {"parcel": 0, "time": 4, "band": 3}


def test_tiles_are_put_together(store: Path, coverage: TileCoverage, months: list) -> None:
    whole = run(store, coverage, months, FEW, {"do": "interpolate"})
    parts = [whole.isel(parcel=[3, 1, 5]), whole.isel(parcel=[0, 4, 2])]
    joined = together(parts, [f"p{number:02d}" for number in range(20)])
    expected = whole.isel(parcel=range(6))
    for name in expected.data_vars:
        np.testing.assert_array_equal(joined[name], expected[name])
    uneven = run(store, coverage, months, FEW)
    parts = [uneven.isel(parcel=[0, 1], time=[0, 1, 3]), uneven.isel(parcel=[2], time=[1, 2])]
    joined = together(parts, ["p02", "p01", "p00"])
    assert joined["parcel"].values.tolist() == ["p02", "p01", "p00"]
    np.testing.assert_array_equal(joined["time"], uneven["time"][:4])
    assert np.isnan(joined["reflectance"].sel(parcel="p02")[0]).all()
    assert joined["observed"].sel(parcel="p02").values[[0, 3]].tolist() == [0, 0]
    np.testing.assert_array_equal(
        joined["reflectance"].sel(parcel="p01")[3], uneven["reflectance"].sel(parcel="p01")[3]
    )
    assert joined["scene"].values.tolist() == uneven["scene"].values[:4].tolist()
    with pytest.raises(InputError, match="parcel 'p00' is in two tiles"):
        together([whole.isel(parcel=[0]), whole.isel(parcel=[0])], ["p00"])


def test_only_the_bands_that_matter_are_read() -> None:
    ndvi = {"do": "index", "names": ["NDVI"], "keep": False}
    all_bands = bands_of("L2A")
    assert bands_needed(all_bands, made(ndvi)) == (("B04", "B08"), ("NDVI",))
    assert bands_needed(all_bands, made(FEW)) == (("B02", "B8A", "B09"), ("B02", "B8A", "B09"))
    assert bands_needed(all_bands, made({"do": "interpolate"}))[0] == all_bands
    assert bands_needed(all_bands, made({"do": "normalise", "method": "spectrum"}, FEW))[0] == all_bands
    with_bands = {"do": "index", "names": ["NDVI"]}
    assert bands_needed(all_bands, made(with_bands, {"do": "bands", "keep": ["NDVI", "B02"]})) == (
        ("B02", "B04", "B08"), ("NDVI", "B02"),
    )  # fmt: skip
    with pytest.raises(InputError, match="needs band B08 for NDVI"):
        bands_needed(all_bands, made({"do": "bands", "drop": ["B08"]}, ndvi))


def test_what_does_not_fit_is_one_sentence(store: Path, coverage: TileCoverage, months: list) -> None:
    with pytest.raises(InputError, match="there is no scene in any month"):
        run(store, coverage, [(months[0][0].iloc[:0], None)])
    with pytest.raises(InputError, match="hold another of the same time"):
        run(store, coverage, [months[0], months[0]])
    with pytest.raises(InputError, match="is of level L2A, not L1C"):
        run(store, coverage, months, chain="L1C/mean")
    moved = TileCoverage(
        coverage.tile, coverage.parcels, coverage.inside,
        tuple((bands, operator) for bands, operator in coverage.groups), coverage.outside,
    )  # fmt: skip
    for _, operator in moved.groups:
        object.__setattr__(operator, "grid_shape", (1, 1))
    try:
        with pytest.raises(InputError, match="lies on another grid than the tile's"):
            run(store, moved, months)
    finally:
        for _, operator in moved.groups:
            object.__setattr__(operator, "grid_shape", (1200 // round(operator.geobox.affine.a),) * 2)


class _Grown:
    """A scene of any size and date, made up on the fly: nothing but what is asked for is ever in memory."""

    def __init__(self, side: int, number: int) -> None:
        from affine import Affine
        from odc.geo.geobox import GeoBox

        self.id, self.number = f"S{number:03d}", number
        self.geoboxes = {"B02": GeoBox((side, side), Affine(10, 0, 600000, 0, -10, 5400000), "EPSG:32632")}

    def read(self, band: str, window: Any) -> np.ma.MaskedArray:  # noqa: ARG002
        rows = np.arange(window.row_off, window.row_off + window.height)[:, None]
        columns = np.arange(window.col_off, window.col_off + window.width)
        values = ((rows * 7 + columns * 3 + self.number * 11) % 4000).astype(np.int32)
        return np.ma.MaskedArray(values, mask=(rows // 50 + columns // 50 + self.number) % 3 == 0)


def test_the_whole_cube_is_never_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    side, dates = 300, 40
    monkeypatch.setattr(pixels, "bands_of", lambda level: ("B02",))  # noqa: ARG005
    monkeypatch.setattr("cloudrobust.steps.blocks.AT_ONCE", 200_000)
    grid = Grid("32UPU", _Grown(side, 0).geoboxes)
    edges = np.arange(0, side * 10, 500)
    shapes = [shapely.box(600000 + x, 5400000 - y - 490, 600000 + x + 490, 5400000 - y) for x in edges for y in edges]
    frame = gpd.GeoDataFrame(
        {"parcel": [f"p{number}" for number in range(len(shapes))], "status": "usable"}, geometry=shapes, crs=32632
    )
    frame["interior"] = frame.geometry
    coverage = TileCoverage.build(frame, grid)
    times = pd.date_range("2022-01-03T10:00:00", periods=dates, freq="9D")
    index = pd.DataFrame(
        {"id": [f"S{n:03d}" for n in range(dates)], "tile": "32UPU", "level": "L2A", "time": times,
         "baseline": "05.09", "offset": -1000, "number": range(dates)}
    )  # fmt: skip
    peaks = {}
    for memory in (2**30, 1_500_000):
        tracemalloc.start()
        result = aggregate(
            [index], [None], coverage, made({"do": "interpolate", "every": "30d"}), None, chain="L2A/equal/mean",
            memory=memory, opener=lambda row, store: _Grown(side, row.number),  # noqa: ARG005
        )  # fmt: skip
        peaks[memory] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert np.isfinite(result["reflectance"]).all()
    cube = side * side * dates * 4
    assert peaks[2**30] > cube  # one block holds it all: the measure sees the cube where it is
    assert peaks[1_500_000] < 0.6 * cube


class _Marked:
    """A scene that leaves a file named after the process in which it is read."""

    def __init__(self, scene: Any) -> None:
        self.scene, self.id, self.geoboxes = scene, scene.id, scene.geoboxes
        self.folder = Path(os.environ["CLOUDROBUST_TEST_PROCESSES"])

    def read(self, band: str, window: Any) -> np.ma.MaskedArray:
        (self.folder / str(os.getpid())).touch()
        return self.scene.read(band, window)


def test_workers_of_dask_give_the_same_numbers_to_the_bit_though_one_is_killed(
    store: Path, coverage: TileCoverage, months: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setenv("CLOUDROBUST_TEST_PROCESSES", str(tmp_path))
    steps = ({"do": "bands", "keep": ["B02", "B8A"]}, {"do": "interpolate", "every": "7d"})

    def series(**more: Any) -> tuple[xr.Dataset, set[int]]:
        for file in tmp_path.iterdir():
            file.unlink()
        opener = lambda row, folder: _Marked(open_scene(row, folder))  # noqa: E731
        made = run(store, coverage, months, *steps, memory=40_000, opener=opener, **more)
        return made, {int(file.name) for file in tmp_path.iterdir()}

    here, processes = series(threads=3)
    assert processes == {os.getpid()}
    add, killed = pixels._Account.add, []
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as running:
        address = AddressDask(address=running.scheduler_address)
        with connected(address) as client:
            far, processes = series(client=client)
        xr.testing.assert_identical(far, here)
        assert processes
        assert os.getpid() not in processes
    with connected(LocalDask(workers=2, memory="1GB")) as client:
        victim = sorted(client.run(os.getpid).values())[0]

        def kill_once(account: Any, sums: Any) -> None:
            add(account, sums)
            if not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        monkeypatch.setattr(pixels._Account, "add", kill_once)
        far, processes = series(client=client)
    assert killed
    xr.testing.assert_identical(far, here)
    assert len(processes - {victim}) >= 1
    assert os.getpid() not in processes


def test_the_blocks_do_not_depend_on_the_threads(store: Path, coverage: TileCoverage, months: list) -> None:
    steps = (FEW, {"do": "interpolate"})
    one, four = (run(store, coverage, months, *steps, memory=60_000, threads=n) for n in (1, 4))
    xr.testing.assert_identical(one, four)
