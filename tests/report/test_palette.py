"""Colours with a fixed meaning."""

from __future__ import annotations

import pytest
from matplotlib.colors import is_color_like

from cloudrobust.report.numbers import MODEL_NAMES
from cloudrobust.report.palette import (
    BANDS,
    CROPS,
    MODELS,
    PALETTE,
    band_colour,
    branch_colours,
    class_colours,
    model_colours,
)
from cloudrobust.scenes.bands import BAND


def test_every_colour_is_one():
    assert len(set(PALETTE)) == len(PALETTE) == 36
    assert all(is_color_like(colour) for colour in (*PALETTE, *BANDS.values(), *CROPS.values()))


def test_bands_have_different_colours_in_the_order_of_wavelength():
    assert list(BANDS) == sorted(BAND, key=lambda name: BAND[name].wavelength)
    assert len(set(BANDS.values())) == 13
    assert is_color_like(band_colour("ndvi"))


@pytest.mark.parametrize("added", ["hops", "potato", "triticale", "zucchini", "aronia"])
def test_crops_keep_their_colours_when_a_class_is_added(added):
    classes = ["maize", "winter wheat", "grassland", "winter barley", "winter rapeseed"]
    before, after = class_colours(classes), class_colours([added, *classes])
    assert {name: after[name] for name in classes} == before
    assert after[added] not in before.values()


def test_order_of_classes_does_not_matter():
    classes = [f"crop {n}" for n in range(20)] + ["maize", "soybean"]
    assert class_colours(classes) == class_colours(classes[::-1])


def test_unknown_classes_rarely_change_when_one_is_added():
    classes = [f"Kultur {n}" for n in range(12)]
    changed = []
    for added in (f"neu {n}" for n in range(60)):
        before, after = class_colours(classes), class_colours([*classes, added])
        changed.append(sum(before[name] != after[name] for name in classes))
    assert sum(changed) / (60 * len(classes)) < 0.05


def test_36_classes_have_36_colours_and_more_repeat():
    assert len(set(class_colours(f"c{n}" for n in range(36)).values())) == 36
    assert len(class_colours(f"c{n}" for n in range(50))) == 50


def test_models_have_fixed_colours():
    assert model_colours(["lstm"])["lstm"] == model_colours(["tempcnn", "lstm", "own"])["lstm"]
    assert set(MODELS) == set(MODEL_NAMES)
    assert len(set(model_colours([*MODELS, "own"]).values())) == len(MODELS) + 1


def test_branches_of_the_comparison_have_fixed_colours():
    two = branch_colours(["raw", "clear"], raw="raw", preprocessed="clear")
    four = branch_colours(["x", "raw", "y", "clear"], raw="raw", preprocessed="clear")
    assert two["raw"] == four["raw"]
    assert two["clear"] == four["clear"]
    assert len(set(four.values())) == 4
