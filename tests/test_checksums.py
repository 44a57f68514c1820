"""A file that changed after its job is recognised; what was not recorded is trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrobust import checksums
from cloudrobust.atomic import atomic, remove_orphans
from cloudrobust.errors import InputError
from cloudrobust.machine_faults import sentence_about


def made(folder: Path, content: bytes) -> Path:
    file = folder / "results" / "runs" / "model.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


@settings(max_examples=40, deadline=None)
@given(content=st.binary(min_size=1, max_size=200), place=st.integers(0, 199), cut=st.booleans())
def test_every_cut_and_every_flipped_byte_is_recognised(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, place: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("checksums")
    file = made(folder, content)
    checksums.record([file], folder / "results")
    checksums.check([file], folder / "results")
    place %= len(content)
    file.write_bytes(content[:place] if cut else content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(InputError, match=r"model\.pt: is not as the job .* delete it and run again"):
        checksums.check([file], folder / "results")


def test_folders_are_recorded_by_their_files(tmp_path: Path) -> None:
    results = tmp_path / "results"
    masks = results / "masks"
    masks.mkdir(parents=True)
    (masks / "a.tif").write_bytes(b"a")
    (masks / ".snakemake_timestamp").touch()
    checksums.record([masks], results)
    (masks / ".snakemake_timestamp").write_text("later")
    checksums.check([masks], results)
    (masks / "b.tif").write_bytes(b"b")
    with pytest.raises(InputError, match="masks: is not as"):
        checksums.check([masks], results)


def test_files_of_others_and_without_a_record_are_trusted(tmp_path: Path) -> None:
    file, foreign = made(tmp_path, b"x"), tmp_path / "fields.gpkg"
    foreign.write_bytes(b"y")
    checksums.record([foreign], tmp_path / "results")
    foreign.write_bytes(b"z")
    checksums.check([file, foreign, tmp_path / "results" / "missing"], tmp_path / "results")


def test_a_damaged_record_is_no_obstacle(tmp_path: Path) -> None:
    file = made(tmp_path, b"x")
    checksums.record([file], tmp_path / "results")
    note = tmp_path / "results" / checksums.FOLDER / "runs" / "model.pt.json"
    note.write_text("{")
    checksums.check([file], tmp_path / "results")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from cloudrobust.atomic import atomic\n"
        "with atomic(pathlib.Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(checksums.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], env=environment, check=False)
    (orphan,) = tmp_path.glob(".*.part*")
    (tmp_path / ".mine.part.txt").touch()
    with atomic(tmp_path / "b.png") as part:
        part.write_text("at work")
        assert remove_orphans(tmp_path) == [orphan]
        assert part.exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == [".mine.part.txt", "b.png"]


class TestFaultsOfTheMachine:
    def test_a_full_disk_is_recognised_through_its_wrappers(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="No space left") as full, Path("/dev/full").open("w") as stream:
            stream.write("x" * 100_000)
        wrapped = RuntimeError("PytorchStreamWriter failed writing file")
        wrapped.__cause__ = full.value
        assert "is full; free some space" in (sentence_about(wrapped, [str(tmp_path / "model.pt")]) or "")

    def test_an_error_without_a_number_on_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = type("Usage", (), {"free": 1000})()
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        assert "is full" in (sentence_about(RuntimeError("pyogrio"), [str(tmp_path / "new" / "a.gpkg")]) or "")

    def test_permissions_and_memory(self, tmp_path: Path) -> None:
        error = PermissionError(13, "Permission denied", str(tmp_path))
        assert f"{tmp_path} cannot be written or read" in (sentence_about(error, []) or "")
        assert "more memory than there is" in (sentence_about(MemoryError(), []) or "")

    def test_other_errors_are_not_explained_away(self, tmp_path: Path) -> None:
        assert sentence_about(ValueError("a fault of the program"), [str(tmp_path / "a")]) is None
