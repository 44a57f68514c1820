"""The forest plot shows each model's range and verdict, and the margin."""

from __future__ import annotations

import numpy as np
import pytest

from cloudrobust.evaluation.verdict import verdicts
from cloudrobust.report.figures.verdict import verdict_figure


def test_every_model_has_its_range_and_its_verdict(frames, with_gid) -> None:
    parcels = sorted(set(frames["raw", "lstm"].query("part == 'test'")["parcel"]))
    table = verdicts(frames, parcels, {}, "raw", "preprocessed", 0.02, {("raw", "lstm"): (0,)})
    figure = verdict_figure(table)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LSTM", "Transformer"]
    ends = [found.get_segments()[0][:, 0] for found in with_gid(figure, "range")]
    np.testing.assert_allclose(ends, 100 * table[["low", "high"]].to_numpy(float))
    assert next(text.get_text() for text in with_gid(figure, "verdict")) == "did not finish learning"
    (band,) = with_gid(figure, "margin")
    assert (band.get_x(), band.get_width()) == pytest.approx((-2, 4))


def test_without_models_it_says_so() -> None:
    assert "No model" in verdict_figure(verdicts({}, [], {}, "raw", "clear", 0.01)).axes[0].texts[0].get_text()
