"""A small study in a folder of its own, driven through the real Snakemake."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("all", "ablation", "explain_difference", "learning_curve")
"""Rules that only name what a run ends with."""
COPIED = ("Snakefile", "rules", "workflow", "profiles", "envs", "config.yaml")

SMALL: dict[str, Any] = {
    "title": "small",
    "period": {"start": "2022-04-01", "end": "2022-06-30"},
    "source": {"kind": "simulator", "size": 1800, "parcels": 90, "store": "archive", "seed": 3},
    "tiles": ["32UPU"],
    "parcels": {"minimum_class_size": 6},
    "split": {"method": "random"},
    "steps": {
        "season": {"do": "select", "start": "04-10", "end": "06-20"},
        "clear": {"do": "mask", "dilate": 20},
        "equal": {"do": "interpolate", "every": "10d"},
    },
    "branches": {
        "raw": {"level": "L1C"},
        "preprocessed": {"level": "L2A", "steps": ["season", "clear", "equal"]},
    },
    "models": {"tempcnn": {}, "forest": {"trees": 20}},
    "training": {"seeds": [0, 1], "epochs": 2, "dates": 8},
}


class Project:
    """A copy of the workflow and its library with a configuration of its own."""

    def __init__(self, folder: Path, config: dict[str, Any] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, folder / name)
        self.config = copy.deepcopy(config or SMALL)
        self.write(self.config)

    def write(self, config: dict[str, Any]) -> None:
        """Make `config` the project's configuration."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def snakemake(self, *arguments: str, cores: int = 2, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
        """Run Snakemake as a user would; returns what it printed and its exit status."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "workflow"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def planned(self, *targets: str) -> dict[str, int]:
        """Number of jobs by rule that a dry run lists; empty if nothing is to be done."""
        return self.counted(self.snakemake("--dry-run", *(("--", *targets) if targets else ())))

    def counted(self, result: subprocess.CompletedProcess[str]) -> dict[str, int]:
        """The same of a dry run that was made."""
        assert result.returncode == 0, result.stdout + result.stderr
        printed = result.stdout + result.stderr
        if "Nothing to be done" in printed:
            return {}
        table = printed.split("Job stats:")[-1].split("\n\n")[0]
        counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}
        assert counts.pop("total") == sum(counts.values())
        return {name: count for name, count in counts.items() if name not in TARGETS}

    @contextmanager
    def configured(self, **parts: Any) -> Iterator[None]:
        """The configuration with some top-level parts replaced, for a while."""
        self.write(copy.deepcopy(self.config) | parts)
        try:
            yield
        finally:
            self.write(self.config)

    @contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """A file of the workflow or library with one piece of text replaced, for a while."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) >= 1, f"{old!r} does not occur in {file}"
        path.write_text(text.replace(old, new, 1))
        try:
            yield
        finally:
            path.write_text(text)
