"""Both tables as one figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.compare import common_parcels, comparison_table, scores
from cloudrobust.report.figures.comparison import comparison_figure
from cloudrobust.report.palette import FAINT, INK
from cloudrobust.report.style import save


@pytest.fixture
def lines(frames):
    return scores(frames, common_parcels(frames).parcels)


def tables(lines):
    return {metric: comparison_table(lines, metric, "raw", "preprocessed") for metric in ("accuracy", "kappa")}


def test_every_seed_is_a_point_at_its_score(lines, with_gid):
    figure = comparison_figure(lines, tables(lines))
    points = np.concatenate([line.get_xdata() for line in with_gid(figure, "seeds")])
    assert sorted(points) == pytest.approx(sorted([*lines["accuracy"], *lines["kappa"]]))
    assert len(points) == 2 * 2 * 2 * 3


def test_every_difference_is_written_and_grey_within_its_deviation(lines, with_gid):
    both = tables(lines)
    both["accuracy"].loc[0, ["delta", "delta_deviation"]] = [0.003, 0.004]
    both["accuracy"].loc[1, ["delta", "delta_deviation"]] = [-0.038, 0.0044]
    texts = with_gid(comparison_figure(lines, both), "delta")
    assert [text.get_text() for text in texts[:2]] == ["+.003 ± .0040", "−.038 ± .0044"]
    assert [text.get_color() for text in texts[:2]] == [FAINT, INK]
    assert len(texts) == 4


def test_models_and_branches_are_named(lines):
    figure = comparison_figure(lines, tables(lines))
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["LSTM", "Transformer"]
    assert "Overall accuracy" in left.get_title("left")
    assert "Cohen's kappa" in right.get_title("left")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[:2] == ["preprocessed", "raw"]


def test_more_branches_get_their_own_marks(lines, with_gid):
    third = lines[lines["branch"] == "raw"].assign(branch="early")
    more = pd.concat([lines, third], ignore_index=True)
    figure = comparison_figure(more, tables(more))
    assert len(with_gid(figure, "seeds")) == 3 * 2 * 2
    assert "early" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_one_seed_can_be_drawn(lines, with_gid, tmp_path):
    one = lines[lines["seed"] == 0]
    figure = comparison_figure(one, tables(one))
    assert all(text.get_text().endswith("± –") for text in with_gid(figure, "delta"))
    assert all(path.stat().st_size > 1000 for path in save(figure, tmp_path / "one"))
