"""`cloudrobust pool` from files to an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cloudrobust.command import main
from cloudrobust.evaluation.pool import pool


def study(folder: Path, title: str, estimate: float, error: float | None, **other: Any) -> str:
    """A study's file in the place where a run leaves it."""
    row = {"model": "tempcnn", "metric": "accuracy", "estimate": estimate, "error": error, "unit": "blocks"}
    branches = {"raw": {"level": "L1C", "steps": []}, "preprocessed": {"level": "L2A", "steps": [{"do": "mask"}]}}
    content = {
        "format": 1,
        "title": title,
        "branches": branches,
        "parcels": {"test": 100},
        "differences": [row],
        **other,
    }
    file = folder / title / "results" / "evaluation" / "study.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content))
    return str(folder / title)


def test_three_regions_become_one_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studies = [study(tmp_path, name, d, 0.01) for name, d in (("north", 0.02), ("south", 0.06), ("east", 0.10))]
    assert main(["pool", *studies, "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("TempCNN: over 3 studies preprocessing changes the overall accuracy by +.060")
    assert "The studies differ more than by chance" in said
    assert "In the next region expect" in said
    numbers = pd.read_csv(tmp_path / "out" / "pooled.csv").iloc[0]
    want = pool([0.02, 0.06, 0.10], [0.01] * 3)
    assert numbers[["estimate", "next_low", "next_high"]].tolist() == pytest.approx(
        [want.estimate, want.next_low, want.next_high]
    )
    assert (tmp_path / "out" / "forest.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(tmp_path / "out" / "studies.csv")["weight"].sum() == pytest.approx(1)


def test_what_is_left_out_and_what_differs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = {"raw": {"level": "L2A", "steps": []}, "preprocessed": {"level": "L2A", "steps": [{"do": "mask"}]}}
    studies = [
        study(tmp_path, "north", 0.02, 0.01, region=[9.0, 48.0, 9.2, 48.2]),
        study(tmp_path, "south", 0.03, 0.01, branches=other, region=[9.1, 48.1, 9.3, 48.3]),
        study(tmp_path, "blind", 0.05, None),
    ]
    assert main(["pool", *studies, "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "blind gives no standard error above zero and is left out" in said
    assert "do not compare the same branches" in said
    assert "south: L2A mask − L2A" in said
    assert "Studies of one place are not independent, and the mean takes them for it: north and south" in said
    assert "that takes at least three" in said


@pytest.mark.parametrize(
    ("names", "words"), [(["north"], "pooling takes two"), (["north", "north"], "is the same study as")]
)
def test_too_little_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str], words: str
) -> None:
    folder = study(tmp_path, "north", 0.02, 0.01)
    assert main(["pool", *[folder for _ in names], "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert words in said
    assert not (tmp_path / "out").exists()
