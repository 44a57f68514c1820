"""Which days of an archive, and how far around the parcels, the branches need."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from cloudrobust.config import parse
from cloudrobust.config.steps import Mask
from cloudrobust.config.study import Study
from cloudrobust.steps.mask import _module

STEPS: dict[str, Any] = {
    "spring": {"do": "select", "start": "04-10", "end": "05-20"},
    "two": {"do": "select", "days": [121, 150], "around": 1},
    "clear": {"do": "mask", "dilate": 20},
    "cloudless": {"do": "mask", "method": "s2cloudless"},
    "parcel": {"do": "mask", "method": "parcel"},
    "equal": {"do": "interpolate", "every": "10d"},
}


def study(**branches: tuple[str, list[str]]) -> Study:
    first = next(iter(branches))
    return parse(
        {
            "period": {"start": "2022-04-01", "end": "2022-06-30"},
            "source": {"kind": "stac", "preset": "earth-search"},
            "tiles": ["32UPU"],
            "parcels": {"file": "parcels.gpkg"},
            "steps": STEPS,
            "branches": {name: {"level": level, "steps": steps} for name, (level, steps) in branches.items()},
            "comparison": {"raw": first, "preprocessed": first},
            "models": {"forest": {}},
        }
    )


def days(first: tuple[int, int], last: tuple[int, int]) -> set[date]:
    start, end = date(2022, *first).toordinal(), date(2022, *last).toordinal()
    return {date.fromordinal(number) for number in range(start, end + 1)}


def test_a_selection_counts_before_the_download_by_day() -> None:
    made = study(a=("L2A", ["spring", "clear"]))
    assert made.needed == {"L2A": days((4, 10), (5, 20))}
    assert made.months("L2A") == ["2022-04", "2022-05"]
    assert study(a=("L2A", ["two"])).needed["L2A"] == days((4, 30), (5, 2)) | days((5, 29), (5, 31))


def test_branches_of_a_level_need_the_union() -> None:
    made = study(a=("L2A", ["spring"]), b=("L2A", ["two", "clear"]), c=("L1C", ["two"]))
    assert made.needed["L2A"] == days((4, 10), (5, 20)) | days((5, 29), (5, 31))
    assert made.needed["L1C"] == set(made.days("L1C/two")) == set(made.days("L1C"))
    assert set(made.days("L2A/spring")) == days((4, 10), (5, 20))


def test_a_selection_after_an_interpolation_saves_nothing() -> None:
    made = study(a=("L2A", ["clear", "equal", "spring"]))
    assert made.needed["L2A"] == days((4, 1), (6, 30))
    assert set(made.days("L2A/clear/equal/spring")) == days((4, 10), (5, 20))


@pytest.mark.parametrize(
    ("steps", "other"),
    [
        (["spring", "cloudless"], days((4, 10), (5, 20))),
        (["cloudless", "spring"], days((4, 10), (5, 20))),
        (["spring", "parcel"], days((4, 10), (5, 20))),
        (["spring", "clear"], set()),
    ],
)
def test_a_mask_that_looks_at_the_other_level_needs_it_on_its_days(steps: list[str], other: set[date]) -> None:
    assert study(a=("L2A", steps)).needed.get("L1C", set()) == other


@pytest.mark.parametrize(
    "mask",
    [
        {"dilate": 40},
        {"method": "probability", "dilate": 500},
        {"method": "s2cloudless"},
        {"methods": [{"do": "s2cloudless", "average": 900, "resolution": 20}, "scl"], "dilate": 100},
        {"methods": {"do": "shadow", "by": "projection", "heights": [100, 3000]}},
        {"methods": {"do": "snow", "by": "ndsi", "dilate": 60}},
    ],
)
def test_the_margin_is_what_masks_look_at(mask: dict[str, Any]) -> None:
    step = Mask(**mask)
    ground: Any = SimpleNamespace(sun=lambda: (60.0, 150.0))
    looked = step.dilate + max(_module(m.do).reach(ground, m) + m.dilate for m in step.resolved)  # type: ignore[union-attr]
    assert step.reach == pytest.approx(looked)
    made = study(a=("L2A", ["clear"])).model_copy(update={"steps": {"clear": step}})
    margin = made.fetched.margin  # type: ignore[union-attr]
    assert margin >= max(300, looked + 80)
    assert margin <= max(300, looked + 180)
    assert made.source.margin is None  # type: ignore[union-attr]


def test_a_margin_that_is_configured_stays() -> None:
    made = study(a=("L2A", ["cloudless"]))
    own = made.model_copy(update={"source": made.source.model_copy(update={"margin": 50.0})})
    assert made.fetched.margin == 500  # type: ignore[union-attr]
    assert own.fetched.margin == 50  # type: ignore[union-attr]
