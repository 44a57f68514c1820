"""What follows from a configuration: prefixes, windows, months."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from cloudrobust.config import Study, parse
from cloudrobust.config.dask import local_share
from cloudrobust.errors import InputError


def study(**changes: object) -> Study:
    values: dict[str, object] = {
        "period": {"start": "2021-11-15", "end": "2022-12-31"},
        "source": {"kind": "simulator"},
        "tiles": ["32UPU"],
        "steps": {
            "season": {"do": "select", "start": "03-01", "end": "04-30"},
            "clear": {"do": "mask"},
            "equal": {"do": "interpolate"},
        },
        "branches": {
            "raw": {"level": "L1C"},
            "preprocessed": {"level": "L2A", "steps": ["season", "clear", "equal"]},
            "masked": {"level": "L2A", "steps": ["season", "clear"]},
        },
        "models": {"tempcnn": {}},
    }
    return parse(values | changes)


def test_branches_that_share_a_prefix_share_its_chain() -> None:
    assert study().chains == ["L1C", "L2A", "L2A/season", "L2A/season/clear", "L2A/season/clear/equal"]


def test_months_are_known_from_the_configuration_alone() -> None:
    assert study().months("L1C")[:3] == ["2021-11", "2021-12", "2022-01"]
    assert len(study().months("L1C")) == 14
    assert study().months("L2A/season/clear") == ["2022-03", "2022-04"]


def test_a_window_with_a_year_keeps_that_year_only() -> None:
    chosen = study(
        steps={
            "season": {"do": "select", "start": "2022-11-20", "end": "2022-12-05"},
            "clear": {"do": "mask"},
            "equal": {"do": "interpolate"},
        }
    )
    days = chosen.days("L2A/season")
    assert (days[0], days[-1]) == (dt.date(2022, 11, 20), dt.date(2022, 12, 5))


def test_parcels_are_averaged_after_the_last_step_on_pixels() -> None:
    chosen = study()
    assert chosen.works_on_pixels("L2A/season/clear")
    assert not chosen.works_on_pixels("L2A/season/clear/equal")


def test_the_bands_of_a_level_are_those_that_scenes_have() -> None:
    from cloudrobust.scenes.bands import bands_of

    assert study()._bands("L1C") == tuple(bands_of("L1C"))
    assert study()._bands("L2A") == tuple(bands_of("L2A"))


def test_where_blocks_are_computed_is_no_part_of_what_a_study_computes() -> None:
    near, far = study(), study(dask={"kind": "address", "address": "tcp://scheduler:8786"})
    assert near.canonical() == far.canonical()
    assert local_share(far.dask) == (0, 0)
    assert local_share(study(dask={"kind": "local", "workers": 3, "threads": 2, "memory": "1.5 GB"}).dask) == (6, 4500)


def test_two_branches_and_the_best_model_answer_unless_the_configuration_says_otherwise() -> None:
    usual = study(models={"tempcnn": {}, "forest": {}})
    assert usual.answering_models == ("best",)
    assert usual.answering_branches == ("raw", "preprocessed")
    assert usual.candidates("best") == ("tempcnn", "forest")
    assert usual.extra_trainings().startswith(
        "answers out of fold: 10 trainings (5 folds x 2 branches x the best model"
    )
    wide = study(
        models={"tempcnn": {}, "forest": {}},
        prediction={"models": "all", "branches": ["masked", "raw"], "folds": 3, "seeds": 2},
    )
    assert wide.answering_models == ("tempcnn", "forest")
    assert wide.candidates("forest") == ("forest",)
    assert "24 trainings (3 folds x 2 branches x tempcnn, forest x 2 seeds)" in wide.extra_trainings()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prediction": {"models": ["forrest"]}}, "prediction.models: unknown model 'forrest'"),
        ({"prediction": {"branches": ["row"]}}, "prediction.branches: unknown branch 'row'"),
        ({"models": {"best": {"do": "forest"}}}, "models.best: this word stands for the best model"),
        ({"prediction": {"folds": 2}, "split": {"validation": 0.5}}, "leave nothing to train on"),
    ],
)
def test_answers_that_cannot_be_are_a_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        study(**changes)
