"""Pictures of attention, gradients, gates and faithfulness: what is drawn is what was explained."""

from __future__ import annotations

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.collections import QuadMesh

from cloudrobust.evaluation.explanations.names import GATES
from cloudrobust.report.figures.attention import context_figure, graph_figure, matrix_figure, on_clouds_figure
from cloudrobust.report.figures.explained_series import edges, of_parcel, pictured
from cloudrobust.report.figures.faithfulness import faithfulness_figure
from cloudrobust.report.figures.gates import gates_figure
from cloudrobust.report.figures.gradients import class_gradients_figure, gradients_figure
from cloudrobust.report.style import save

from .explained import BANDS, HEADS, LAYERS, SHOWN, explanation


@pytest.fixture
def explained() -> xr.Dataset:
    return explanation()


def meshes(figure):
    """Matrices of pixels in the order in which they were drawn, without those of the colour bars."""
    bars = {axes for axes in figure.axes if axes.get_label() == "<colorbar>"}
    return [c for axes in figure.axes if axes not in bars for c in axes.collections if isinstance(c, QuadMesh)]


def test_only_shown_dates_and_the_pictured_parcel_are_kept(explained):
    one = of_parcel(explained, "f01")
    assert (one.sizes["date"], one.sizes["output"]) == (SHOWN, SHOWN)
    assert pictured(explained) == ["f01"]


def test_borders_lie_half_way_between_dates():
    assert edges(np.array([0.0, 10.0, 30.0])).tolist() == [-5, 5, 20, 40]
    assert edges(np.array([7.0])).tolist() == [2, 12]


def test_the_matrix_shows_every_layer_and_head(explained):
    found = meshes(matrix_figure(explained, "f01"))
    assert len(found) == LAYERS * HEADS
    for number, mesh in enumerate(found):
        weights = np.asarray(mesh.get_array()).reshape(SHOWN, SHOWN)
        assert weights[:, number % HEADS].tolist() == [1] * SHOWN
        assert weights.sum() == SHOWN


def test_lines_of_the_graph_leave_the_attended_date_and_reach_all_outputs(explained, with_gid):
    figure = graph_figure(explained, "f01", layer=1)
    lines = with_gid(figure, "lines")
    first = matplotlib.dates.date2num(explained["time"].values[0, :SHOWN])
    assert len(lines) == HEADS
    for head, collection in enumerate(lines):
        segments = np.array(collection.get_segments())
        assert segments.shape == (SHOWN, 2, 2)
        assert set(segments[:, 0, 0]) == {first[head]}
        assert sorted(segments[:, 1, 0]) == pytest.approx(first)


def test_attention_to_clouds_has_a_colour_and_a_number_of_its_own(explained, with_gid):
    figure = graph_figure(explained, "f01")
    cloudy, clear = (collection.get_colors()[0][:3].tolist() for collection in with_gid(figure, "lines")[:2])
    assert cloudy != clear  # the first head looks at a cloudy date, the second at a clear one
    titles = [axes.get_title("left") for axes in figure.axes[:2]]
    assert "100 % of its attention is on cloudy dates, which are 40 %" in titles[0]
    assert "0 % of its attention is on cloudy dates" in titles[1]


def test_the_context_points_out_the_most_attended_dates(explained, with_gid):
    figure = context_figure(explained, "f01")
    strongest = with_gid(figure, "strongest")
    first = matplotlib.dates.date2num(explained["time"].values[0, :SHOWN])
    per_head = len(strongest) // HEADS
    assert {marker.get_xdata()[0] for marker in strongest[:per_head]} >= {first[0]}
    assert len(with_gid(figure, "series B08")) == HEADS


def test_gradients_stand_by_band_and_date_with_a_scale_around_zero(explained):
    slopes, paths = meshes(gradients_figure(explained, "f01"))
    for mesh, name in ((slopes, "gradient"), (paths, "integrated")):
        drawn = np.asarray(mesh.get_array()).reshape(len(BANDS), SHOWN)
        assert drawn == pytest.approx(explained[name].sel(parcel="f01").values[:SHOWN].T)
        low, high = mesh.get_clim()
        assert low == pytest.approx(-high)


def test_each_class_shares_out_one_whole(explained):
    when, band = meshes(class_gradients_figure(explained, bins=6))
    assert np.asarray(when.get_array()).reshape(2, 6).sum(axis=1) == pytest.approx([1, 1])
    shares = np.asarray(band.get_array()).reshape(2, len(BANDS))
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    sizes = np.abs(explained["integrated"].values[1]).sum(axis=0)
    assert shares[1] == pytest.approx(sizes / sizes.sum(), rel=1e-5)


def test_gates_have_a_row_a_unit_sorted_by_the_forget_gate(explained):
    found = meshes(gates_figure(explained, "f01"))
    assert len(found) == len(GATES)
    forget = np.asarray(found[GATES.index("f")].get_array()).reshape(-1, SHOWN).mean(axis=1)
    assert (np.diff(forget) >= 0).all()


def test_faithfulness_draws_every_method_with_its_band(with_gid):
    rows = [
        {"method": m, "deleted": d, "probability": 1 - d * fall, "low": 0.9 - d * fall, "high": 1 - d * fall}
        for m, fall in (("attention", 0.9), ("random", 0.4))
        for d in (0.0, 0.5, 0.9)
    ]
    figure = faithfulness_figure({("raw", "transformer"): pd.DataFrame(rows)})
    (line,) = with_gid(figure, "attention")
    assert line.get_xdata().tolist() == [0, 50, 90]
    assert line.get_ydata() == pytest.approx([1, 0.55, 0.19])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["attention", "random"]
    assert len(figure.axes[0].collections) == 2


def test_what_falls_on_clouds_is_drawn_with_its_interval():
    row = {"class": "all", "parcels": 9, "on_marked": 0.1, "reference": 0.4, "difference": -0.3, "marked": "cloudy"}
    table = pd.DataFrame(
        [
            {"what": "integrated gradients", "layer": 0, "head": 0, "low": -0.4, "high": -0.1, **row},
            {"what": "attention", "layer": 1, "head": 1, "low": -0.35, "high": -0.2, **row},
            {"what": "attention", "layer": 0, "head": 0, "low": -0.35, "high": -0.2, **row},
        ]
    )
    figure = on_clouds_figure({("raw", "transformer"): table}, "raw")
    first = figure.axes[0]
    (interval,) = first.collections[-1:]
    assert sorted(np.array(interval.get_segments())[0][:, 0]) == pytest.approx([-0.4, -0.1])
    titles = [axes.get_title("left").split(maxsplit=1)[1] for axes in figure.axes]
    assert titles == ["integrated gradients", "attention by head", "attention by class"]


def test_the_same_explanation_gives_the_same_bytes(explained, tmp_path):
    one, two = (save(gradients_figure(explained, "f01"), tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_integrated_gradients_say_whether_they_add_up(explained):
    titles = [axes.get_title("left") for axes in gradients_figure(explained, "f01").axes]
    assert "against the average parcel (logit +2.50); error of the sum 1.2 %" in titles[2]
    explained["gap"][0] = 0.4
    titles = [axes.get_title("left") for axes in gradients_figure(explained, "f01").axes]
    assert "they do not add up: error 40 %" in titles[2]


def test_classes_are_told_apart_by_parcels_that_add_up(explained):
    explained["gap"][0] = 0.4
    figure = class_gradients_figure(explained)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["wheat"]
    assert figure.get_suptitle().startswith("1 of 2 parcels are left out")
    explained["gap"][:] = 0.4
    assert "of no parcel add up" in class_gradients_figure(explained).texts[0].get_text()


def test_dates_of_unknown_clouds_are_a_kind_of_their_own(explained, with_gid):
    explained["marked"][0, 1] = np.nan  # the date that the second head looks at
    for figure in (context_figure(explained, "f01"), graph_figure(explained, "f01")):
        legend = [text.get_text() for one in figure.legends for text in one.get_texts()]
        assert "unknown whether cloudy" in legend
        assert "to dates of which it is unknown" in legend
        cloudy, unknown, clear = (c.get_colors()[0][:3].tolist() for c in with_gid(figure, "lines")[:3])
        assert len({tuple(colour) for colour in (cloudy, unknown, clear)}) == 3
        assert len(with_gid(figure, "unknown")) == HEADS * (2 if len(figure.axes) > HEADS else 1)
    for figure in (gradients_figure(explained, "f01"), gates_figure(explained, "f01"), matrix_figure(explained, "f01")):
        assert with_gid(figure, "unknown")
    explained["marked"][0, 1] = 0
    assert not with_gid(gradients_figure(explained, "f01"), "unknown")
