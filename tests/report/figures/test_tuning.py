"""The picture of a search."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cloudrobust.report.figures.tuning import tuning_figure
from cloudrobust.report.palette import PREPROCESSED, RAW


def trials() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"branch": branch, "model": model, "trial": n, "kappa": random.uniform(0.3, 0.9)}
            for branch in ("raw", "preprocessed")
            for model in ("lstm", "ltae")
            for n in range(9)
        ]
    )


def test_each_model_has_its_trials_and_the_best_so_far_never_falls() -> None:
    table = trials()
    shares = {"hidden": 0.7, "learning_rate": 0.3}
    figure = tuning_figure(table, {("raw", "lstm"): shares, ("preprocessed", "lstm"): {}}, "raw", "preprocessed")
    courses = [axes for axes in figure.axes if axes.get_ylabel()]
    assert [axes.get_title(loc="left") for axes in courses] == ["LSTM", "L-TAE"]
    for axes, model in zip(courses, ("lstm", "ltae"), strict=True):
        for branch, colour in (("raw", RAW), ("preprocessed", PREPROCESSED)):
            kappa = table["kappa"][(table["branch"] == branch) & (table["model"] == model)].to_numpy()
            dots, best, configured = (line for line in axes.lines if line.get_color() == colour)
            np.testing.assert_array_equal(dots.get_ydata(), kappa)
            np.testing.assert_array_equal(best.get_ydata(), [kappa[: n + 1].max() for n in range(9)])
            assert set(configured.get_ydata()) == {kappa[0]}
    bars = [axes for axes in figure.axes if not axes.get_ylabel()]
    assert [label.get_text() for label in bars[0].get_yticklabels()] == ["hidden", "learning rate"]
    assert [round(bar.get_width(), 3) for bar in bars[0].patches] == [0.7, 0.3, 0.0, 0.0]
    assert [text.get_text() for text in bars[1].texts] == ["too few trials to tell"]
