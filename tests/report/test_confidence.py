"""What the report says of confidence: no more than the intervals do."""

from __future__ import annotations

import pandas as pd
import pytest

from cloudrobust.report.confidence import absent_sentence, confidence_sentence, confidence_text, p_value, variance_text

MODELS = ("lstm", "tempcnn", "forest")


def intervals(**ends: tuple[tuple[float, float], tuple[float, float]]) -> pd.DataFrame:
    """By model, the ends of the interval over parcels and over blocks."""
    lines = [
        {"model": model, "metric": "accuracy", "unit": unit, "drawn": drawn, "estimate": sum(pair) / 2,
         "low": pair[0], "high": pair[1], "error": 0.01, "above": 0.5, "freedom": 5.0, "note": ""}
        for model, both in ends.items()
        for pair, unit, drawn in zip(both, ("parcels", "blocks"), (1200, 40), strict=True)
    ]  # fmt: skip
    return pd.DataFrame(lines)


@pytest.fixture
def table() -> pd.DataFrame:
    return intervals(
        lstm=((0.01, 0.05), (-0.01, 0.07)), tempcnn=((0.02, 0.06), (0.01, 0.07)), forest=((-0.09, -0.01), (-0.1, -0.02))
    )


@pytest.fixture
def tests() -> pd.DataFrame:
    return pd.DataFrame(
        {"model": MODELS, "both": 9, "only_preprocessed": (8, 9, 1), "only_raw": (2, 0, 7), "neither": 0,
         "p": (0.03, 0.0002, 0.02), "p_holm": (0.06, 0.0006, 0.04)}
    )  # fmt: skip


def test_the_sentence_names_the_models_whose_intervals_exclude_0_and_whom_they_favour(table, tests) -> None:
    said = confidence_sentence(table, tests, "raw", "preprocessed")
    assert (
        "the 1,200 test parcels, for LSTM and TempCNN in favour of preprocessed and for Random forest in favour" in said
    )
    assert "the 40 blocks that these lie in, for TempCNN in favour of preprocessed and for Random forest" in said
    assert "unequally often for TempCNN and Random forest (p < .05 after Holm's adjustment for 3 models)" in said


def test_where_nothing_is_sure_the_sentence_says_so(tests) -> None:
    said = confidence_sentence(intervals(lstm=((-0.1, 0.1), (-0.1, 0.1))), tests.iloc[:1], "raw", "preprocessed")
    assert said.count("for no model") == 3
    assert "Holm" not in said
    assert confidence_sentence(intervals(), tests, "raw", "preprocessed") == ""


def test_few_blocks_are_named(table, tests) -> None:
    assert "few" not in confidence_sentence(table, tests, "raw", "preprocessed")
    table.loc[table["unit"] == "blocks", "drawn"] = 6
    said = confidence_sentence(table, tests, "raw", "preprocessed")
    assert "6 blocks are few: the intervals are Student's, with 5 degrees of freedom" in said


def test_a_missing_interval_says_why(table, tests) -> None:
    table.loc[0, ["low", "high", "note"]] = [None, None, "One class alone."]
    said = confidence_sentence(table, tests, "raw", "preprocessed")
    assert "LSTM, Overall accuracy over parcels: One class alone." in said
    assert confidence_text(table, tests).iloc[0]["95 % over parcels"] == "–"


def test_without_blocks_none_are_spoken_of(table, tests) -> None:
    said = confidence_sentence(table[table["unit"] == "parcels"], tests, "raw", "preprocessed")
    assert "block" not in said
    text = confidence_text(table[table["unit"] == "parcels"], tests)
    assert text["95 % over blocks"].tolist() == ["–"] * 3


def test_the_table_holds_interval_and_test_of_each_model(table, tests) -> None:
    text = confidence_text(table, tests).set_index("model")
    assert text.loc["TempCNN", "95 % over blocks"] == "+.010 to +.070"
    assert text.loc["TempCNN", ["only preprocessed right", "only raw right"]].tolist() == ["9", "0"]
    assert text.loc["TempCNN", "after Holm"] == "< .001"
    assert p_value(0.0321) == ".032"


def test_classes_that_a_part_lacks_are_named() -> None:
    classes = pd.DataFrame(
        {"class": ["oats", "rye"], "train": [5, 0], "validation": [1, 0], "test": [0, 3], "aside": 0}
    )
    said = absent_sentence(classes)
    assert "'rye' has no parcel in the train part and cannot be learned" in said
    assert "'oats' has no parcel in the test part and is not judged" in said
    assert absent_sentence(classes.iloc[:0]) == ""


def test_unknown_variance_is_a_dash() -> None:
    frame = pd.DataFrame(
        {"branch": ["raw"], "model": ["lstm"], "seeds": [1], "over_seeds": [None], "seeds_alone": [None],
         "over_parcels": [0.0123], "over_blocks": [0.02]}
    )  # fmt: skip
    assert variance_text(frame).iloc[0].tolist() == ["LSTM", "raw", "–", "–", ".0123", ".0200"]
