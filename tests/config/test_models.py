"""Models in the configuration: kinds, what is left out, and what a branch has of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudrobust import models
from cloudrobust.config import load, merge, parse
from cloudrobust.config.models import KINDS
from cloudrobust.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def study(**changes: Any) -> Any:
    return parse(merge(yaml.safe_load((ROOT / "config.yaml").read_text()), changes))


def test_every_network_of_the_registry_can_be_configured_and_takes_its_hyperparameters() -> None:
    kinds = {kind.model_fields["do"].default: kind for kind in KINDS}
    assert set(kinds) == {*models.available(), "forest", "boosted"}
    for name in models.available():
        made = models.create(name, bands=3, classes=2, dates=16, **kinds[name]().hyperparameters())
        default = models.create(name, bands=3, classes=2, dates=16)
        assert [p.shape for p in made.parameters()] == [p.shape for p in default.parameters()]


def test_a_model_of_a_file_below_can_be_left_out() -> None:
    assert set(study(models={"lstm": False, "msresnet": False, "gru": None}).models) == {
        "transformer", "tempcnn", "forest", "gru",
    }  # fmt: skip


def test_a_branch_can_have_its_own_hyperparameters() -> None:
    made = study(tuned={"raw": {"lstm": {"hidden": 64}, "forest": {}}})
    assert made.model("raw", "lstm").hidden == 64
    assert made.model("raw", "lstm").dropout == made.models["lstm"].dropout == 0.4
    assert made.model("preprocessed", "lstm") == made.models["lstm"]
    assert made.model("raw", "forest") == made.models["forest"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tuned": {"rav": {}}}, "tuned: unknown branch 'rav'; did you mean 'raw'?"),
        ({"tuned": {"raw": {"lsmt": {}}}}, "tuned.raw: unknown model 'lsmt'; did you mean 'lstm'?"),
        ({"tuned": {"raw": {"lstm": {"hidde": 3}}}}, "tuned.raw.lstm: unknown key 'hidde'; did you mean 'hidden'?"),
        ({"tuned": {"raw": {"lstm": {"hidden": 0}}}}, "tuned.raw.lstm.hidden: input should be greater than"),
        ({"tuning": {"models": ["forest"]}}, "tuning.models: 'forest' is a random forest, which has nothing to tune"),
        ({"tuning": {"models": ["lsmt"]}}, "tuning.models: unknown model 'lsmt'; did you mean 'lstm'?"),
        ({"tuning": {"branches": ["rav"]}}, "tuning.branches: unknown branch 'rav'; did you mean 'raw'?"),
        ({"models": {"ltae": {"width": 100}}}, "heads divides width; 16 does not divide 100"),
        ({"models": {"boosted": {}}, "explanations": {"in_report": ["boosted"]}}, "made of trees, which have no gradi"),
    ],
)
def test_mistakes_are_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        study(**changes)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_every_overlay_fits_the_configuration_that_it_names() -> None:
    overlays = sorted((ROOT / "config" / "overlays").glob("*.yaml"))
    assert overlays
    for file in overlays:
        base = re.search(r"--configfile (\S+) config/overlays/", file.read_text())
        assert base is not None, file
        load([ROOT / base.group(1), file])
