"""Image chips of one parcel through the year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from cloudrobust.errors import InputError
from cloudrobust.report.figures import chips as module
from cloudrobust.report.figures.chips import chips_figure, evenly, read_chips, stretch
from cloudrobust.report.style import save

CORNER = (600_000.0, 5_400_000.0)
BOX = GeoBox((100, 120), Affine(10, 0, CORNER[0], 0, -10, CORNER[1]), "EPSG:32632")


class Scene:
    """A scene of 100 x 120 pixels whose DN tells row, column and band; pixel (50, 50) holds no data."""

    def __init__(self, file: str) -> None:
        self.number = int(file)
        self.geoboxes = dict.fromkeys(("B02", "B03", "B04"), BOX)

    def window(self, band):  # noqa: ARG002
        """What is stored of it: all but the last 20 columns."""
        return Window(0, 0, 100, 100)

    def read(self, band, window=None):
        assert window.col_off + window.width <= 100
        rows, columns = np.mgrid[:100, :120]
        values = np.ma.array(1000 * int(band[1:]) + rows + columns + self.number, dtype=np.int32)
        values[50, 50] = np.ma.masked
        return values[window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width]


@pytest.fixture
def index(monkeypatch) -> pd.DataFrame:
    monkeypatch.setattr(module, "open_scene", lambda row, _store: Scene(row["file"]))
    times = pd.date_range("2018-01-03T10:21:09", periods=70, freq="5D")
    frame = pd.DataFrame({"id": [f"S{n}" for n in range(70)], "tile": "32UPU", "level": "L1C", "time": times})
    frame["file"] = [str(n) for n in range(70)]
    return frame.sample(frac=1, random_state=0)


@pytest.fixture
def parcel() -> shapely.Polygon:
    """A field of 100 m round the middle of pixel (50, 50)."""
    return shapely.box(CORNER[0] + 455, CORNER[1] - 555, CORNER[0] + 555, CORNER[1] - 455)


def test_dates_are_spread_evenly_from_the_first_to_the_last():
    assert evenly(5, 32).tolist() == [0, 1, 2, 3, 4]
    chosen = evenly(70, 32)
    assert (len(chosen), chosen[0], chosen[-1]) == (32, 0, 69)
    assert set(np.diff(chosen)) == {2, 3}


def test_chips_hold_the_pixels_around_the_parcel(index, parcel):
    chips = read_chips(index, None, parcel, 32632, side=200.0)
    assert dict(chips.sizes) == {"time": 32, "y": 20, "x": 20, "colour": 3}
    assert chips["time"].values[0] == np.datetime64("2018-01-03T10:21:09")
    assert chips["time"].values[-1] == index["time"].max().to_datetime64()
    # Pixel centres and their numbers: row 60, column 45 of band 3 in the first scene.
    at = chips.sel(x=CORNER[0] + 455, y=CORNER[1] - 585, colour="B03").isel(time=0)
    assert at["chip"].item() == 3000 + 58 + 45
    assert float(chips["x"].mean()) == pytest.approx(parcel.centroid.x, abs=5.01)
    assert float(chips["y"].mean()) == pytest.approx(parcel.centroid.y, abs=5.01)


def test_no_data_and_what_lies_beyond_the_image_are_missing(index, parcel):
    whole = read_chips(index, None, parcel, 32632, side=200.0)
    assert int(whole["chip"].isel(time=0, colour=0).isnull().sum()) == 1
    west = shapely.affinity.translate(parcel, xoff=-500)
    edge = read_chips(index, None, west, 32632, side=200.0)["chip"].isel(time=0, colour=0)
    assert edge.sizes == {"y": 20, "x": 20}
    assert edge.isnull().any("y").values.tolist() == [bool(x < CORNER[0]) for x in edge["x"].values]
    east = shapely.affinity.translate(parcel, xoff=500)  # the store holds 100 of 120 columns
    kept = read_chips(index, None, east, 32632, side=200.0)["chip"].isel(time=0, colour=0)
    assert kept.isnull().any("y").values.tolist() == [bool(x > CORNER[0] + 1000) for x in kept["x"].values]
    far = read_chips(index, None, shapely.affinity.translate(parcel, xoff=-9000), 32632, side=200.0)
    assert bool(far["chip"].isnull().all())


def test_parcels_in_another_crs_are_transformed(index, parcel):
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(32632, 4326, always_xy=True)
    degrees = shapely.transform(parcel, to_degrees.transform, interleaved=False)
    chips = read_chips(index, None, degrees, 4326, side=200.0)
    found = shapely.from_wkt(chips.attrs["parcel"])
    assert shapely.hausdorff_distance(found, parcel) < 0.01


def test_an_empty_index_and_several_tiles_are_errors(index, parcel):
    with pytest.raises(InputError, match="holds no scene"):
        read_chips(index.iloc[:0], None, parcel, 32632)
    two = index.assign(tile=["32UPU"] * 69 + ["32UQU"])
    with pytest.raises(InputError, match="32UPU, 32UQU"):
        read_chips(two, None, parcel, 32632)


def test_the_stretch_is_common_and_made_for_the_ground():
    ground = np.linspace(800, 2800, 400).reshape(20, 20, 1) + np.array([0, 100, 300])
    chips = xr.DataArray(np.stack([ground, ground + 5000, ground + 6000]), dims=("time", "y", "x", "colour"))
    black, width = stretch(chips)
    assert black == pytest.approx(np.percentile(ground, 2, axis=(0, 1)), abs=1)
    assert width == pytest.approx(module.HEADROOM * 2000 * 0.96, rel=0.01)
    uniform = xr.full_like(chips, 1500.0)
    assert stretch(uniform)[1] == module.LEAST_RANGE
    assert stretch(chips * np.nan)[1] == 1.0


@pytest.fixture
def chips(index, parcel):
    return read_chips(index, None, parcel, 32632, side=200.0)


def test_32_chips_with_dates_and_outlines(chips, with_gid):
    figure = chips_figure(chips, "Parcel f01")
    shown = [axes for axes in figure.axes if axes.get_images()]
    assert len(shown) == 32
    assert [axes.get_title("left") for axes in shown] == [
        f"{t:%Y-%m-%d}" for t in pd.DatetimeIndex(chips["time"].values)
    ]
    outlines = with_gid(figure, "outline")
    assert len(outlines) == 32
    assert np.ptp(outlines[0].get_xdata()) == pytest.approx(100)
    assert "200 m wide" in figure.get_supxlabel()


def test_clear_fractions_are_written_and_cloudy_dates_framed(chips):
    times = pd.DatetimeIndex(chips["time"].values)
    figure = chips_figure(chips, "Parcel", {times[0]: 0.934, times[1]: 0.12, times[2]: float("nan")})
    first, second, third = figure.axes[:3]
    assert [axes.get_title("right") for axes in (first, second, third)] == ["93 %", "12 %", ""]
    widths = [axes.spines["left"].get_linewidth() for axes in (first, second, third)]
    assert widths[1] > 2 * widths[0]
    assert widths[2] < widths[1]
    styles = [axes.spines["left"].get_linestyle() for axes in (first, second, third)]
    assert styles == ["solid", "solid", ":"]
    assert "dotted frame: unknown" in figure.get_supxlabel()
    known = chips_figure(chips, "Parcel", dict.fromkeys(times, 0.9))
    assert "unknown" not in known.get_supxlabel()


def test_fewer_dates_leave_cells_empty(chips):
    figure = chips_figure(chips.isel(time=slice(0, 11)), "Parcel")
    assert len(figure.axes) == 16
    assert sum(axes.axison for axes in figure.axes) == 11


def test_real_scenes_keep_clouds_white_and_ground_dark(real_data, tmp_path):
    """Five real acquisitions of one place: two cloudy, three clear."""
    files = sorted(p for p in (real_data / "slovenia-l1c-2015").glob("2015*.tif") if "cloudprob" not in p.name)
    values = []
    for file in files:
        with rasterio.open(file) as source:
            values.append(np.moveaxis(source.read([4, 3, 2])[:, 20:68, 20:68], 0, -1).astype(np.float32))
            transform = source.transform
    x, y = transform.c + transform.a * (np.arange(20, 68) + 0.5), transform.f + transform.e * (np.arange(20, 68) + 0.5)
    chips = xr.Dataset(
        {"chip": (("time", "y", "x", "colour"), np.stack(values))},
        coords={"time": pd.to_datetime([p.stem for p in files]), "x": x, "y": y, "colour": ["B04", "B03", "B02"]},
        attrs={"parcel": shapely.box(x[10], y[30], x[30], y[10]).wkt, "level": "L1C"},
    )
    figure = chips_figure(chips, "real")
    means = [float(np.mean(axes.get_images()[0].get_array())) for axes in figure.axes if axes.get_images()]
    cloudy = ["20150731" in p.name or "20150820" in p.name for p in files]
    assert all((mean > 0.8) == is_cloudy for mean, is_cloudy in zip(means, cloudy, strict=True))
    save(figure, tmp_path / "chips")
