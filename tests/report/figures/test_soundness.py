"""Figures of calibration, confidence, splits and robustness: every number that is given is drawn where it belongs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cloudrobust.report.figures.other_splits import claims_figure, folds_figure
from cloudrobust.report.figures.reliability import reliability_figure
from cloudrobust.report.figures.robustness import robustness_figure, robustness_parcels_figure
from cloudrobust.report.figures.split_distance import split_distance_figure


def with_gid(figure: Figure, gid: str) -> list:
    return [artist for axes in figure.axes for artist in axes.get_children() if artist.get_gid() == gid]


def test_a_reliability_diagram_has_a_panel_a_model_and_a_point_a_bin() -> None:
    bins = pd.DataFrame(
        [
            (b, m, s, 0.55, 0.5 + 0.1 * s, 7)
            for b in ("raw", "preprocessed")
            for m in ("lstm", "forest")
            for s in (False, True)
        ],
        columns=["branch", "model", "scaled", "confidence", "accuracy", "answers"],
    )
    figure = reliability_figure(bins, {("raw", "lstm"): (0.2, 0.1)}, "raw", "preprocessed")
    assert len(with_gid(figure, "before")) == len(with_gid(figure, "after")) == 4
    assert np.asarray(with_gid(figure, "after")[0].get_offsets()).tolist() == [[0.55, 0.6]]
    assert "error, raw: .200 → .100" in figure.axes[0].get_xlabel()


def test_distances_are_drawn_as_the_share_that_lies_nearer() -> None:
    rows = [("split", "test", "train", d) for d in (0.0, 20.0, 40.0, 400.0)] + [("random", "test", "train", 0.0)]
    figure = split_distance_figure(pd.DataFrame(rows, columns=["split", "part", "to", "distance"]))
    line = with_gid(figure, "split test train")[0]
    x, y = line.get_data()
    assert dict(zip(x.tolist(), y.tolist(), strict=True))[40.0] == 0.75
    assert "median 30 m" in line.get_label()
    assert len(with_gid(figure, "random test train")) == 1


@pytest.fixture
def curves() -> pd.DataFrame:
    day = float(np.datetime64("2022-06-01", "ns").astype(np.int64))
    rows = [
        (branch, model, kind, x, 0.8 - 0.1 * n, 0.7 - 0.1 * n, 0.9 - 0.1 * n)
        for branch in ("raw", "preprocessed")
        for model in ("lstm", "forest")
        for kind, xs in {
            "lost": (0, 0.5), "clouded": (0, 0.5), "end": (day, day + 30 * 86400e9), "clear dates": (9, 12),
            "cloud share": (0.2, 0.6),
        }.items()
        for n, x in enumerate(xs)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["branch", "model", "kind", "x", "accuracy", "low", "high"])


def test_robustness_has_a_curve_for_every_branch_in_every_panel(curves) -> None:
    figure = robustness_figure(curves, "raw", "preprocessed")
    assert len(figure.axes) == 2 * 3
    for axes in figure.axes:
        for branch in ("raw", "preprocessed"):
            (line,) = [one for one in axes.lines if one.get_gid() == branch]
            assert line.get_ydata().tolist() == pytest.approx([0.8, 0.7])
    assert len(robustness_parcels_figure(curves, "raw", "preprocessed").axes) == 2 * 2


def test_without_clouds_robustness_still_has_a_figure(curves) -> None:
    left = curves[~curves["kind"].isin(["clouded", "clear dates", "cloud share"])]
    assert len(robustness_figure(left, "raw", "preprocessed").axes) == 2 * 2
    assert not robustness_parcels_figure(left, "raw", "preprocessed").axes


def test_claims_and_folds_are_drawn_branch_by_branch() -> None:
    claims = pd.DataFrame(
        {"branch": ["raw", "preprocessed"], "model": "lstm", "study": 0.7, "study_error": 0.02, "random": 0.8,
         "random_error": 0.02, "claimed": 0.1, "claimed_error": 0.03}
    )  # fmt: skip
    figure = claims_figure(claims, "raw", "preprocessed")
    assert "+.100 ± .030" in [text.get_text() for text in figure.axes[0].texts]
    scores = pd.DataFrame(
        [(f, b, "lstm", 0.7 + 0.01 * f) for f in range(3) for b in ("raw", "preprocessed")],
        columns=["fold", "branch", "model", "accuracy"],
    )
    assert len(with_gid(folds_figure(scores, "raw", "preprocessed"), "fold")) == 6
