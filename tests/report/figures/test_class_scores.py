"""F1 of each class, raw against preprocessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.report.figures.class_scores import class_scores_figure


@pytest.fixture
def table() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "model": ["lstm", "lstm", "lstm", "tempcnn"],
            "class": ["maize", "winter wheat", "hops", "maize"],
            "parcels": [20, 5, 0, 20],
            "clear_mean": [0.8, 0.4, np.nan, 0.2],
            "clear_std": [0.01, 0.03, np.nan, 0.1],
            "raw_mean": [0.7, 0.5, np.nan, 0.1],
            "raw_std": [0.02, np.nan, np.nan, 0.1],
        }
    )
    return table


def test_a_dumbbell_for_each_class_in_the_order_of_the_table(table):
    axes = class_scores_figure(table, "lstm").axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["maize (20)", "winter wheat (5)"]
    raw, clear = axes.get_lines()
    assert raw.get_xdata().tolist() == [0.7, 0.5]
    assert clear.get_xdata().tolist() == [0.8, 0.4]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the largest class on top


def test_whiskers_only_where_a_deviation_is_known(table):
    axes = class_scores_figure(table, "lstm").axes[0]
    bars, raw, clear = axes.collections
    assert len(bars.get_segments()) == 2
    assert len(raw.get_segments()) == 1
    assert raw.get_segments()[0][:, 0].tolist() == pytest.approx([0.68, 0.72])
    assert len(clear.get_segments()) == 2


def test_classes_without_test_parcel_are_counted(table):
    figure = class_scores_figure(table, "lstm")
    assert figure.get_supxlabel() == "1 of the classes have no test parcel"
    assert class_scores_figure(table, "tempcnn").get_supxlabel() == ""
