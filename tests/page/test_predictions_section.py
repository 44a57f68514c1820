"""The section on predictions shows what was made of answers out of fold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cloudrobust.config.outputs import Prediction
from cloudrobust.evaluation.area import adjusted_areas
from cloudrobust.evaluation.decision import changes, inspections, paired
from cloudrobust.evaluation.disagreement import disagreements
from cloudrobust.evaluation.runs import Run
from cloudrobust.report.page.sections.predictions import TakenAway, decision_tables, shown_first, takeaway_tables


def answers(wrong_every: int) -> pd.DataFrame:
    n = np.arange(60)
    declared = np.array(["maize", "wheat"], object)[n % 2]
    said = np.where(n % wrong_every == 0, "maize", declared)
    return pd.DataFrame(
        {"parcel": [f"p{k}" for k in n], "declared": declared, "predicted": said, "probability": 0.9, "area": 2e4,
         "likely": said, "clear_dates": 7, "answered_by": "fold 1 of 5: TempCNN", "fold": 1}
    )  # fmt: skip


def taken(branch: str, model: str, frame: pd.DataFrame) -> TakenAway:
    likely = pd.DataFrame(
        {"of": ["all", "class", "block"], "name": ["all parcels", "maize", "0_0"], "parcels": [60, 30, 60],
         "asked": 0.9, "coverage": [0.93, 0.88, 0.93], "low": [0.9, np.nan, np.nan], "high": [0.96, np.nan, np.nan],
         "classes": 1.2}
    )  # fmt: skip
    return TakenAway({"branch": branch, "model": model}, adjusted_areas(frame), disagreements(frame, 0.8), likely)


def test_areas_likely_classes_and_disagreements_of_the_shown_answers_are_tables() -> None:
    frame = answers(5)
    every = {("raw", "tempcnn"): taken("raw", "tempcnn", frame)}
    likely, area, differs = (str(table) for table in takeaway_tables(every, ("raw", "tempcnn")))
    assert "93.0%" in likely
    assert "88%" in likely
    assert "All 60 declared parcels are the reference" in area
    assert "6 parcels, the largest first; answers out of fold" in differs
    assert differs.count("fold 1 of 5: TempCNN") == 6


def test_the_decision_states_its_costs_and_counts_both_branches() -> None:
    both = paired(answers(5), answers(7), {})
    settings = Prediction()
    first, second = decision_tables(
        changes(both, 100), inspections(both, settings.confident, settings.costs, 100), "TempCNN", settings
    )
    assert "all classes" in str(first)
    assert "an inspection costs 100 and a missed error 500" in str(second)
    assert "5% of the declarations are assumed to be wrong" in str(second)
    assert decision_tables(None, None, "TempCNN", settings) == []


def test_the_page_begins_with_the_best_model_of_the_validation_part_on_preprocessed_series() -> None:
    def run(right: int) -> Run:
        said = ["a"] * right + ["b"] * (10 - right)
        return Run(pd.DataFrame({"class": "a", "predicted": said, "part": "validation"}), {})

    runs = {("raw", "x"): run(9), ("pre", "x"): run(8), ("raw", "y"): run(7), ("pre", "y"): run(9)}
    assert shown_first(runs, runs, "pre") == ("pre", "x")
    assert shown_first([("raw", "y")], runs, "pre") == ("raw", "y")
