from __future__ import annotations

import pandas as pd
import pytest

from cloudrobust.config.published import Published
from cloudrobust.evaluation.compare import comparison_table
from cloudrobust.report.published import beside
from cloudrobust.report.table_files import latex, markdown
from cloudrobust.report.tables import caption, comparison_text

FIGURES = {
    "citation": "Somebody 2019",
    "accuracy": {"lstm": {"raw": [0.8, 0.0026], "preprocessed": [0.804]}, "tempcnn": {"raw": [0.799, 0.0127]}},
    "kappa": {"lstm": {"raw": [0.756]}},
}


@pytest.fixture
def scores() -> pd.DataFrame:
    rows = [
        (branch, model, seed, 0.5 + 0.01 * seed, 0.4, 10)
        for branch in ("raw", "preprocessed")
        for model in ("lstm", "tempcnn", "forest")
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows, columns=["branch", "model", "seed", "accuracy", "kappa", "parcels"])


def table(scores: pd.DataFrame, metric: str, **change: object) -> pd.DataFrame:
    published = Published.model_validate(FIGURES | change)
    return beside(comparison_table(scores, metric, "raw", "preprocessed"), published)


def test_published_figures_stand_in_columns_of_their_own(scores: pd.DataFrame) -> None:
    found = table(scores, "accuracy")
    text = comparison_text(found).set_index("model")
    assert text["raw, published"].tolist() == [".800 ± .0026", ".799 ± .013", "–"]
    assert text["preprocessed, published"].tolist() == [".804", "–", "–"]
    assert text["raw"].tolist() == [".505 ± .0071"] * 3
    assert caption(found, 10).endswith("√(σ₁² + σ₂²). Published: Somebody 2019.")
    assert found.loc[0, "raw_published"] == 0.8
    assert found.loc[0, "raw_published_std"] == 0.0026
    assert "raw, published" in markdown(comparison_text(found))
    assert ".800 $\\pm$ .0026" in latex(comparison_text(found), "words", "tab:x")


def test_figures_are_as_precise_as_published(scores: pd.DataFrame) -> None:
    figures = {"decimals": 2, "accuracy": {"lstm": {"raw": [0.8, 0.01]}, "tempcnn": {"raw": [0.79, 0.0]}}}
    text = comparison_text(table(scores, "accuracy", **figures))
    assert text["raw, published"].tolist() == [".80 ± .01", ".79 ± .00", "–"]


def test_only_branches_with_figures_of_the_metric_get_a_column(scores: pd.DataFrame) -> None:
    assert [c for c in comparison_text(table(scores, "kappa")).columns if "published" in c] == ["raw, published"]


def test_without_published_figures_nothing_changes(scores: pd.DataFrame) -> None:
    plain = comparison_table(scores, "accuracy", "raw", "preprocessed")
    assert beside(plain, None) is plain
    assert "published" not in " ".join(comparison_text(plain).columns)
    assert "Published" not in caption(plain, 10)
