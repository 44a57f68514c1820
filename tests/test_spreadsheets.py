from __future__ import annotations

import io

import pandas as pd
import pytest

from cloudrobust.report.table_files import forms, markdown
from cloudrobust.spreadsheets import harmless


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_run_gets_an_apostrophe(text: str) -> None:
    table = harmless(pd.DataFrame({"class": [text, "wheat"], "area": [1.5, -2.0], text: [1, 2]}))
    assert list(table["class"]) == [f"'{text}", "wheat"]
    assert list(table["area"]) == [1.5, -2.0]
    assert f"'{text}" in table.columns


def test_numbers_missing_values_and_words_stay() -> None:
    table = pd.DataFrame({"id": ["-5", "+3.5", "a-b", None], "n": [1, 2, 3, 4]})
    pd.testing.assert_frame_equal(harmless(table), table)


def test_the_tables_of_the_report_are_harmless() -> None:
    numbers = pd.DataFrame({"class": ["=HYPERLINK(1)"], "accuracy": [0.5]})
    written = forms("classes", numbers, numbers.astype(str), "words")["classes.csv"]
    assert pd.read_csv(io.StringIO(written))["class"].tolist() == ["'=HYPERLINK(1)"]


def test_markdown_takes_no_html_and_no_links_from_names() -> None:
    text = markdown(pd.DataFrame({"class": ["<img src=x onerror=alert(1)>", "[a](javascript:x)", "p < .05"]}))
    assert "\\<img" in text
    assert "\\[a\\](" in text
    assert "p < .05" in text
