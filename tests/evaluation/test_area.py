from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from cloudrobust.evaluation.area import adjusted_areas, effective_counts, olofsson, wilson

# Olofsson et al. 2014, table 8: deforestation, forest gain, stable forest and non-forest; the map in pixels of 30 m.
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]], float)
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000], float)


def test_the_example_of_the_paper_comes_out() -> None:
    found = olofsson(COUNTS, PIXELS * 0.09)
    assert found.area[0] == pytest.approx(21_158, abs=1)
    assert 1.96 * found.error[0] == pytest.approx(6_158, abs=10)
    assert found.area.sum() == pytest.approx(900_000)
    # Of a rare class the interval is no longer symmetric; it is a quarter wider than the paper's.
    assert found.low[0] < found.area[0] < found.high[0]
    assert found.high[0] - found.low[0] == pytest.approx(2 * 6_158, rel=0.3)


def test_a_single_stratum_has_the_interval_of_statsmodels() -> None:
    for right, count in ((0, 5), (5, 5), (3, 8), (40, 50)):
        found = olofsson([[right, count - right]], [1.0])
        low, high = proportion_confint(right, count, method="wilson")
        assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=1e-6)
        assert wilson(right / count, count) == pytest.approx((low, high), abs=1e-6)


def rows(counts: dict[tuple[str | None, str], int], area: float = 1e4, fold: float | None = 1) -> list[dict]:
    return [
        {"declared": declared, "predicted": predicted, "area": area, "fold": fold}
        for (declared, predicted), count in counts.items()
        for _ in range(count)
    ]


def test_only_answers_out_of_fold_are_references() -> None:
    frame = pd.DataFrame(
        rows({("a", "a"): 8, ("b", "a"): 2, ("b", "b"): 10})
        + rows({(None, "b"): 5}, fold=None)
        + rows({("b", "a"): 50}, fold=None)
    )
    table = adjusted_areas(frame).set_index("class")
    assert table.loc["a", ["mapped", "reference", "declared"]].tolist() == [60, 8, 8]
    assert table.loc["a", "adjusted"] == pytest.approx(60 * 0.8)
    assert table["adjusted"].sum() == pytest.approx(75)
    assert table.loc["a", "low"] < 48 < table.loc["a", "high"]
    assert table.loc["a", "users_accuracy"] == 0.8
    assert table.loc["a", "users_low"] < 0.8 < table.loc["a", "users_high"]


def test_a_parcel_counts_by_its_area_and_unequal_ones_are_worth_fewer() -> None:
    frame = pd.DataFrame(rows({("a", "a"): 1}, area=3e4) + rows({("b", "a"): 3}, area=1e4))
    table = adjusted_areas(frame).set_index("class")
    assert table.loc["a", "adjusted"] == pytest.approx(3.0)
    assert effective_counts(frame, ["a", "b"]).sum() == pytest.approx(6**2 / (3**2 + 3))


def test_five_references_that_are_all_right_have_an_interval() -> None:
    table = adjusted_areas(pd.DataFrame(rows({("a", "a"): 5, ("b", "b"): 5})))
    assert (table["high"] - table["low"] > 1).all()
    assert table["users_low"].tolist() == pytest.approx([proportion_confint(5, 5, method="wilson")[0]] * 2)


@pytest.mark.parametrize("references", [5, 10, 20, 50])
@pytest.mark.parametrize("unequal", [False, True], ids=["one size", "many sizes"])
def test_the_interval_of_95_percent_holds_the_truth_at_least_93_times_in_a_hundred(
    references: int, unequal: bool
) -> None:
    """Maps of two to eight classes whose errors are known, right in 70 to 97 of a hundred parcels."""
    random = np.random.default_rng(references)
    held, wide = [], []
    for classes in (2, 3, 5, 8):
        for right in (0.7, 0.9, 0.97):
            truth = np.full((classes, classes), (1 - right) / (classes - 1))
            np.fill_diagonal(truth, right)
            areas = random.dirichlet(np.full(classes, 5.0))
            for _ in range(60):
                labels = np.array([random.choice(classes, references, p=row) for row in truth])
                sizes = random.lognormal(0, 0.6, labels.shape) if unequal else np.ones(labels.shape)
                # As `effective_counts` has it, without its tables.
                shares = (sizes[:, :, None] * (labels[:, :, None] == range(classes))).sum(1) / sizes.sum(1)[:, None]
                effective = sizes.sum(1) ** 2 / (sizes**2).sum(1)
                found = olofsson(shares * effective[:, None], areas)
                share = areas @ truth
                held.append(((found.low <= share) & (share <= found.high)).mean())
                wide.append((found.high - found.low).mean())
    assert np.mean(held) >= 0.93
    assert np.mean(wide) < {5: 0.4, 10: 0.3, 20: 0.2, 50: 0.12}[references]


def test_classes_with_too_few_references_are_joined_and_nothing_is_lost() -> None:
    counts = np.array([[10, 0, 0], [1, 9, 0], [0, 1, 0]], float)
    found = olofsson(counts, np.array([100.0, 50.0, 10.0]))
    assert found.area.sum() == pytest.approx(160)
    assert np.isfinite(found.error).all()


def test_without_areas_the_table_is_empty() -> None:
    frame = pd.DataFrame({"fold": [1], "declared": ["a"], "predicted": ["a"], "area": [np.nan]})
    assert adjusted_areas(frame).empty
