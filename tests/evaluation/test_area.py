from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.area import adjusted_areas, olofsson

# Olofsson et al. 2014, table 8: deforestation, forest gain, stable forest and non-forest; the map in pixels of 30 m.
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]], float)
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000], float)


def test_the_example_of_the_paper_comes_out() -> None:
    areas, error = olofsson(COUNTS, PIXELS * 0.09)
    assert areas[0] == pytest.approx(21_158, abs=1)
    assert 1.96 * error[0] == pytest.approx(6_158, abs=10)
    assert areas.sum() == pytest.approx(900_000)


def test_the_table_is_made_from_test_parcels_alone() -> None:
    rows = []
    for part, declared, predicted, count in (
        ("test", "a", "a", 8), ("test", "b", "a", 2), ("test", "b", "b", 10), ("train", "b", "a", 50),
        ("none", None, "b", 5),
    ):  # fmt: skip
        rows += [{"part": part, "declared": declared, "predicted": predicted, "area": 1e4}] * count
    table = adjusted_areas(pd.DataFrame(rows)).set_index("class")
    assert table.loc["a", ["mapped", "reference"]].tolist() == [60, 8]
    assert table.loc["a", "adjusted"] == pytest.approx(60 * 0.8)
    assert table["adjusted"].sum() == pytest.approx(75)
    assert table.loc["a", "low"] < 48 < table.loc["a", "high"]
    assert table.loc["a", "users_accuracy"] == 0.8


def test_classes_with_too_few_references_are_joined_and_nothing_is_lost() -> None:
    counts = np.array([[10, 0, 0], [1, 9, 0], [0, 1, 0]], float)
    areas, error = olofsson(counts, np.array([100.0, 50.0, 10.0]))
    assert areas.sum() == pytest.approx(160)
    assert np.isfinite(error).all()


def test_without_areas_the_table_is_empty() -> None:
    frame = pd.DataFrame({"part": ["test"], "declared": ["a"], "predicted": ["a"], "area": [np.nan]})
    assert adjusted_areas(frame).empty
