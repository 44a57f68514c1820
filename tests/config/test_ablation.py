"""Factors of an ablation become branches; what is impossible is left out with its reason, what is wrong is named."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cloudrobust.config import load, merge, parse
from cloudrobust.config.ablation import Ablation
from cloudrobust.config.design import Cell, coded, fraction
from cloudrobust.errors import InputError

DEFAULT = yaml.safe_load((Path(__file__).resolve().parents[2] / "config.yaml").read_text())
DEFAULT["steps"]["cloudless"] = {"do": "mask", "method": "s2cloudless"}
FACTORS = {
    "level": ["L1C", "L2A"],
    "selection": ["none", "season"],
    "mask": {"none": [], "s2cloudless": "cloudless"},
    "interpolation": {"none": [], "linear": ["biweekly"]},
}


def study(**ablation: Any) -> Any:
    return parse(copy.deepcopy(DEFAULT) | {"ablation": {"factors": FACTORS} | ablation})


def cells(*sizes: int) -> tuple[list[Cell], Any]:
    """All combinations of factors with so many levels."""
    factors = Ablation.model_validate(
        {"factors": {f"f{n}": {f"l{m}": [] for m in range(size)} for n, size in enumerate(sizes)}}
    ).factors
    found = [
        Cell("", {factor.name: one.name for factor, one in zip(factors, combination, strict=True)}, "L2A", ())
        for combination in itertools.product(*(factor.levels for factor in factors))
    ]
    return found, factors


def test_every_combination_becomes_a_branch_that_is_no_part_of_the_comparison() -> None:
    made = study()
    assert len(made.ablated) == 16
    assert made.ablated["l2a-season-s2cloudless-linear"].chain == "L2A/season/cloudless/biweekly"
    assert made.ablated["l1c-none-none-none"].chain == "L1C"
    assert list(made.branches) == ["raw", "preprocessed"]
    # The rules know every prefix.
    assert {"L1C/season/cloudless", "L2A/biweekly", "L2A/season/clear/biweekly"} <= set(made.chains)


def test_short_and_long_forms_mean_the_same() -> None:
    written_out = [
        {"name": "level", "levels": [{"name": "L1C", "level": "L1C"}, {"name": "L2A", "level": "L2A"}]},
        {"name": "selection", "levels": [{"name": "none"}, {"name": "season", "steps": ["season"]}]},
        {"name": "mask", "levels": [{"name": "none"}, {"name": "s2cloudless", "steps": ["cloudless"]}]},
        {"name": "interpolation", "levels": [{"name": "none"}, {"name": "linear", "steps": ["biweekly"]}]},
    ]
    assert study(factors=written_out).ablation.canonical() == study().ablation.canonical()


def test_what_is_impossible_is_left_out_and_told_why() -> None:
    winter = {"winter": {"do": "select", "start": "11-01", "end": "12-31"}}
    values = copy.deepcopy(DEFAULT) | {
        "period": {"start": "2022-01-01", "end": "2022-10-31"},
        "steps": DEFAULT["steps"] | winter,
        "ablation": {
            "factors": {
                "level": ["L1C", "L2A"],
                "selection": ["none", "winter"],
                "mask": {"none": [], "scl": "clear"},
                "interpolation": {"none": [], "linear": "biweekly"},
            }
        },
    }
    design = parse(values).design
    assert {cell.name for cell in design.cells} == {
        "l1c-none-none-none", "l1c-none-none-linear", "l2a-none-none-none", "l2a-none-none-linear",
        "l2a-none-scl-none", "l2a-none-scl-linear",
    }  # fmt: skip
    assert len(design.cells) + len(design.left_out) == 16
    reasons = {cell.name: reason for cell, reason in design.left_out}
    assert "L1C has no scene classification for mask 'clear'" in reasons["l1c-none-scl-none"]
    assert "do not meet" in reasons["l2a-winter-none-linear"]
    said = " ".join(design.notes())
    assert all(" × ".join(cell.factors.values()) in said for cell, _ in design.left_out)


def test_a_combination_that_changes_nothing_is_left_out() -> None:
    twice = FACTORS | {"mask": {"none": [], "s2cloudless": "cloudless", "again": "cloudless"}}
    reasons = [reason for _, reason in study(factors=twice).design.left_out]
    assert len(reasons) == 8
    assert all(reason.startswith("it is the same chain as") for reason in reasons)


def test_finished_series_are_ablated_at_the_level_that_they_have() -> None:
    france = yaml.safe_load((Path(__file__).resolve().parents[2] / "config" / "france.yaml").read_text())
    crossed = {"factors": {"selection": ["none", "season"], "interpolation": ["none", "dekads"]}}
    made = parse(france | {"ablation": crossed})
    assert [branch.chain for branch in made.ablated.values()] == [
        "L2A",
        "L2A/dekads",
        "L2A/season",
        "L2A/season/dekads",
    ]
    with pytest.raises(InputError, match="the source holds L2A; a branch of L1C needs scenes"):
        parse(france | {"ablation": crossed | {"level": "L1C"}})


def test_an_overlay_adds_a_level() -> None:
    values = merge(DEFAULT, {"ablation": {"factors": {"interpolation": {"monthly": ["monthly"]}}}})
    values["steps"]["monthly"] = {"do": "composite", "window": "month"}
    names = [one.name for one in parse(values).ablation.factors[3].levels]
    assert names == ["none", "linear", "monthly"]


@pytest.mark.parametrize(
    ("ablation", "sentence"),
    [
        ({"factors": FACTORS | {"mask": ["none", "cler"]}}, "mask.cler: unknown step 'cler'; did you mean 'clear'?"),
        ({"models": ["forrest"]}, "ablation.models: unknown model 'forrest'; did you mean 'forest'?"),
        ({"factors": {}}, "ablation: names no factor; add one"),
        ({"factors": {"mask": ["none"]}}, "'mask' has 1 of the two levels that a comparison needs; add one"),
        ({"factors": {"mask": ["none", "clear", "clear"]}}, "the level 'clear' occurs twice; name each once"),
        ({"factors": {"mask": ["L1C", "clear"]}}, "give them a factor of their own"),
        ({"factors": {"a": ["L1C", "L2A"], "b": ["L2A", "L1C"]}}, "'a' and 'b' both choose between L1C and L2A"),
        ({"level": "L2A"}, "level and the factor 'level' both say which level; remove one of them"),
        ({"branches": 8}, "write design: fraction too, or remove it"),
        ({"design": "fraction", "branches": 3}, "a fraction of 3 branches is not possible; write a number from 5"),
        ({"design": "fraction", "branches": 17}, "to 16, all possible ones"),
        ({"factors": {"mask": {"a b": [], "c": ["clear"]}}}, "write a name of letters, digits and single hyphens"),
        ({"level": "L1C", "factors": {"mask": ["none", "clear"]}}, "fewer than two combinations"),
        ({"factors": {"m": {"a-b": [], "a": ["clear"]}, "n": {"c": [], "b-c": ["season"]}}}, "are called 'a-b-c'"),
        ({"resample": 10}, "unknown key 'ablation.resample'; did you mean 'resamples'?"),
    ],
)
def test_a_mistake_is_one_sentence(ablation: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        study(**ablation)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_half_of_two_level_factors_is_the_regular_fraction_of_highest_resolution() -> None:
    all_of_them, factors = cells(2, 2, 2, 2)
    chosen = [all_of_them[number] for number in fraction(all_of_them, factors, 8)]
    # The defining relation: the product of all four signs is one and the same.
    signs = np.array([[1 if value == "l1" else -1 for value in cell.factors.values()] for cell in chosen])
    assert set(signs.prod(axis=1).tolist()) == {1}
    # Main effects are orthogonal, so that their determinant is as large as any can be (Hadamard).
    full = np.column_stack([np.ones(8), signs])
    assert np.array_equal(full.T @ full, 8 * np.eye(5))


@pytest.mark.parametrize(("sizes", "count"), [((2, 3, 2), 6), ((2, 3, 2), 5), ((3, 3), 6), ((2, 2, 2), 5)])
def test_no_other_fraction_of_that_size_tells_more(sizes: tuple[int, ...], count: int) -> None:
    all_of_them, factors = cells(*sizes)
    x = coded(all_of_them, factors)

    def determinant(numbers: tuple[int, ...]) -> float:
        return float(np.linalg.det(x[list(numbers)].T @ x[list(numbers)]))

    best = max(determinant(numbers) for numbers in itertools.combinations(range(len(x)), count))
    found = fraction(all_of_them, factors, count)
    assert len(set(found)) == count
    assert determinant(tuple(found)) == pytest.approx(best, rel=1e-6)


def test_a_fraction_of_what_is_possible_keeps_the_rest_in_its_notes() -> None:
    made = study(design="fraction")
    assert len(made.ablated) == 8
    assert len(made.design.not_drawn) == 8
    assert "8 of the 16 possible combinations are computed" in " ".join(made.design.notes())


def test_the_default_study_has_an_ablation_of_possible_branches() -> None:
    made = load(Path(__file__).resolve().parents[2] / "config.yaml")
    assert len(made.design.cells) + len(made.design.left_out) == 16
    assert len(made.ablated) == 12
