"""The container definition: it is not built here, so what it says is compared with the files that it stands on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
# Instructions with their continuation lines joined and comments left out.
LINES = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", TEXT, flags=re.M)).splitlines()


def test_it_holds_only_instructions_that_docker_knows() -> None:
    words = {line.split()[0] for line in LINES if line.strip()}
    assert words <= {"FROM", "RUN", "COPY", "WORKDIR", "ENTRYPOINT"}
    assert LINES[0].startswith("FROM python:3.11")
    assert json.loads(next(line for line in LINES if line.startswith("ENTRYPOINT")).removeprefix("ENTRYPOINT "))


def test_hadolint_finds_nothing_in_it() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_installation_is_held_to_the_tested_versions() -> None:
    installed = [part for line in LINES if line.startswith("RUN") for part in line.split("&&") if "pip install" in part]
    assert len(installed) == 3
    assert all("--constraint constraints.txt" in part for part in installed)
    pins = dict(re.findall(r"^([\w.-]+)==([\w.+]+)$", (ROOT / "constraints.txt").read_text(), re.M))
    for name, version in re.findall(r"([\w-]+)==([\w.]+)", " ".join(installed)):
        if name in pins:
            assert pins[name] == version, name


def test_its_plugins_are_those_of_the_profiles() -> None:
    for plugin, version in re.findall(r"(snakemake-(?:executor|storage)-plugin-[\w-]+)==([\d.]+)", TEXT):
        heads = [file.read_text() for file in (ROOT / "profiles").glob("*/config.yaml")]
        assert any(f"{plugin}=={version}" in head for head in heads), plugin


def test_what_it_copies_is_there_and_not_ignored() -> None:
    copied = [name for line in LINES if line.startswith("COPY") for name in line.split()[1:-1]]
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignore, name


def test_everything_that_the_workflow_reads_is_copied() -> None:
    copied = {name for line in LINES if line.startswith("COPY") for name in line.split()[1:-1]}
    assert {"Snakefile", "rules", "workflow", "envs", "profiles", "pyproject.toml", "constraints.txt"} <= copied
