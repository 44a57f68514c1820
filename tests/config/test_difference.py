"""Experiments that split the difference: their branches follow from the compared ones, whatever those are."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudrobust.config import parse
from cloudrobust.errors import InputError

DEFAULT = yaml.safe_load((Path(__file__).resolve().parents[2] / "config.yaml").read_text())
DEFAULT.pop("ablation")


def study(**parts: Any) -> Any:
    return parse(copy.deepcopy(DEFAULT) | parts)


def paths(made: Any) -> dict[str, str]:
    return {name: branch.chain for name, branch in made.explained.items()}


def test_every_change_from_raw_to_preprocessed_is_a_branch() -> None:
    made = study(explain_difference={"omission": [0.025], "commission": [0.5]})
    assert paths(made) == {
        "raw": "L1C",
        "preprocessed": "L2A/season/clear/biweekly",
        "selected": "L1C/season",
        "placebo": "L1C/season/placebo-borrowed",
        "masked": "L1C/season/clear-borrowed",
        "corrected": "L2A/season/clear",
        "true-sky": "L2A/season/true-sky/biweekly",
        "placebo-even": "L2A/season/placebo/biweekly",
        "unmasked": "L2A/season/biweekly",
        "mask-s2cloudless": "L2A/season/mask-s2cloudless/biweekly",
        "true-ground": "L2A/season/true-ground",
        "true-sky-uneven": "L2A/season/true-sky",
        "omission-2-5": "L2A/season/omission-2-5/biweekly",
        "commission-50": "L2A/season/commission-50/biweekly",
    }
    assert list(made.branches) == ["raw", "preprocessed"]
    bars = made.experiments.bars
    path = [bar for bar in bars if bar.group == "path"]
    assert [bar.name for bar in path] == [
        "season selected", "fewer dates", "clouds gone", "atmosphere corrected", "equal dates",
    ]  # fmt: skip
    # Each bar begins where the one before it ended.
    assert [path[0].against, *(bar.of for bar in path)] == ["raw", *(bar.against for bar in path[1:]), "preprocessed"]
    assert made.experiments.masks == {
        "clear": "L2A/season/clear",
        "s2cloudless": "L2A/season/mask-s2cloudless",
        "truth": "L2A/season/true-sky",
    }
    assert made.reference_chain("L1C/season/placebo-borrowed") == "L1C/season/clear-borrowed"
    assert made.reference_chain("L2A/season/omission-2-5") == "L2A/season/true-sky"
    # What a placebo is compared with is a series of its own, and the mask on L1C borrows from L2A.
    assert {"L1C/season/clear-borrowed", "L2A/season/true-sky"} <= set(made.chains)
    assert made.steps["clear-borrowed"].dilate == 20
    assert made.steps["clear-borrowed"].reads("L1C") == {"L2A"}


def test_a_study_that_does_not_ask_has_none_and_is_what_it_was() -> None:
    without = copy.deepcopy(DEFAULT)
    without.pop("explain_difference")
    made = parse(without)
    assert made.explained == {}
    assert set(made.steps) == {"season", "clear", "biweekly"}
    assert "borrow" not in made.steps["clear"].canonical()


def test_no_scene_is_fetched_that_the_compared_branches_do_not_need() -> None:
    without = copy.deepcopy(DEFAULT)
    without.pop("explain_difference")
    assert study(explain_difference={}).needed == parse(without).needed


def test_a_mask_that_reads_l1c_is_not_borrowed() -> None:
    steps = DEFAULT["steps"] | {"clear": {"do": "mask", "method": "s2cloudless"}}
    made = study(steps=steps, explain_difference={})
    assert paths(made)["masked"] == "L1C/season/clear"
    assert paths(made)["placebo"] == "L1C/season/placebo-borrowed"
    assert made.steps["placebo-borrowed"].stands_for == ("clear",)


def test_what_two_branches_share_is_no_bar() -> None:
    branches = {
        "raw": {"level": "L2A", "steps": ["season"]},
        "preprocessed": {"level": "L2A", "steps": ["season", "clear", "biweekly", "smooth"]},
    }
    steps = DEFAULT["steps"] | {"smooth": {"do": "smooth", "method": "savitzky-golay"}}
    made = study(branches=branches, steps=steps, explain_difference={})
    names = [bar.name for bar in made.experiments.bars if bar.group == "path"]
    assert names == ["fewer dates", "clouds gone", "equal dates", "other steps"]
    # What filling in does is told without the other steps.
    alone = next(bar for bar in made.experiments.bars if bar.name == "equal dates alone, true sky")
    assert (paths(made)[alone.of], paths(made)[alone.against]) == (
        "L2A/season/true-sky/biweekly",
        "L2A/season/true-sky",
    )
    assert paths(made)["true-sky"] == "L2A/season/true-sky/biweekly/smooth"


def test_elsewhere_masks_are_judged_by_each_other() -> None:
    real = {"source": {"kind": "safe", "store": "archive"}, "parcels": DEFAULT["parcels"] | {"file": "fields.gpkg"}}
    made = study(**real, explain_difference={})
    assert not any("true" in name for name in made.explained)
    assert made.experiments.reference == "s2cloudless"
    assert made.experiments.base == "the study's own mask"
    assert ("omission", 0.0, "preprocessed") in made.experiments.curves
    assert made.steps["omission-10"].stands_for == ("clear",)


def test_without_a_mask_there_are_no_clouds_to_tell() -> None:
    branches = DEFAULT["branches"] | {"preprocessed": {"level": "L2A", "steps": ["season", "biweekly"]}}
    made = study(branches=branches, explain_difference={})
    names = [bar.name for bar in made.experiments.bars]
    assert names == ["season selected", "atmosphere corrected", "equal dates", "true sky and true ground"]
    assert made.experiments.notes == ("The preprocessed branch has no mask, so there are no curves of mask errors.",)
    assert made.experiments.masks == {}


def test_impossible_branches_join_their_bars() -> None:
    """A table of L2A alone has no raw level to take a season from."""
    steps = {"season": DEFAULT["steps"]["season"], "cloudy": {"do": "mask", "method": "parcel"},
             "even": {"do": "interpolate"}}  # fmt: skip
    branches = {
        "raw": {"level": "L2A", "steps": []},
        "preprocessed": {"level": "L2A", "steps": ["season", "cloudy", "even"]},
    }
    made = study(steps=steps, branches=branches, explain_difference={})
    assert paths(made)["masked"] == "L2A/season/cloudy"
    assert "placebo" in made.explained


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"steps": DEFAULT["steps"] | {"placebo": {"do": "index", "names": ["NDVI"]}}, "explain_difference": {}},
         "steps.placebo: explain_difference brings a step of this name; rename yours"),
        ({"explain_difference": {"models": ["forrest"]}}, "explain_difference.models: unknown model 'forrest'"),
        ({"explain_difference": {"omission": [1.5]}}, "explain_difference.omission[0]: 1.5 does not fit"),
        ({"steps": DEFAULT["steps"] | {"drawn": {"do": "mask", "methods": [{"do": "random", "like": "claer"}]}},
          "branches": DEFAULT["branches"] | {"other": {"level": "L2A", "steps": ["drawn"]}}},
         "mask 'drawn' names the unknown step 'claer'"),
        ({"steps": DEFAULT["steps"] | {"drawn": {"do": "mask", "methods": [{"do": "random", "like": "season"}]}},
          "branches": DEFAULT["branches"] | {"other": {"level": "L2A", "steps": ["drawn"]}}},
         "mask 'drawn' names 'season', which is no mask that finds clouds"),
        ({"steps": DEFAULT["steps"] | {"drawn": {"do": "mask", "methods": [{"do": "random", "like": "clear"}]}},
          "branches": DEFAULT["branches"] | {"other": {"level": "L1C", "steps": ["drawn"]}}},
         "L1C has no scene classification for mask 'clear'"),
        ({"steps": DEFAULT["steps"] | {"sky": {"do": "mask", "method": "truth"}},
          "source": {"kind": "safe", "store": "archive"}, "parcels": {"file": "fields.gpkg"},
          "branches": DEFAULT["branches"] | {"other": {"level": "L2A", "steps": ["sky"]}}},
         "mask 'sky' looks at the truth, which only the simulator knows"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        study(**parts)
    assert sentence in str(caught.value)
