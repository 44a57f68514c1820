"""How scores are written."""

from __future__ import annotations

import math

import pytest

from cloudrobust.report.numbers import deviation, model_name, score, signed, signed_with_deviation, with_deviation


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.842, ".842"), (0.8416, ".842"), (1.0, "1.000"), (0.0, ".000"), (-0.0124, "−.012"), (-0.0001, ".000"),
     (0.9996, "1.000"), (math.nan, "–")],
)  # fmt: skip
def test_scores_lose_their_leading_zero(value, text):
    assert score(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0043, ".0043"), (0.0099, ".0099"), (0.00996, ".010"), (0.0312, ".031"), (math.nan, "–")]
)
def test_deviations_have_about_two_significant_digits(value, text):
    assert deviation(value) == text


def test_mean_and_deviation_as_in_the_study():
    assert with_deviation(0.842, 0.0043) == ".842 ± .0043"
    assert with_deviation(0.842, math.nan) == ".842 ± –"
    assert with_deviation(math.nan, math.nan) == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0.003, "+.003"), (-0.038, "−.038"), (0.0004, ".000"), (-0.0004, ".000"), (0.0, ".000")]
)
def test_differences_bear_their_sign(value, text):
    assert signed(value) == text


def test_differences_with_deviation():
    assert signed_with_deviation(0.003, 0.00405) == "+.003 ± .0040"
    assert signed_with_deviation(-0.038, math.nan) == "−.038 ± –"
    assert signed_with_deviation(math.nan, math.nan) == "–"


def test_models_are_named_as_in_their_papers():
    assert [model_name(name) for name in ("lstm", "msresnet", "my-own")] == ["LSTM", "MS-ResNet", "my-own"]
