"""The hash of code changes with its meaning and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudrobust.config import code, code_hash


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "cloudrobust"
    (package / "steps").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "steps" / "__init__.py").write_text("from . import mask\n")
    (package / "steps" / "mask.py").write_text("from .grow import grow\n\ndef apply(x):\n    return grow(x)\n")
    (package / "steps" / "grow.py").write_text('def grow(x):\n    """Grow."""\n    return x + 1\n')
    (package / "steps" / "select.py").write_text("def apply(x):\n    return x\n")
    monkeypatch.setattr(code, "PACKAGE", package)
    file = tmp_path / "mask_scenes.py"
    file.write_text("from cloudrobust.steps.mask import apply\n")
    return file


def hashed(script: Path, *modules: str) -> str:
    code._tree.cache_clear()
    code._meaning.cache_clear()
    code._imports.cache_clear()
    code._data_files.cache_clear()
    return code_hash(script, *modules)


def edit(script: Path, name: str, old: str, new: str) -> None:
    file = script.parent / "cloudrobust" / "steps" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_change_far_below_the_script_is_seen(script: Path) -> None:
    before = hashed(script)
    edit(script, "grow.py", "x + 1", "x + 2")
    assert hashed(script) != before


def test_comments_docstrings_and_layout_do_not_count(script: Path) -> None:
    before = hashed(script)
    edit(script, "grow.py", '"""Grow."""', '"""Make it larger.\n\n    At length.\n    """\n\n    # why')
    assert hashed(script) == before


def test_a_module_that_is_not_imported_does_not_count(script: Path) -> None:
    before = hashed(script)
    edit(script, "select.py", "return x", "return -x")
    assert hashed(script) == before


def test_a_module_found_by_name_counts_when_it_is_given(script: Path) -> None:
    before = hashed(script, "cloudrobust.steps.select")
    edit(script, "select.py", "return x", "return -x")
    assert hashed(script, "cloudrobust.steps.select") != before


def test_a_data_file_that_a_module_names_counts(script: Path) -> None:
    folder = script.parent / "cloudrobust" / "steps"
    (folder / "classes.csv").write_text("code,class\n")
    edit(script, "grow.py", "return x + 1", 'return x + len("classes.csv")')
    before = hashed(script)
    (folder / "classes.csv").write_text("code,class\n1,maize\n")
    assert hashed(script) != before
