"""The verdict in words: plain, complete, and no more than the numbers say."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from cloudrobust.evaluation.verdict import COLUMNS, DEPENDS, HARMS, OPEN, PAYS, UNFINISHED, WHOLE, WITHIN
from cloudrobust.report.verdict import (
    about,
    bars,
    method_words,
    points,
    signed_points,
    verdict_sentences,
    verdict_text,
    write_verdict_table,
)


def line(model: str, verdict: str, estimate: float, low: float, high: float, **others: object) -> dict[str, object]:
    found: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    return found | {
        "model": model, "verdict": verdict, "estimate": estimate, "low": low, "high": high, "unit": "blocks",
        "units": 38, "parcels": 166, "seeds": 3, "models": 3, "margin": 0.01, "freedom": 21.4, "detectable": 0.081,
        "note": "",
    } | others  # fmt: skip


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        [
            line("tempcnn", PAYS, 0.05, 0.021, 0.08),
            line("lstm", OPEN, 0.01, -0.03, 0.05, needed=912.0, needed_seeds=3.0),
            line("msresnet", OPEN, 0.02, -0.03, 0.06, needed=5688.0, needed_seeds=12.0),
            line("forest", WITHIN, 0.001, -0.004, 0.006),
            line("transformer", UNFINISHED, 0.3, 0.2, 0.4, detectable=np.nan, note="Training had not converged."),
            line(WHOLE, PAYS, 0.0204, 0.0012, 0.039, detectable=0.041, models=4),
        ]
    )


def test_a_whole_study_reads_like_this(table) -> None:
    head, details = verdict_sentences(table)
    assert head == (
        "Preprocessing pays. On average over the four models, it gets 2 more of every 100 fields right "
        "(likely between 0.1 and 3.9)."
    )
    assert details == (
        "It helped TempCNN by 5 points (between 2.1 and 8). For Random forest any difference is smaller than 1 point. "
        "For LSTM and MS-ResNet we cannot tell: the difference is smaller than what 166 test fields can show. About "
        "910 to 5,700 test fields and 12 repeats of training instead of 3 would be needed. Transformer did not finish "
        "learning, so no verdict is given for it. With 166 test fields, an average difference below about 4.1 points "
        "can easily be missed, and so can one below about 8.1 points in a single model."
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (HARMS, "Preprocessing harms. On average over the four models, it gets 2 fewer of every 100 fields right"),
        (WITHIN, "Preprocessing does not pay: on average over the four models, it changes the share of fields"),
        (OPEN, "We cannot tell whether preprocessing pays. On average over the four models, it changed"),
        (DEPENDS, "It depends on the model: preprocessing helps TempCNN, but harms LSTM."),
    ],
)
def test_the_first_sentence_is_the_verdict(table, verdict: str, words: str) -> None:
    table.loc[5, ["verdict", "estimate", "low", "high"]] = [verdict, -0.0204, -0.039, -0.0012]
    table.loc[5, ["needed", "needed_seeds"]] = [4000.0, 3.0]
    table.loc[1, "verdict"] = HARMS
    assert verdict_sentences(table)[0].startswith(words)


def test_one_model_is_the_whole_study(table) -> None:
    head, details = verdict_sentences(table.iloc[[0]])
    assert head.startswith("Preprocessing pays. With TempCNN, it gets 5 more of every 100 fields right")
    assert details == "With 166 test fields, a difference below about 8.1 points can easily be missed."


def test_few_blocks_one_seed_and_no_model_are_told(table) -> None:
    few = table.assign(units=6, seeds=1)
    _, details = verdict_sentences(few)
    assert "lie in only 6 groups of neighbours, which is few" in details
    assert "trained only once" in details
    assert "No verdict is given" in verdict_sentences(table.iloc[[4]])[0]
    assert "stays open" in verdict_sentences(table.iloc[:0])[0]


def test_no_jargon_before_the_second_screen(table) -> None:
    words = " ".join(verdict_sentences(table)).lower()
    assert not re.search(r"bootstrap|holm|mcnemar|interval|significan|p <|standard error|margin|converge|seed", words)
    assert "Holm" in method_words(table)
    assert "Transformer: Training had not converged." in method_words(table)


def test_numbers_are_short() -> None:
    assert [points(v) for v in (0.0004, 0.0101, 0.068, -0.177)] == ["0", "1", "6.8", "18"]
    assert [signed_points(v) for v in (0.068, -0.177, 0.0, np.nan)] == ["+6.8", "−18", "0", "–"]
    assert [about(v) for v in (7, 166, 15234)] == ["7", "170", "15,000"]


def test_the_lines_for_the_terminal_are_aligned_and_fit(table) -> None:
    lines = bars(table, 88)
    assert max(map(len, lines)) <= 88
    assert len({text.index("│") for text in lines if "│" in text}) == 1
    assert all("●" in text for text in lines)
    assert bars(table.iloc[:0]) == []


def test_the_table_has_a_line_a_model_and_three_forms(table, tmp_path) -> None:
    text = verdict_text(table, tests=True).set_index("model")
    assert text.loc["LSTM", ["verdict", "fields needed"]].tolist() == ["cannot be told", "910"]
    assert text.loc["Random forest", "verdict"] == "does not pay by more than 1 point"
    assert text.loc["All models", "between"] == "+0.1 to +3.9"
    write_verdict_table(table, "raw", "clear", tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["verdict.csv", "verdict.md", "verdict.tex"]
    assert pd.read_csv(tmp_path / "verdict.csv")["verdict"].tolist() == table["verdict"].tolist()
    write_verdict_table(table.iloc[:0], "raw", "clear", tmp_path)
    assert "no verdict" in (tmp_path / "verdict.md").read_text()
