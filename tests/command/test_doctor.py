"""What is wrong with a place, each with its mend."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudrobust.command import main
from cloudrobust.command.doctor import (
    Finding,
    credentials,
    environment,
    leftovers,
    locks,
    memory,
    services,
    versions,
)
from cloudrobust.config import parse
from cloudrobust.config.study import Study

VALUES = {
    "period": {"start": "2022-01-01", "end": "2022-12-31"},
    "tiles": ["32UPU"],
    "parcels": {"file": "fields.gpkg"},
    "steps": {"clear": {"do": "mask"}},
    "branches": {"raw": {"level": "L2A"}, "preprocessed": {"level": "L2A", "steps": ["clear"]}},
    "models": {"forest": {}},
}


def study(folder: Path, **source: object) -> Study:
    return parse(VALUES | {"source": source or {"kind": "stac", "preset": "cdse"}, "results": str(folder / "results")})


def old(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1000)
    os.utime(path, (1e9, 1e9))
    return path


def test_versions_are_held_against_the_pins(tmp_path: Path) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text("# tested\nnumpy==0.0.1\nno-such-package==1.0\n")
    found = versions(pins)
    assert found.state == "note"
    assert "instead of 0.0.1" in found.found
    assert "no-such-package" not in found.found  # nothing needs it
    assert "constraints.txt" in found.mend
    assert versions(tmp_path / "gone.txt").state == "note"


def test_credentials_are_looked_for_and_never_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDSE_USERNAME", raising=False)
    monkeypatch.setenv("CDSE_PASSWORD", "swordfish")
    (found,) = credentials(study(tmp_path))
    assert (found.state, found.found) == ("bad", "missing: CDSE_USERNAME")
    monkeypatch.setenv("CDSE_USERNAME", "me")
    (found,) = credentials(study(tmp_path))
    assert found.state == "ok"
    assert "swordfish" not in str(found)
    (found,) = credentials(study(tmp_path, kind="stac", preset="earth-search"))
    assert found == Finding("credentials", "ok", "a stac source needs none")


def test_a_profile_without_keys_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SH_CLIENT_ID", "SH_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    (found,) = credentials(study(tmp_path, kind="sentinelhub", profile="no-such-profile"))
    assert (found.state, found.found) == ("bad", "missing: profile no-such-profile")


def test_a_service_that_is_not_there_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (found,) = services(study(tmp_path, kind="stac", preset="plain", url="http://127.0.0.1:1/stac"))
    assert found.state == "bad"
    assert "127.0.0.1 cannot be reached" in found.found


def test_leftovers_of_killed_jobs_and_orphans_are_found(tmp_path: Path) -> None:
    one = study(tmp_path, kind="stac", preset="cdse", store=str(tmp_path / "store"))
    assert [f.state for f in leftovers(one)] == ["ok"]
    old(tmp_path / "store" / "L2A" / ".scene.0a1b2c3d.part.tif")
    old(one.results / "series" / "L2A" / "clear" / "series.nc")
    old(one.results / "series" / "L2A" / "gone" / "series.nc")
    fresh = one.results / ".a.00000000.part.csv"
    fresh.write_text("")  # of a job that runs now
    parts, orphans = leftovers(one)
    assert "1 unfinished files" in parts.found
    assert "-mmin +60" in parts.mend
    assert "1 series of no branch any more" in orphans.found
    assert orphans.found.endswith("L2A/gone")


def test_a_lock_without_a_process_is_bad(tmp_path: Path) -> None:
    assert [f.state for f in locks(tmp_path / ".snakemake")] == ["ok"]
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    (tmp_path / ".snakemake" / "locks" / "0.input.lock").write_text("")
    (tmp_path / ".snakemake" / "incomplete").mkdir()
    (tmp_path / ".snakemake" / "incomplete" / "abc").write_text("")
    locked, cut = locks(tmp_path / ".snakemake")
    assert (locked.state, locked.mend) == ("bad", "snakemake --unlock")
    assert "1 file was being written" in cut.found


def test_machine_and_environment_tell_something() -> None:
    assert environment().found.startswith("Python 3.")
    assert "cores" in memory().found


def test_the_whole_says_what_needs_mending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--offline"]) == 1
    said = capsys.readouterr().out
    assert "BAD   config" in said
    assert "config.yaml" in said
    assert said.rstrip().endswith("1 thing needs mending.")
