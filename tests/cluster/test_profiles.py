"""Every profile is taken by Snakemake and its plugin, its groups can run, and retries ask for more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import OutputSettings, ResourceSettings

from workflow.project import Project

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/config.yaml"))
# The executor plugins at the versions that the heads of the profiles name; the Makefile installs them there.
PLUGINS = Path(sys.prefix) / "plugins"
# What a plugin makes of a value where it is not the value itself.
MEANT = {"archive:/archive": [{"name": "archive", "path": "/archive"}]}
# What makes a result up to date is the same wherever jobs run.
SHARED = ("printshellcmds", "scheduler", "rerun-triggers", "rerun-incomplete")


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


ELSEWHERE = [name for name in PROFILES if profile(name).get("executor")]


# A profile with one line of it spoilt, and the words with which it is refused.
SPOILT = {
    "an unknown key": ("htcondor", "htcondor-jobdir:", "htcondor-jobfolder:", "unrecognized arguments"),
    "a word for a number": ("htcondor", "held-timeout: 3600", "held-timeout: soon", "invalid int value: 'soon'"),
    "a required key left out": ("aws-batch", "aws-batch-job-role:", "# ", "required arguments are missing"),
    "a volume without a path": ("kubernetes", "archive:/archive", "archive", "volume"),
    "an unknown plugin": ("lsf", "executor: lsf", "executor: lfs", "invalid choice: 'lfs'"),
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Snakemake's own parser and each plugin's own code make of the profiles, and of the spoilt ones."""
    if not PLUGINS.is_dir():
        reason = f"the executor plugins are not in {PLUGINS}; 'make unit' installs them there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folders = {name: Path("profiles", name) for name in ELSEWHERE}
    for label, (name, old, new, _) in SPOILT.items():
        folders[label] = tmp_path_factory.mktemp("spoilt")
        text = (ROOT / "profiles" / name / "config.yaml").read_text()
        assert text.count(old) == 1
        (folders[label] / "config.yaml").write_text(text.replace(old, new))
    command = [sys.executable, str(Path(__file__).with_name("settings.py")), str(PLUGINS), *map(str, folders.values())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {label: found[str(folder)] for label, folder in folders.items()}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_snakemake_and_the_plugin_take_the_profile(name: str, taken: dict[str, dict[str, Any]]) -> None:
    assert "refused" not in taken[name], taken[name]["refused"]
    plugin = profile(name)["executor"]
    given = {key: value for key, value in profile(name).items() if key.startswith(f"{plugin}-")}
    assert given.keys() <= taken[name]["settings"].keys()
    for key, value in given.items():
        assert taken[name]["settings"][key] == MEANT.get(value, value), key


@pytest.mark.parametrize("label", list(SPOILT))
def test_a_spoilt_profile_would_be_refused(label: str, taken: dict[str, dict[str, Any]]) -> None:
    assert SPOILT[label][-1] in taken[label].get("refused", "it was taken")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_head_of_a_profile_names_the_plugin_that_was_asked(name: str) -> None:
    plugin = profile(name)["executor"]
    text = (ROOT / "profiles" / name / "config.yaml").read_text()
    (pinned,) = re.findall(rf"snakemake-executor-plugin-{plugin}==([\d.]+)", text)
    assert list(PLUGINS.glob(f"snakemake_executor_plugin_{plugin.replace('-', '_')}-{pinned}.dist-info"))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_profiles_share_the_meaning_of_up_to_date(name: str) -> None:
    for key in SHARED:
        assert profile(name)[key] == profile("default")[key], key


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Rule to the rules that need its results directly, in the small study."""
    project = Project(Path(tmp_path_factory.mktemp("order")) / "project")
    graph = project.snakemake("--rulegraph")
    assert graph.returncode == 0, graph.stderr
    names = dict(re.findall(r'^\s*(\d+)\[label = "([^"]+)"', graph.stdout, re.M))
    after: dict[str, set[str]] = {name: set() for name in names.values()}
    for first, second in re.findall(r"^\s*(\d+) -> (\d+)", graph.stdout, re.M):
        after[names[first]].add(names[second])
    assert after["fetch_scenes"], graph.stdout
    return after


def reached(rule: str, after: dict[str, set[str]]) -> Iterator[str]:
    """Every rule that needs the results of `rule`, directly or through others."""
    waiting, seen = list(after.get(rule, ())), set()
    while waiting:
        following = waiting.pop()
        if following not in seen:
            seen.add(following)
            yield following
            waiting.extend(after[following])


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name).get("groups")])
def test_no_group_waits_for_itself(name: str, order: dict[str, set[str]]) -> None:
    """A rule outside a group that needs one member and feeds another would never start."""
    groups = dict(pair.split("=") for pair in profile(name)["groups"])
    for rule, group in groups.items():
        for outside in reached(rule, order):
            if groups.get(outside) != group:
                back = [other for other in reached(outside, order) if groups.get(other) == group]
                assert not back, f"{rule} -> {outside} -> {back} in group {group}"


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name).get("groups")])
def test_groups_name_rules_that_exist(name: str) -> None:
    rules = {
        r for file in (ROOT / "rules").glob("*.smk") for r in re.findall(r"^\s*rule (\w+):", file.read_text(), re.M)
    }
    assert {pair.split("=")[0] for pair in profile(name)["groups"]} <= rules
    assert {pair.split("=")[0] for pair in profile(name)["group-components"]} == {
        pair.split("=")[1] for pair in profile(name)["groups"]
    }


def test_every_job_asks_for_memory_and_time_and_for_more_when_it_is_tried_again() -> None:
    with SnakemakeApi(OutputSettings()) as api:
        study = api.workflow(ResourceSettings(cores=4), snakefile=ROOT / "Snakefile", workdir=ROOT)
        workflow = study._workflow
        rules = [rule for rule in workflow.rules if rule.is_script]
        assert len(rules) > 20
        for rule in rules:
            first, second, third = (rule.expand_resources(Wildcards(), None, attempt) for attempt in (1, 2, 3))
            for name in ("mem_mb", "runtime"):
                assert 0 < first[name] < second[name] < third[name], f"{rule.name}: {name}"


def test_rules_that_this_study_does_not_have_ask_for_more_too() -> None:
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for name, body in re.findall(r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", file.read_text(), re.M | re.S):
            if "script:" in body:
                asked = dict(re.findall(r"^ +(mem_mb|runtime)=(.*),$", body, re.M))
                assert set(asked) == {"mem_mb", "runtime"}, name
                assert all(value.endswith("* attempt") for value in asked.values()), name
