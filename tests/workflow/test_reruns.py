"""Swapping one part of a study reruns it and what depends on it, and nothing else."""

from __future__ import annotations

import copy

from .project import SMALL, Project

MODELS = len(SMALL["models"])
MONTHS = 3
# The best model is chosen anew over both branches, and answers both.
ANSWERS = {"cross_predict": 2, "predict_parcels": 2, "weigh_decision": 1}
LEARNING_OF_ONE_BRANCH = {"train": MODELS, **ANSWERS}
# Everything that looks at all runs at once.
COMPARISON = {
    "evaluate": 1,
    "add_up_price": 1,
    "write_study_file": 1,
    "compare_groups": 1,
    "write_tables": 1,
    "draw_comparison": 1,
    "draw_predictions": 1,
    "write_summary": 1,
    "write_page": 1,
}


def steps(**changes: dict) -> dict:
    changed = copy.deepcopy(SMALL["steps"])
    for name, values in changes.items():
        changed[name].update(values)
    return changed


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == {}
    result = finished.snakemake()
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout + result.stderr


def test_the_interval_of_the_interpolation_reruns_it_and_what_depends_on_it(finished: Project) -> None:
    with finished.configured(steps=steps(equal={"every": "12d"})):
        assert finished.planned() == {
            "interpolate_series": 1,
            "draw_series": 1,
            **LEARNING_OF_ONE_BRANCH,
            **COMPARISON,
        }


def test_the_dilation_of_the_mask_leaves_raw_scenes_and_the_other_branch_alone(finished: Project) -> None:
    with finished.configured(steps=steps(clear={"dilate": 40})):
        assert finished.planned() == {
            "mask_scenes": MONTHS,
            "observe_parcels": MONTHS,
            "know_clouds": 1,
            "collect_series": 1,
            "interpolate_series": 1,
            "draw_series": 1,
            "draw_chips": 1,
            **LEARNING_OF_ONE_BRANCH,
            **COMPARISON,
        }


def test_the_window_of_the_selection_reruns_the_months_that_it_changes_and_the_chain_below_them(
    finished: Project,
) -> None:
    with finished.configured(steps=steps(season={"start": "04-15"})):
        assert finished.planned() == {
            # April's scenes of before the 15th are no longer needed; those of other months are left alone.
            "fetch_scenes": 1,
            "account_scenes": 1,
            "select_scenes": 1,
            "mask_scenes": 1,
            "observe_parcels": 1,
            "know_clouds": 1,
            "collect_series": 1,
            "interpolate_series": 1,
            "draw_series": 1,
            "draw_chips": 1,
            **LEARNING_OF_ONE_BRANCH,
            **COMPARISON,
        }


def test_a_new_branch_computes_only_what_no_other_branch_has(finished: Project) -> None:
    branches = SMALL["branches"] | {"masked": {"level": "L2A", "steps": ["season", "clear"]}}
    with finished.configured(branches=branches):
        # The new branch is none of the two that are compared, so its models answer no parcels.
        assert finished.planned() == {"train": MODELS, **COMPARISON}


def test_a_new_seed_trains_again_and_touches_no_series(finished: Project) -> None:
    with finished.configured(training=SMALL["training"] | {"seeds": [0, 1, 2]}):
        assert finished.planned() == {"train": 2 * MODELS, **ANSWERS, **COMPARISON}


def test_a_new_month_adds_its_own_jobs(finished: Project) -> None:
    with finished.configured(period={"start": "2022-04-01", "end": "2022-07-31"}):
        planned = finished.planned()
    # The preprocessed branch ends in June, so July is only fetched for the raw one.
    assert planned == {
        "fetch_scenes": 1,
        "account_scenes": 1,
        "observe_parcels": 1,
        "know_clouds": 1,
        "collect_series": 1,
        "draw_series": 1,
        "draw_chips": 1,
        **LEARNING_OF_ONE_BRANCH,
        **COMPARISON,
    }


def test_an_edited_comment_or_docstring_reruns_nothing(finished: Project) -> None:
    with (
        finished.edited("workflow/cloudrobust/steps/interpolate.py", '"""Temporal', '# why\n"""The temporal'),
        finished.edited("workflow/cloudrobust/scenes/radiometry.py", '"""', '"""More words. '),
    ):
        assert finished.planned() == {}


def test_edited_code_of_a_step_reruns_that_step_and_what_depends_on_it(finished: Project) -> None:
    with finished.edited(
        "workflow/cloudrobust/steps/interpolate.py", "weight = np.divide(", "weight = 1.0 * np.divide("
    ):
        assert finished.planned() == {
            "interpolate_series": 1,
            "draw_series": 1,
            **LEARNING_OF_ONE_BRANCH,
            **COMPARISON,
        }
    with finished.edited("workflow/cloudrobust/steps/mask.py", "<= step.dilate", "<= 1.0 * step.dilate"):
        assert finished.planned()["mask_scenes"] == MONTHS
    with finished.edited("workflow/cloudrobust/steps/select.py", "dtype=bool)", "dtype=np.bool_)"):
        planned = finished.planned()
        assert planned["select_scenes"] == MONTHS
        assert "fetch_scenes" not in planned


def test_edited_code_of_a_network_trains_that_network_only(finished: Project) -> None:
    with finished.edited("workflow/cloudrobust/models/tempcnn.py", "import torch", "import math\n\nimport torch"):
        assert finished.planned() == {"train": 2, **ANSWERS, **COMPARISON}


def test_the_order_of_keys_in_the_configuration_does_not_matter(finished: Project) -> None:
    backwards = {name: dict(reversed(list(step.items()))) for name, step in reversed(list(SMALL["steps"].items()))}
    with finished.configured(steps=backwards):
        assert finished.planned() == {}


def test_the_catalogues_entry_is_the_same_workflow(finished: Project) -> None:
    result = finished.snakemake("--dry-run", "--snakefile", "workflow/Snakefile")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Nothing to be done" in result.stdout + result.stderr
