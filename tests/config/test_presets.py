"""Presets: ready chains that mean exactly what the catalogue says, and share their prefixes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudrobust.config import parse
from cloudrobust.config.presets import catalogue
from cloudrobust.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
NAMES = list(catalogue()["presets"])


def study(branches: dict[str, Any], **parts: Any) -> Any:
    return parse(copy.deepcopy(DEFAULT) | {"branches": DEFAULT["branches"] | branches} | parts)


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_is_a_possible_branch(name: str) -> None:
    made, said = study({"mine": {"preset": name}}), catalogue()["presets"][name]
    assert made.branches["mine"].chain == "/".join([said["level"], *said["steps"]])
    assert made.chains
    assert said["says"].endswith(".")


def test_a_preset_and_the_branch_written_out_are_the_same_configuration() -> None:
    content = catalogue()
    for name, said in content["presets"].items():
        brought = {step: content["steps"][step] for step in said["steps"]}
        branch = {"level": said["level"], "steps": said["steps"]}
        written = study({"mine": branch}, steps=DEFAULT["steps"] | brought)
        assert study({"mine": {"preset": name}}).canonical() == written.canonical()


def test_every_step_of_the_catalogue_is_used_and_every_preset_is_documented() -> None:
    content = catalogue()
    used = {step for preset in content["presets"].values() for step in preset["steps"]}
    assert used == set(content["steps"])
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert all(f"| `{name}` |" in text for name in (*content["presets"], *content["steps"]))


def test_presets_share_their_prefixes_with_each_other_and_with_the_study() -> None:
    made = study({name: {"preset": name} for name in NAMES})
    from_scl = {name for name in NAMES if made.branches[name].chain.startswith("L2A/scl/")}
    assert {"whittaker", "savitzky-golay", "pixels-first", "l2a-scl-composite-month"} <= from_scl
    # One mask and one series for all of them, and one interpolation for both that smooth it.
    assert made.chains.count("L2A/scl") == made.chains.count("L2A/scl/linear-10d") == 1
    # The study's own selection is the preset's.
    assert {"L2A/season", "L2A/season/clear", "L2A/season/scl"} <= set(made.chains)


def test_further_steps_follow_those_of_the_preset() -> None:
    steps = DEFAULT["steps"] | {"green": {"do": "index", "names": ["NDVI"]}}
    made = study({"mine": {"preset": "whittaker", "steps": ["green"]}}, steps=steps)
    assert made.branches["mine"].chain == "L2A/scl/linear-10d/whittaker/green"


@pytest.mark.parametrize(
    ("branch", "steps", "sentence"),
    [
        ({"preset": "whitaker"}, {}, "branches.mine.preset: unknown preset 'whitaker'; did you mean 'whittaker'?"),
        ({"preset": "whittaker", "level": "L1C"}, {}, "branches.mine: 'level' does not go with a preset"),
        ({"preset": "whittaker", "steps": "green"}, {}, "branches.mine.steps: 'green' is no list; write [green]"),
        (
            {"preset": "whittaker"},
            {"scl": {"do": "mask", "dilate": 60}},
            "steps.scl: the preset 'whittaker' of branch 'mine' brings a step of this name; rename yours",
        ),
        ({"preset": "whittaker", "steps": ["gren"]}, {}, "branches.mine.steps[3]: unknown step 'gren'"),
    ],
)
def test_a_mistake_is_one_sentence(branch: dict[str, Any], steps: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        study({"mine": branch}, steps=DEFAULT["steps"] | steps)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_of_one_level_takes_presets_of_that_level_alone() -> None:
    table = yaml.safe_load((ROOT / "config" / "france.yaml").read_text())
    with pytest.raises(InputError, match=r"branches.mine.level: the source holds L2A; a branch of L1C needs scenes"):
        parse(table | {"branches": table["branches"] | {"mine": {"preset": "study-2019-raw"}}})
