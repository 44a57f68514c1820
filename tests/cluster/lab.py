"""A real Slurm on this machine, and the ways in which a job on it is lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SCRIPT = Path(__file__).with_name("slurm.sh")


def reason_for_no_slurm() -> str | None:
    """Why a real Slurm cannot be started here; None if it can."""
    if os.geteuid() != 0:
        return "a real Slurm is started as root only"
    if shutil.which("slurmctld") is None and shutil.which("apt-get") is None:
        return "neither Slurm nor apt-get, which would install it, is here"
    for file in ("slurm.conf", "gres.conf"):
        if Path("/etc/slurm", file).exists():
            return f"/etc/slurm/{file} is there: this machine belongs to a cluster of its own"
    return None


class Lab:
    """The cluster: two nodes of partition cpu, one of partition gpu."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, command: str, *arguments: str) -> None:
        """One of the script's commands; its words are in the error if it fails."""
        where = [] if command == "install" else [str(self.folder)]
        # Daemons outlive the command, so nothing of theirs may hang on its pipes.
        with (self.folder / "script.log").open("a+") as log:
            done = subprocess.run(
                ["bash", str(SCRIPT), command, *where, *arguments], stdout=log, stderr=log, timeout=300, check=False
            )
            log.seek(0)
            if done.returncode != 0:
                raise RuntimeError(f"slurm.sh {command}: {log.read()[-3000:]}")

    @staticmethod
    def slurm(*command: str) -> str:
        """What a Slurm command prints."""
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def jobs(self, state: str = "all") -> list[tuple[str, str, str, str]]:
        """Number, state, rule with wildcards (Snakemake's comment) and node of jobs, in the order of submission."""
        lines = self.slurm("squeue", "-h", "-t", state, "-o", "%i|%T|%k|%N").splitlines()
        rows = [(job, status, comment, node) for job, status, comment, node in (line.split("|") for line in lines)]
        return sorted(rows, key=lambda row: int(row[0]))

    def await_running(
        self, comment: str, off: str = "", seconds: float = 600, alive: Callable[[], bool] = lambda: True
    ) -> tuple[str, str]:
        """Number and node of the first running job whose comment matches, on another node than `off`.

        TimeoutError if none comes, or nobody is `alive` any more who could submit one.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and alive():
            for job, _, found, node in self.jobs("running"):
                if re.search(comment, found) and node != off:
                    return job, node
            time.sleep(0.3)
        raise TimeoutError(f"no job {comment} ran; there were {self.jobs()}")
