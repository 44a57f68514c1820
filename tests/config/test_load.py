"""Every mistake in a configuration gets one sentence that names the file, the key and the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from changed_default import DEFAULT, changed

from cloudrobust.config import load, merge, parse
from cloudrobust.errors import InputError


@pytest.mark.parametrize(
    ("dotted", "value", "sentence"),
    [
        ("steps.clear.dilat", 3, "unknown key 'steps.clear.dilat'; did you mean 'dilate'?"),
        ("sourc", {}, "unknown key 'sourc'; did you mean 'source'?"),
        ("models.lstm", {"hiden": 3}, "unknown key 'models.lstm.hiden'; did you mean 'hidden'?"),
        ("branches.raw.steps", ["seasn"], "branches.raw.steps[0]: unknown step 'seasn'; did you mean 'season'?"),
        ("steps.x", {"do": "interpolat"}, "steps.x.do: unknown 'interpolat'; did you mean 'interpolate'?"),
        ("models.lstmm", {}, "models.lstmm.do: unknown 'lstmm'; did you mean 'lstm'?"),
        ("source.kind", "simulato", "source.kind: unknown 'simulato'; did you mean 'simulator'?"),
        ("source", {"seed": 1}, "source: the key 'kind' is missing; it says which kind this is"),
        ("period.end", "2021-01-01", "period: end 2021-01-01 lies before start 2022-01-01; swap them"),
        (
            "steps.season",
            {"do": "select", "start": "2022-03-01", "end": "2022-02-01"},
            "steps.season: end '2022-02-01' lies before start '2022-03-01'; swap them",
        ),
        ("steps.season.end", "02-30", "steps.season: end '02-30' is no day; write MM-DD or YYYY-MM-DD"),
        ("steps.season.end", "2022-12-01", "differ in form; write both with or without year"),
        ("steps.biweekly.every", "2w", "steps.biweekly.every: '2w' is no distance of dates; write whole days like 14d"),
        ("tiles", ["abc"], "tiles[0]: 'abc' does not fit; write an MGRS tile like 32UPU"),
        ("tiles", [], "tiles: name at least one MGRS tile"),
        ("branches.raw.level", "L3", "branches.raw.level: unknown 'L3'; valid are L1C, L2A"),
        ("branches.raw.steps", ["clear"], "L1C has no scene classification for mask 'clear'"),
        ("branches.preprocessed.steps", ["biweekly", "clear"], "move the mask before it"),
        ("branches.preprocessed.steps", ["season", "season"], "a step occurs twice"),
        ("comparison.raw", "rw", "comparison.raw: unknown branch 'rw'; did you mean 'raw'?"),
        ("split.test", 0.9, "split: validation and test together leave nothing to train on"),
        ("training.seeds", [], "training.seeds: [] does not fit"),
        ("period", {"start": "2022-01-01", "end": "2022-02-01"}, "do not meet"),
        ("dask", {"workers": 2}, "dask: the key 'kind' is missing; it says which kind this is"),
        ("dask", {"kind": "address"}, "the key 'dask.address' is missing; add it"),
        ("dask", {"kind": "jobqueue", "systm": "pbs"}, "unknown key 'dask.systm'; did you mean 'system'?"),
        ("dask", {"kind": "local", "memory": "4"}, "dask.memory: '4' does not fit; write an amount of memory like 4GB"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_key_and_mend(dotted: str, value: Any, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(changed(dotted, value), origin="mine.yaml")
    message = str(caught.value)
    assert message.startswith("mine.yaml: ")
    assert sentence in message
    assert "\n" not in message


def test_a_missing_key_is_named() -> None:
    values = yaml.safe_load(DEFAULT.read_text())
    del values["period"]
    with pytest.raises(InputError, match="the key 'period' is missing; add it"):
        parse(values)


def test_missing_and_malformed_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: there is no such configuration file"):
        load(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1, 2")
    with pytest.raises(InputError, match=r"broken\.yaml: is not valid YAML"):
        load(broken)


def test_overlays_change_single_keys() -> None:
    assert merge({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}}


def test_the_canonical_form_does_not_depend_on_the_order_of_keys() -> None:
    values = yaml.safe_load(DEFAULT.read_text())
    backwards = {key: values[key] for key in reversed(values)}
    backwards["steps"] = {name: dict(reversed(list(step.items()))) for name, step in values["steps"].items()}
    assert parse(values).canonical() == parse(backwards).canonical()


def test_a_default_written_out_is_the_same_configuration() -> None:
    step = parse(changed("steps.clear", {"do": "mask"})).steps["clear"]
    assert step.canonical() == parse(changed("steps.clear", {"do": "mask", "method": "scl"})).steps["clear"].canonical()


def test_the_published_schema_accepts_the_shipped_configurations() -> None:
    import json

    import jsonschema

    from cloudrobust.config.publish import schema

    root = DEFAULT.parent
    for file in (DEFAULT, *sorted((root / "config").glob("*.yaml"))):
        values = yaml.safe_load(file.read_text())
        values["models"] = {name: {"do": name, **(model or {})} for name, model in values["models"].items()}
        values["period"] = {key: str(day) for key, day in values["period"].items()}
        jsonschema.validate(values, json.loads(schema()))
