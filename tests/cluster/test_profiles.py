"""Every profile holds only keys that Snakemake or its plugin knows, and its groups can run."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser

from workflow.project import Project

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/config.yaml"))
# Settings of the plugins at the versions that the profiles name, read from their `ExecutorSettings`.
PLUGINS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("plugins.json").read_text())
# What makes a result up to date is the same wherever jobs run.
SHARED = ("printshellcmds", "scheduler", "rerun-triggers", "rerun-incomplete")


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def module_of(plugin: str) -> Any:
    name = f"snakemake_executor_plugin_{plugin.replace('-', '_')}"
    return pytest.importorskip(name, reason=f"the plugin {plugin} is not installed")


@pytest.mark.parametrize("name", PROFILES)
def test_every_key_is_known_to_snakemake_or_to_the_plugin(name: str) -> None:
    settings = profile(name)
    plugin = settings.get("executor", "")
    options = {word.lstrip("-") for action in get_argument_parser()._actions for word in action.option_strings}
    own = {f"{plugin}-{setting}" for setting in PLUGINS[plugin]["settings"]} if plugin else set()
    unknown = {key for key in settings if key not in options | own}
    assert unknown == set()


@pytest.mark.parametrize("plugin", list(PLUGINS))
def test_the_plugins_settings_are_those_on_record(plugin: str) -> None:
    module = module_of(plugin)
    if importlib.metadata.version(f"snakemake-executor-plugin-{plugin}") != PLUGINS[plugin]["version"]:
        pytest.skip("another version of the plugin is installed")
    settings = getattr(module, "ExecutorSettings", None)
    names = [field.name.replace("_", "-") for field in dataclasses.fields(settings)] if settings else []
    assert names == PLUGINS[plugin]["settings"]


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name).get("executor")])
def test_the_plugin_takes_the_values(name: str) -> None:
    settings = profile(name)
    plugin = settings["executor"]
    kind = getattr(module_of(plugin), "ExecutorSettings", None)
    given = {
        key.removeprefix(f"{plugin}-").replace("-", "_"): value
        for key, value in settings.items()
        if key.removeprefix(f"{plugin}-") in PLUGINS[plugin]["settings"] and key.startswith(plugin)
    }
    made = kind(**given) if kind else None
    for key, value in given.items():
        assert getattr(made, key) == value


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name).get("executor")])
def test_the_head_of_a_profile_names_the_version_on_record(name: str) -> None:
    plugin = profile(name)["executor"]
    text = (ROOT / "profiles" / name / "config.yaml").read_text()
    pinned = re.findall(rf"snakemake-executor-plugin-{plugin}==([\d.]+)", text)
    assert pinned == [PLUGINS[plugin]["version"]]


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name).get("executor")])
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


def test_every_rule_says_how_much_memory_and_time_it_needs() -> None:
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for name, body in re.findall(r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", file.read_text(), re.M | re.S):
            if "script:" in body:
                assert "mem_mb=" in body, name
                assert "runtime=" in body, name
