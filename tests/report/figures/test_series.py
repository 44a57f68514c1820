"""One parcel through the year."""

from __future__ import annotations

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.errors import InputError
from cloudrobust.report.figures.series import clear_fraction_of, series_figure
from cloudrobust.report.palette import BANDS
from cloudrobust.report.style import save


@pytest.fixture
def figure(series):
    return series_figure(*series, "f01")


def test_all_bands_are_drawn_in_their_colours_and_named_by_wavelength(figure, with_gid):
    for band, colour in BANDS.items():
        (line,) = with_gid(figure, f"raw {band}")
        assert line.get_color() == colour
        assert len(line.get_xdata()) == 24
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == 13
    assert labels[0] == "B01  443"
    assert labels[-1].startswith("B12  2202")
    assert len(with_gid(figure, "preprocessed B08")) == 1
    assert with_gid(figure, "preprocessed B10") == []


def test_cloudy_dates_are_marked_and_no_others(series, figure, with_gid):
    masked = series[1]
    cloudy = masked["time"].values[masked["clear_fraction"].values[0] < 0.5]
    middles = sorted(strip.get_x() + strip.get_width() / 2 for strip in with_gid(figure, "cloud"))
    assert middles == pytest.approx(matplotlib.dates.date2num(cloudy))
    assert len(middles) == 5
    assert "24 dates; of 16 whose clouds are known 5 are cloudy" in figure.axes[0].get_title("left")


def test_threshold_decides_what_is_cloudy(series, with_gid):
    assert with_gid(series_figure(*series, "f01", threshold=0.05), "cloud") == []


def test_measured_and_filled_in_values_differ(series, figure, with_gid):
    _, _, preprocessed = series
    observed = preprocessed["observed"].values[0].astype(bool)
    measured, filled = with_gid(figure, "measured"), with_gid(figure, "filled in")
    assert len(measured) == len(filled) == 12
    assert len(measured[0].get_xdata()) == observed.sum()
    assert len(filled[0].get_xdata()) == (~observed).sum()
    assert filled[0].get_markerfacecolor() == "white"
    assert measured[0].get_markerfacecolor() != "white"


def test_a_date_of_a_step_is_measured_if_something_was_within_half_of_it(series, with_gid):
    raw, masked, preprocessed = series
    times = preprocessed["time"].values
    step = np.diff(times)[0] / np.timedelta64(1, "D")
    distance = np.full((preprocessed.sizes["parcel"], len(times)), step)
    distance[:, :3] = step / 2
    distance[:, 3] = np.nan
    known = preprocessed.assign(observation_distance=(("parcel", "time"), distance))
    figure = series_figure(raw, masked, known, "f01")
    assert len(with_gid(figure, "measured")[0].get_xdata()) == 3
    assert "3 of them measured" in figure.axes[1].get_title("left")
    assert "measured within half a step" in [text.get_text() for text in figure.legends[1].get_texts()]


def test_clear_observations_are_shown_with_their_spread(series, figure, with_gid):
    _, masked, _ = series
    crosses = with_gid(figure, "observation")
    assert len(crosses) == 12
    assert len(crosses[0].get_xdata()) == int(masked["observed"].sum())
    assert len(with_gid(figure, "spread")) == 12


def test_without_a_spread_none_is_drawn(series, with_gid):
    raw, masked, preprocessed = series
    assert with_gid(series_figure(raw, masked.drop_vars("reflectance_std"), preprocessed, "f01"), "spread") == []


def test_both_panels_share_their_axes_and_dates_are_dates(figure):
    top, bottom = figure.axes
    assert top.get_xlim() == bottom.get_xlim()
    assert top.get_ylim() == bottom.get_ylim()
    figure.draw_without_rendering()
    months = [label.get_text() for label in bottom.get_xticklabels()]
    assert {"Feb", "Mar", "Oct", "Dec"} <= set(months)
    assert bottom.get_xlabel() == "2018"
    assert (top.get_ylabel(), bottom.get_ylabel()) == ("reflectance (L1C)", "reflectance (L2A)")


def test_arrows_point_to_a_cloud_and_to_the_ground(figure):
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    assert set(texts) == {"cloud", "ground"}
    assert texts["cloud"].xy[1] == pytest.approx(0.7)
    assert texts["ground"].xy[1] < 0.5


def test_dates_outside_the_covered_window_are_hatched(figure, with_gid):
    before, after = with_gid(figure, "outside")[:2]
    number = matplotlib.dates.date2num
    assert before.get_x() + before.get_width() == pytest.approx(number(pd.Timestamp("2018-03-01")))
    assert after.get_x() == pytest.approx(number(pd.Timestamp("2018-11-01")))


def test_clear_fractions_are_matched_by_acquisition(series):
    raw, masked, _ = series
    found = clear_fraction_of(raw.sel(parcel="f01"), masked.sel(parcel="f01"))
    season = np.isin(raw["time"].values, masked["time"].values)
    assert np.isfinite(found.values).tolist() == season.tolist()
    late = masked.assign_coords(time=masked["time"] + np.timedelta64(1, "h"))
    assert clear_fraction_of(raw.sel(parcel="f01"), late.sel(parcel="f01")).isnull().all()


def test_clouds_of_the_whole_year_are_marked_and_unknown_ones_told_apart(series, with_gid):
    raw, masked, preprocessed = series
    share = np.where(np.arange(raw.sizes["time"]) % 2, 0.9, 0.1).astype(np.float32)[None]
    clouds = raw[["observed"]].sel(parcel=["f01"]).assign(clear_fraction=(("parcel", "time"), share))
    figure = series_figure(raw, masked, preprocessed, "f01", clouds=clouds)
    assert len(with_gid(figure, "cloud")) == raw.sizes["time"] / 2
    assert not with_gid(figure, "unknown")
    assert figure.axes[0].get_title("left").endswith("24 dates, 12 of them cloudy")
    clouds["clear_fraction"][:, :5] = np.nan
    figure = series_figure(raw, masked, preprocessed, "f01", clouds=clouds)
    assert len(with_gid(figure, "unknown")) == 5
    assert "clouds unknown" in [text.get_text() for text in figure.legends[1].get_texts()]
    assert "24 dates; of 19 whose clouds are known" in figure.axes[0].get_title("left")


def test_a_parcel_that_is_never_seen_clear_can_be_drawn(series, with_gid, tmp_path):
    raw, masked, preprocessed = series
    blind = masked.assign(observed=masked["observed"] * 0, clear_fraction=masked["clear_fraction"] * 0)
    empty = preprocessed.assign(reflectance=preprocessed["reflectance"] * np.nan, observed=preprocessed["observed"] * 0)
    figure = series_figure(raw, blind, empty, "f01")
    assert len(with_gid(figure, "cloud")) == 16
    assert [text.get_text() for text in figure.axes[0].texts] == ["cloud"]
    save(figure, tmp_path / "blind")


def test_a_table_that_knows_no_clouds_can_be_drawn(series, with_gid):
    raw, masked, preprocessed = series
    table = masked.drop_vars("clear_fraction")
    figure = series_figure(raw, table, preprocessed, "f01", names=("delivered", "smooth"))
    assert with_gid(figure, "cloud") == []
    assert len(figure.axes[0].texts) == 0
    assert figure.axes[0].get_title("left").endswith("delivered: 24 dates")
    assert "smooth: 18 dates, 9 of them measured" in figure.axes[1].get_title("left")
    words = [text.get_text() for text in figure.legends[1].get_texts()]
    assert words == ["not in smooth", "observation", "measured on that day", "filled in"]


def test_an_unknown_parcel_is_an_error(series):
    with pytest.raises(InputError, match="raw series does not hold parcel 'f99'"):
        series_figure(*series, "f99")


def test_the_same_series_gives_the_same_bytes(series, tmp_path):
    one, two = (save(series_figure(*series, "f01"), tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_real_raw_series_are_drawn(real_data, series, with_gid):
    """Fifty real L1C dates of a Bavarian parcel, clouds and all."""
    order = ["B01", "B10", "B11", "B12", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09"]
    values = np.load(real_data / "bavaria-l1c-2018" / "x.npy")[0]
    times = pd.date_range("2018-01-03T10:21", periods=len(values), freq="7D")
    raw = xr.Dataset(
        {"reflectance": (("parcel", "time", "band"), values[None])},
        coords={"parcel": ["f01"], "time": times, "band": order},
        attrs={"level": "L1C"},
    )
    figure = series_figure(raw, *series[1:], "f01")
    (line,) = with_gid(figure, "raw B02")
    np.testing.assert_allclose(line.get_ydata(), values[:, 4])
    assert figure.axes[0].get_ylim()[1] > values.max()
