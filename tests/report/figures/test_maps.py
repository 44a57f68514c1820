"""What all maps share."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cloudrobust.errors import InputError
from cloudrobust.report.figures.maps import ParcelMap, bar_length


@pytest.mark.parametrize(("width", "length"), [(40, 10), (6, 1), (8, 2), (1, 0.2), (0.9, 0.2), (0.1, 0.02)])
def test_scale_bars_are_round_and_at_most_a_quarter(width, length):
    assert bar_length(width) == pytest.approx(length)


def test_coordinates_are_kilometres_from_the_south_west_corner(parcels):
    chart = ParcelMap(parcels)
    assert chart.size == pytest.approx((1.19, 1.19))
    assert chart.outlines[1].vertices.min(axis=0) == pytest.approx([0.0, 0.2])


def test_holes_stay_holes(parcels):
    outline = ParcelMap(parcels).outlines[0]
    assert outline.contains_point((0.02, 0.02))
    figure = Figure(figsize=(1.19, 1.19), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    chart = ParcelMap(parcels)
    chart.draw(axes, np.arange(36) == 0, facecolor="black", linewidth=0)
    axes.set(xlim=(0, 0.19), ylim=(0, 0.19))
    axes.set_axis_off()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., 0]
    assert pixels[59, 59] == 255  # the middle of the hole
    assert pixels[59, 10] == 0


def test_parcels_without_position_are_counted(parcels):
    parcels.loc[3:4, "geometry"] = None
    chart = ParcelMap(parcels)
    assert chart.without_position == 2
    assert len(chart.outlines) == 34


def test_points_become_discs_and_degrees_metres():
    points = gpd.GeoDataFrame({"parcel": ["a", "b"]}, geometry=gpd.points_from_xy([11.0, 11.1], [48.0, 48.0]), crs=4326)
    chart = ParcelMap(points)
    assert chart.size[0] == pytest.approx(7.46, abs=0.02)  # a tenth of a degree at 48° north
    assert chart.size[1] == pytest.approx(0.6 * chart.size[0])  # two points on a line still make a map
    assert len(chart.outlines[0].vertices) > 8


def test_no_position_at_all_is_an_error():
    frame = gpd.GeoDataFrame({"parcel": ["a"]}, geometry=[None])
    with pytest.raises(InputError, match="none has a position"):
        ParcelMap(frame)


def test_maps_have_axes_scale_bar_and_north_arrow(parcels, with_gid):
    figure = Figure()
    axes = figure.subplots()
    chart = ParcelMap(parcels)
    assert chart.draw(axes, np.zeros(36, bool)) is None
    assert len(chart.draw(axes, np.ones(36, bool)).get_paths()) == 36
    chart.frame(axes)
    assert axes.get_xlabel() == "east (km)"
    (bar,) = with_gid(figure, "scale bar")
    assert np.ptp(bar.get_xdata()) == pytest.approx(0.2)
    assert axes.get_xlim() == pytest.approx((-0.02 * 1.19, 1.02 * 1.19))
    assert len(with_gid(figure, "north")) == 1


def test_multipolygons_are_one_outline():
    two = shapely.MultiPolygon([shapely.box(0, 0, 100, 200), shapely.box(200, 0, 300, 200)])
    chart = ParcelMap(gpd.GeoDataFrame({"parcel": ["a"]}, geometry=[two], crs=32632))
    assert len(chart.outlines) == 1
    assert chart.outlines[0].contains_point((0.25, 0.05))
    assert not chart.outlines[0].contains_point((0.15, 0.05))
