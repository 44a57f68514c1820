"""What a branch needs, as if it were the only one, and that the rules make exactly this."""

from __future__ import annotations

import pytest

from cloudrobust.config import parse
from cloudrobust.config.study import Study
from cloudrobust.config.work import work_of

STEPS = {
    "season": {"do": "select", "start": "03-01", "end": "10-31"},
    "clear": {"do": "mask"},
    "cloudless": {"do": "mask", "method": "s2cloudless"},
    "parcelwise": {"do": "mask", "method": "parcel"},
    "even": {"do": "interpolate"},
    "green": {"do": "index", "names": ["NDVI"]},
    "averaged": {"do": "aggregate"},
}


def study(**branches: dict) -> Study:
    return parse(
        {
            "period": {"start": "2022-01-01", "end": "2022-12-31"},
            "source": {"kind": "simulator"},
            "tiles": ["32UPU"],
            "steps": STEPS,
            "branches": branches,
            "models": {"forest": {}},
            "comparison": dict.fromkeys(("raw", "preprocessed"), next(iter(branches))),
        }
    )


@pytest.mark.parametrize(
    ("branch", "jobs", "scenes"),
    [
        ({"level": "L1C"}, [("observe_parcels", "L1C"), ("collect_series", "L1C")], [("L1C", "L1C")]),
        (
            {"level": "L2A", "steps": ["season", "clear", "even"]},
            [
                ("select_scenes", "L2A/season"),
                ("mask_scenes", "L2A/season/clear"),
                ("observe_parcels", "L2A/season/clear"),
                ("collect_series", "L2A/season/clear"),
                ("interpolate_series", "L2A/season/clear/even"),
            ],
            [("L2A", "L2A/season/clear")],
        ),
        (  # s2cloudless looks at the L1C scene of the same date
            {"level": "L2A", "steps": ["cloudless"]},
            [
                ("mask_scenes", "L2A/cloudless"),
                ("observe_parcels", "L2A/cloudless"),
                ("collect_series", "L2A/cloudless"),
            ],
            [("L2A", "L2A/cloudless"), ("L1C", "L2A/cloudless")],
        ),
        (  # pixels stay pixels up to the step aggregate: nobody observes parcels before
            {"level": "L2A", "steps": ["season", "green", "averaged"]},
            [("select_scenes", "L2A/season"), ("aggregate_pixels", "L2A/season/green/averaged")],
            [("L2A", "L2A/season")],
        ),
        (  # a mask on the means of parcels needs the L1C series
            {"level": "L2A", "steps": ["parcelwise"]},
            [
                ("observe_parcels", "L2A"),
                ("collect_series", "L2A"),
                ("observe_parcels", "L1C"),
                ("collect_series", "L1C"),
                ("apply_step", "L2A/parcelwise"),
            ],
            [("L2A", "L2A"), ("L1C", "L1C")],
        ),
    ],
)
def test_a_branch_needs_the_jobs_of_its_steps(branch: dict, jobs: list, scenes: list) -> None:
    one = study(one=branch)
    work = work_of(one, one.branches["one"].chain)
    assert list(work.jobs) == jobs
    assert list(work.scenes) == scenes


def test_what_another_branch_observes_on_the_way_is_not_needed() -> None:
    both = study(short={"level": "L2A", "steps": ["season"]}, long={"level": "L2A", "steps": ["season", "clear"]})
    assert ("observe_parcels", "L2A/season") not in work_of(both, "L2A/season/clear").jobs
