"""Locks of killed runs go, locks of living ones stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudrobust import process, run_lock

ANNOUNCE = "import sys, pathlib; from cloudrobust import run_lock; print(run_lock.announce(pathlib.Path(sys.argv[1])))"


def locked(folder: Path) -> Path:
    lock = folder / "locks" / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("x\n")
    return lock


def run_that_died(folder: Path) -> None:
    """A process that announces itself and ends without leaving, as if killed."""
    environment = os.environ | {"PYTHONPATH": str(Path(run_lock.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", ANNOUNCE, str(folder)], env=environment, check=True, capture_output=True)


def test_without_a_lock_there_is_nothing_to_say(tmp_path: Path) -> None:
    run_that_died(tmp_path)
    assert run_lock.announce(tmp_path) is None
    assert [owner.name for owner in (tmp_path / run_lock.OWNERS).iterdir()] == [process.name()]
    run_lock.leave(tmp_path)
    assert not list((tmp_path / run_lock.OWNERS).iterdir())


def test_the_lock_of_a_dead_run_is_removed(tmp_path: Path) -> None:
    run_that_died(tmp_path)
    lock = locked(tmp_path)
    assert "was killed; its lock is removed" in (run_lock.announce(tmp_path) or "")
    assert not lock.exists()


@pytest.mark.parametrize("others", ["alive", "elsewhere", "unknown"])
def test_a_lock_stays_where_its_owner_may_live(tmp_path: Path, others: str) -> None:
    run_that_died(tmp_path)
    lock, owners = locked(tmp_path), tmp_path / run_lock.OWNERS
    if others == "alive":
        (owners / f"{process.host()}~{os.getppid()}~{process.started(os.getppid())}").touch()
    elif others == "elsewhere":
        (owners / "another-machine~1234~5678").touch()
    else:
        for owner in owners.iterdir():
            owner.unlink()
    sentence = run_lock.announce(tmp_path) or ""
    assert "snakemake --unlock" in sentence
    assert lock.exists()


def test_a_number_that_another_process_has_got_since_is_dead() -> None:
    assert not process.provably_dead(process.name())
    assert process.provably_dead(f"{process.host()}~{os.getpid()}~1")
    assert not process.provably_dead("nonsense")
    assert not process.provably_dead(f"{process.host()}~-1~5")
