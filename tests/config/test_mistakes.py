"""Mistakes in a configuration, each with the sentence that its user reads: no word of the library that checks it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from changed_default import changed

from cloudrobust.config import load, parse
from cloudrobust.config.files import check_results
from cloudrobust.errors import InputError

LIBRARY_TALK = re.compile(
    r"[Ii]nput should|valid (tuple|dictionary|integer|number|string|boolean)|pydantic|type=|NoneType"
)

VALUES = [
    ("training.seeds", 3, "training.seeds: 3 does not fit; write a list like [3]"),
    ("training.seeds", "3", "training.seeds: '3' does not fit; write a list like [3]"),
    ("training.seeds", [], "training.seeds: [] does not fit; name at least 1"),
    ("training.seeds", ["a"], "training.seeds[0]: 'a' does not fit; write a whole number"),
    ("training.seeds", [1.5], "training.seeds[0]: 1.5 does not fit; write a whole number"),
    ("training.epochs", 0, "training.epochs: 0 does not fit; write a number of at least 1"),
    ("training.epochs", -3, "write a number of at least 1"),
    ("training.batch", "many", "training.batch: 'many' does not fit; write a whole number"),
    ("training.label_smoothing", 1, "training.label_smoothing: 1 does not fit; write a number less than 1"),
    ("training.label_smoothing", float("nan"), "training.label_smoothing: nan does not fit"),
    ("training.device", "gpu", "training.device: unknown 'gpu'; did you mean 'cpu'? valid are auto, cpu, cuda"),
    ("training.class_weights", "balance", "training.class_weights: unknown 'balance'; did you mean 'balanced'?"),
    ("branches.raw.level", "L2B", "branches.raw.level: unknown 'L2B'; did you mean 'L2A'?"),
    ("branches.raw.level", "l1c", "branches.raw.level: unknown 'l1c'; did you mean 'L1C'?"),
    ("branches.raw.level", 1, "branches.raw.level: unknown 1; valid are L1C, L2A"),
    ("branches.raw.steps", "season", "branches.raw.steps: 'season' does not fit; write a list like [season]"),
    ("branches.raw.steps", None, "branches.raw.steps: None does not fit; write a list like [a, b]"),
    ("branches.Raw", {"level": "L1C"}, "branches.Raw: 'Raw' does not fit; write a name of small letters"),
    ("models.tempCNN", {"do": "tempCNN"}, "did you mean 'tempcnn'?"),
    ("models.lstm", "fast", "models.lstm"),
    ("models.tempcnn", {"do": "tempcnn", "kernel": 4}, "a filter has a date at its centre"),
    ("models.tempcnn", {"do": "tempcnn", "dropout": 1.0}, "write a number less than 1"),
    ("models.tempcnn", {"do": "tempcnn", "learning_rate": 0}, "write a number greater than 0"),
    ("models.tempcnn", {"do": "tempcnn", "learningrate": 0.1}, "did you mean 'learning_rate'?"),
    ("period.end", "2022-02-30", "period.end: '2022-02-30' does not fit; write a day like 2022-05-31"),
    ("period.end", "soon", "period.end: 'soon' does not fit; write a day like 2022-05-31"),
    ("period.end", 2022, "period.end: 2022 does not fit; write a day like 2022-05-31"),
    ("period", {"start": "0001-01-01", "end": "9999-12-31"}, "is more than 50 years"),
    ("period", "2022", "period: '2022' does not fit; write keys with values"),
    ("period", None, "period: None does not fit; write keys with values"),
    ("tiles", "32UPU", "tiles: '32UPU' does not fit; write a list like [32UPU]"),
    ("tiles", ["T32UPU"], "write an MGRS tile like 32UPU"),
    ("tiles", [32], "tiles[0]: 32 does not fit; write a text"),
    ("source.size", 1000, "source.size"),
    ("source.size", 6001, "write a multiple of 60"),
    ("source.seed", -1, "write a number of at least 0"),
    ("source.satellite", "S2D", "source.satellite: unknown 'S2D'; did you mean"),
    ("source.orbits", [], "name at least 1"),
    ("source.kind", "Simulator", "did you mean 'simulator'?"),
    ("source.kind", None, "source"),
    ("parcels.buffer", "ten", "parcels.buffer: 'ten' does not fit; write a number"),
    ("parcels.minimum_class_size", 1.5, "write a whole number"),
    ("split.method", "block", "did you mean 'blocks'?"),
    ("split.test", 2, "split.test: 2 does not fit; write a number less than 1"),
    ("steps.clear", {"do": "mask", "dilate": "20m"}, "steps.clear.dilate"),
    ("steps.clear", {"do": "mask", "method": "fmask"}, "steps.clear.method: unknown 'fmask'"),
    ("steps.clear", ["mask"], "steps.clear"),
    ("steps.biweekly", {"do": "interpolate", "method": "cubik", "every": "14d"}, "steps.biweekly.method"),
    ("results", ["a"], "results: ['a'] does not fit; write the path of a file or folder"),
    ("title", 5, "title: 5 does not fit; write a text"),
    ("title", {"en": "x"}, "title"),
]


@pytest.mark.parametrize(("dotted", "value", "sentence"), VALUES, ids=[f"{d}={v!r}"[:60] for d, v, _ in VALUES])
def test_a_mistake_is_one_plain_sentence(dotted: str, value: Any, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(changed(dotted, value), origin="mine.yaml")
    message = str(caught.value)
    assert message.startswith("mine.yaml: ")
    assert sentence in message
    assert "\n" not in message
    assert not LIBRARY_TALK.search(message), message


FILES = [
    (b"end: 2022-13-31", "line 1: 2022-13-31 is no day of the calendar; write YYYY-MM-DD"),
    (b"a: 1\nend: 2022-02-30", "line 2: 2022-02-30 is no day of the calendar"),
    ("title: Müllers Äcker".encode("latin-1"), "line 1 is not UTF-8 (perhaps Latin-1); save the file as UTF-8"),
    ("title: Äcker".encode("utf-16"), "is encoded in UTF-16; save it as UTF-8"),
    (b"a: 1\nb: 2\na: 3", "the key 'a' stands twice, in lines 1 and 3; remove one of them"),
    (b"s: {a: 1, a: 2}", "the key 'a' stands twice, in lines 1 and 1"),
    (b"- a\n- b", "must hold keys and values; it holds a list"),
    (b"just words", "must hold keys and values; it holds a single text"),
    (b"a: [1, 2", "is not valid YAML"),
    (b"a:\n\t- b", "is not valid YAML"),
    (b"a: b: c", "is not valid YAML"),
    (b"? [a, b]\n: 1", "line 1: a key is a list or mapping; write a word"),
    (b"a: \x00", "line 1 holds a control character; remove it"),
    (b"a: !!python/object/apply:os.system ['true']", "is not valid YAML"),
    (b"a: *missing", "is not valid YAML"),
    (b"[" * 3000, "is nested too deeply"),
]


@pytest.mark.parametrize(("content", "sentence"), FILES, ids=[repr(c[:30]) for c, _ in FILES])
def test_a_malformed_file_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_and_an_empty_file_are_no_mistakes(tmp_path: Path) -> None:
    from cloudrobust.config.yaml_file import read_yaml

    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbftitle: x\n")
    assert read_yaml(tmp_path / "bom.yaml") == {"title": "x"}
    (tmp_path / "empty.yaml").write_bytes(b"")
    assert read_yaml(tmp_path / "empty.yaml") == {}


def test_merge_keys_of_yaml_still_work(tmp_path: Path) -> None:
    from cloudrobust.config.yaml_file import read_yaml

    (tmp_path / "a.yaml").write_text("base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\n")
    assert read_yaml(tmp_path / "a.yaml")["mine"] == {"x": 1, "y": 3}


def test_results_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    for results in (tmp_path / "results", tmp_path / "results" / "mine"):
        study = parse(changed("results", str(results)))
        with pytest.raises(InputError, match="is a file, not a folder; name another folder, or move it"):
            check_results(study)
    check_results(parse(changed("results", str(tmp_path / "new" / "folder"))))


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, not a configuration file"):
        load(tmp_path)
