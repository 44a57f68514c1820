"""Confusion matrices side by side."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from cloudrobust.report.figures.confusion import confusion_figure


def matrix(counts, names) -> xr.DataArray:
    counts = np.asarray(counts)
    dims = ("seed", "true", "predicted")[-counts.ndim :]
    return xr.DataArray(counts, dims=dims, coords={"true": list(names), "predicted": list(names)})


def test_rows_are_shares_of_the_true_class_with_the_largest_first():
    figure = confusion_figure({"raw": matrix([[1, 1, 0], [2, 6, 0], [0, 0, 4]], "abc")}, "lstm")
    image = figure.axes[0].get_images()[0].get_array()
    # b has 8 parcels, c 4, a 2.
    np.testing.assert_allclose(image, [[75, 0, 25], [0, 100, 0], [50, 0, 50]])
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["b (8)", "c (4)", "a (2)"]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["b", "c", "a"]


def test_seeds_are_summed_but_parcels_counted_once():
    two = matrix([[[2, 0], [0, 1]], [[0, 2], [0, 1]]], "ab")
    axes = confusion_figure({"raw": two}, "lstm").axes[0]
    np.testing.assert_allclose(axes.get_images()[0].get_array(), [[50, 50], [0, 100]])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a (2)", "b (1)"]
    assert "0.667 right" in axes.get_title("left")


def test_both_branches_stand_side_by_side_in_the_same_order():
    raw, clear = matrix([[3, 0], [0, 1]], "ab"), matrix([[1, 2], [1, 0]], "ab")
    first, second, _ = confusion_figure({"raw": raw, "clear": clear}, "msresnet").axes
    assert "MS-ResNet, raw" in first.get_title("left")
    assert "MS-ResNet, clear" in second.get_title("left")
    np.testing.assert_allclose(second.get_images()[0].get_array(), [[100 / 3, 200 / 3], [100, 0]])
    assert first.get_position().x1 < second.get_position().x0


def test_a_class_that_never_occurs_is_left_out_and_one_only_called_is_blank():
    counts = [[3, 0, 1], [0, 0, 0], [0, 0, 0]]
    axes = confusion_figure({"raw": matrix(counts, "abc")}, "lstm").axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a (4)", "c (0)"]
    assert np.isnan(np.ma.filled(axes.get_images()[0].get_array(), np.nan)[1]).all()


@pytest.mark.parametrize(("size", "written"), [(9, True), (34, False)])
def test_numbers_are_written_while_there_is_room(size, written):
    figure = confusion_figure({"raw": matrix(np.eye(size, dtype=int) * 5, [f"class {n}" for n in range(size)])}, "lstm")
    assert len(figure.axes[0].texts) == (size if written else 0)
    assert len(figure.axes[0].get_yticklabels()) == size
    gap = figure.get_size_inches()[1] * figure.axes[0].get_position().height / size * 72
    assert figure.axes[0].get_yticklabels()[0].get_fontsize() < gap  # labels do not touch
