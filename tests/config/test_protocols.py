"""A protocol means exactly what the catalogue says, and contradicts nothing that is written beside it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudrobust.config import parse
from cloudrobust.config.protocols import catalogue
from cloudrobust.config.study import Study
from cloudrobust.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
MODELS = {"lstm": {}, "small": {"do": "transformer"}, "msresnet": None, "tempcnn": {}, "forest": {}, "ltae": {}}


def study(**parts: Any) -> Study:
    plain = {"training": {"seeds": [0], "batch": 32}, "models": MODELS, "ablation": None}
    return parse(copy.deepcopy(DEFAULT | plain) | parts)


def test_the_study_is_followed_in_everything_that_the_catalogue_names() -> None:
    said, found = catalogue()["study-2019"], study(protocol="study-2019")
    assert found.training.model_dump().items() >= said["training"].items()
    assert found.training.batch == 32
    for name, kind in (("lstm", "lstm"), ("small", "transformer"), ("msresnet", "msresnet"), ("tempcnn", "tempcnn")):
        assert found.models[name].model_dump().items() >= said["models"][kind].items()
    assert found.models["ltae"] == study().models["ltae"]
    assert found.explanations.gradient_of == "probability"
    assert (found.training.inputs, found.training.keep) == ("reflectance", "last")
    assert found.models["small"].weight_decay == 0.000413


def test_without_a_protocol_the_defaults_hold() -> None:
    assert study().canonical() == study(protocol="cloudrobust").canonical()
    assert study().training.keep == "best"


def test_a_protocol_and_what_it_stands_for_are_the_same_training() -> None:
    said = catalogue()["study-2019"]
    written = study(
        training={"seeds": [0], "batch": 32, **said["training"]},
        models=MODELS | {name: {"do": name, **values} for name, values in said["models"].items() if name in MODELS}
        | {"small": {"do": "transformer", **said["models"]["transformer"]}},
    )  # fmt: skip
    named = study(protocol="study-2019")
    assert named.training == written.training
    assert named.models == written.models


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"protocol": "study-2018"}, "protocol: unknown 'study-2018'; did you mean 'study-2019'?"),
        (
            {"protocol": "study-2019", "training": {"epochs": 20}},
            "training.epochs: the protocol 'study-2019' says 150; remove the key",
        ),
        (
            {"protocol": "study-2019", "models": {"mine": {"do": "lstm", "hidden": 8}}},
            "models.mine.hidden: the protocol 'study-2019' says 32",
        ),
        ({"protocol": "study-2019", "training": [1]}, "training: "),
    ],
)
def test_contradictions_are_named(parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        study(**parts)
    assert sentence in str(error.value)


def test_an_equal_value_beside_the_protocol_is_no_contradiction() -> None:
    assert study(protocol="study-2019", training={"epochs": 150, "seeds": [0]}).training.epochs == 150
