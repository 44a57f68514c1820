"""Finished runs read from disk."""

from __future__ import annotations

import json

import pytest

from cloudrobust.errors import InputError
from cloudrobust.evaluation.runs import Run, read_runs, reasons_of


def test_runs_are_read_with_their_cards(predictions, tmp_path):
    frame = predictions({0: "ab"}, true="ab")
    frame.to_parquet(tmp_path / "predictions.parquet")
    (tmp_path / "card.json").write_text(json.dumps({"parameters": 94524}))
    run = read_runs({("raw", "lstm"): tmp_path})["raw", "lstm"]
    assert run.parameters == 94524
    assert run.predictions["predicted"].tolist() == ["a", "b"]


def test_a_model_without_parameters_has_none(predictions, tmp_path):
    predictions({0: "ab"}, true="ab").to_parquet(tmp_path / "predictions.parquet")
    (tmp_path / "card.json").write_text("{}")
    assert read_runs({("raw", "forest"): tmp_path})["raw", "forest"].parameters is None


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(InputError, match=r"predictions.parquet: is missing; train branch 'raw' with model 'lstm'"):
        read_runs({("raw", "lstm"): tmp_path})


def test_a_missing_column_is_named(predictions, tmp_path):
    predictions({0: "ab"}, true="ab").drop(columns="part").to_parquet(tmp_path / "predictions.parquet")
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(InputError, match="lacks the column 'part'"):
        read_runs({("raw", "lstm"): tmp_path})


def test_a_run_has_converged_if_every_seed_has(predictions):
    frame = predictions({0: "a", 4: "a"}, true="a")
    assert Run(frame, {"converged": {"0": True, "4": True}}).converged
    short = Run(frame, {"converged": {"0": True, "4": False}})
    assert not short.converged
    assert short.not_converged == (4,)


def test_reasons_come_from_the_cards(predictions):
    frame = predictions({0: "a"}, true="a")
    left_out = [{"parcel": "x", "class": "a", "part": "test", "reason": "no observed date in this branch"}]
    runs = {("raw", "lstm"): Run(frame, {"ineligible": left_out}), ("clear", "lstm"): Run(frame, {})}
    assert reasons_of(runs) == {"raw": {"x": "no observed date in this branch"}, "clear": {}}
