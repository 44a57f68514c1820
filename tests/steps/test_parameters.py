"""The steps' parameters: what a user may write, what it means, and one sentence for what does not fit."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from cloudrobust.config.steps import KINDS, METHODS, Mask, Step
from cloudrobust.config.steps.chain import bands_after, problems, ranges, stages, within
from cloudrobust.errors import InputError
from cloudrobust.scenes.bands import bands_of
from cloudrobust.steps import REGISTRY, apply, available, modules_of
from cloudrobust.steps.masks import REGISTRY as MASKS

from .made import cloudy_series


def made(**values: Any) -> Any:
    return TypeAdapter(Step).validate_python(values)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"do": "select", "start": "2022-05-01", "end": "2022-03-01"}, "end '2022-03-01' lies before start"),
        ({"do": "select", "start": "02-30"}, "start '02-30' is no day"),
        ({"do": "select", "start": "05-01", "end": "2022-06-01"}, "differ in form"),
        ({"do": "select", "months": [13]}, "months.0: Input should be less than or equal to 12"),
        ({"do": "select", "days": [0]}, "days.0: Input should be greater than or equal to 1"),
        ({"do": "select", "around": 3}, "around needs days"),
        ({"do": "select", "minimum_clear": 1.1}, "minimum_clear: Input should be less than or equal to 1"),
        ({"do": "mask", "method": "sc"}, "method: Input should be 'scl', "),
        ({"do": "mask", "classes": [12]}, "classes.0: Input should be less than or equal to 11"),
        ({"do": "mask", "method": "snow", "classes": [1]}, "classes belong to method scl, not to snow"),
        ({"do": "mask", "method": "scl", "methods": ["snow"]}, "method and methods are both given"),
        ({"do": "mask", "methods": ["snow", "snow"]}, "method snow occurs twice"),
        ({"do": "mask", "methods": ["parcel", "scl"]}, "method parcel works on the parcels' series"),
        ({"do": "mask", "method": "parcel", "dilate": 20}, "method parcel sees no pixels that could grow"),
        ({"do": "mask", "methods": [{"do": "probability", "threshold": 40}]}, "threshold: Input should be less than"),
        ({"do": "mask", "methods": [{"do": "s2cloudless", "resolution": 30}]}, "resolution: Input should be 10, 20 or"),
        ({"do": "mask", "methods": [{"do": "shadow", "dark": 0.1}]}, "dark belongs to by: projection"),
        (
            {"do": "mask", "methods": [{"do": "shadow", "by": "projection", "heights": [900, 200]}]},
            "heights 900 to 200 descend",
        ),
        ({"do": "mask", "combine": "most"}, "combine: Input should be 'any' or 'all'"),
        ({"do": "mask", "dilate": -1}, "dilate: Input should be greater than or equal to 0"),
        ({"do": "interpolate", "method": "cubical"}, "method: Input should be 'linear', "),
        ({"do": "interpolate", "every": "0d"}, "every: '0d' is no distance of dates"),
        ({"do": "interpolate", "edges": "extrapolate"}, "would invent values outside the observations"),
        ({"do": "interpolate", "maximum_gap": 0}, "maximum_gap: Input should be greater than or equal to 1"),
        ({"do": "composite", "window": "week"}, "window: Input should be 'dekad', "),
        ({"do": "composite", "method": "max"}, "method: Input should be 'median', "),
        ({"do": "smooth", "smoothness": 0}, "smoothness: Input should be greater than 0"),
        ({"do": "smooth", "order": 4}, "order: Input should be less than or equal to 3"),
        ({"do": "smooth", "window": 5}, "window belongs to method savitzky-golay, not to whittaker"),
        ({"do": "smooth", "method": "savitzky-golay", "window": 6}, "window 6 has no middle date"),
        ({"do": "smooth", "method": "savitzky-golay", "window": 3, "degree": 3}, "degree 3 needs a window of more"),
        ({"do": "index", "names": ["NDVIX"]}, "unknown index 'NDVIX'; did you mean 'NDVI'"),
        ({"do": "normalise", "method": "range", "low": 1, "high": 0}, "low 1 is not below high 0"),
        ({"do": "normalise", "low": 0.1}, "low belongs to method range, not to series"),
        ({"do": "bands"}, "give either keep or drop"),
        ({"do": "custom"}, "file: Field required"),
        ({"do": "interpolat"}, "unknown step 'interpolat'; did you mean 'interpolate'"),
        ({"do": "aggregate"}, "put it into a branch"),
    ],
)
def test_a_parameter_that_does_not_fit_is_one_sentence(step: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        apply(cloudy_series(0), step)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_kind_is_registered_documented_and_found() -> None:
    kinds = [kind.model_fields["do"].default for kind in KINDS]
    assert sorted(kinds) == available() == sorted(REGISTRY)
    assert sorted(MASKS) == sorted(kind.model_fields["do"].default for kind in METHODS)
    for kind in (*KINDS, *METHODS):
        for name, field in kind.model_fields.items():
            assert name == "do" or (field.description or "").endswith((".", ")", "…")), f"{kind.__name__}.{name}"


def test_a_mask_means_the_same_however_it_is_written() -> None:
    same = [
        Mask(),
        Mask(method="scl"),
        Mask(methods=["scl"]),
        Mask(methods=[{"do": "scl", "classes": [0, 1, 3, 8, 9, 10, 11]}], combine="all"),
    ]
    assert len({mask.canonical() for mask in same}) == 1
    assert Mask(classes=[8]).canonical() == Mask(methods=[{"do": "scl", "classes": [8]}]).canonical()
    assert Mask(methods=["scl", "snow"]).canonical() != Mask(methods=["scl", "snow"], combine="all").canonical()
    assert Mask(methods="snow").canonical() == Mask(methods=[{"do": "snow", "ndsi": 0.4}]).canonical()
    projected = {"do": "shadow", "by": "projection"}
    assert Mask(methods=[projected]).canonical() == Mask(methods=projected | {"clouds": "s2cloudless"}).canonical()
    assert Mask(method="s2cloudless").canonical() == Mask(methods=[{"do": "s2cloudless", "average": 240}]).canonical()


WRITTEN = pytest.mark.parametrize(
    "step",
    [
        {"do": "select", "months": [3, 4], "minimum_clear": 0.2},
        {"do": "mask", "method": "snow", "dilate": 20},
        {"do": "mask", "methods": ["scl", {"do": "shadow", "by": "projection", "clouds": ["probability"]}]},
        {"do": "mask", "methods": ["shadow"]},
        {"do": "smooth", "method": "savitzky-golay", "window": 9},
        {"do": "smooth", "smoothness": 3},
        {"do": "normalise", "method": "spectrum"},
        {"do": "normalise", "method": "range", "high": 0.6},
        {"do": "index", "names": ["NDVI"]},
        {"do": "composite", "window": "month"},
        {"do": "custom", "file": "a.py", "parameters": {"x": [1, 2], "y": {"z": None}}},
        {"do": "interpolate", "maximum_gap": 60},
    ],
)


@WRITTEN
def test_the_published_schema_accepts_what_may_be_written(step: dict[str, Any]) -> None:
    schema = TypeAdapter(Step).json_schema()
    jsonschema.validate(step, schema)
    jsonschema.validate(json.loads(made(**step).canonical()), schema)


@WRITTEN
def test_what_a_rule_is_given_means_what_the_user_wrote(step: dict[str, Any]) -> None:
    first = made(**step)
    again = TypeAdapter(Step).validate_json(first.canonical())
    assert again.canonical() == first.canonical()
    assert type(again) is type(first)
    if isinstance(first, Mask):
        assert isinstance(again, Mask)
        assert again.resolved == first.resolved
    else:
        assert again.model_dump() == first.model_dump()


def test_a_rule_stands_on_the_modules_of_its_own_step() -> None:
    assert modules_of(made(do="smooth")) == ("cloudrobust.steps.smooth",)
    assert modules_of(Mask()) == ("cloudrobust.steps.mask", "cloudrobust.steps.masks.scl")
    shadow = Mask(methods=[{"do": "shadow", "by": "projection", "clouds": ["probability"]}])
    assert modules_of(shadow)[1:] == ("cloudrobust.steps.masks.probability", "cloudrobust.steps.masks.shadow")


STEPS: dict[str, Any] = {
    "season": {"do": "select", "start": "03-01", "end": "10-31"},
    "bright": {"do": "select", "minimum_clear": 0.5},
    "clear": {"do": "mask"},
    "cloudless": {"do": "mask", "method": "s2cloudless"},
    "parcel": {"do": "mask", "method": "parcel"},
    "equal": {"do": "interpolate"},
    "dekads": {"do": "composite"},
    "calm": {"do": "smooth", "method": "savitzky-golay"},
    "ndvi": {"do": "index", "names": ["NDVI"]},
    "few": {"do": "bands", "keep": ["B02", "B03"]},
    "norm": {"do": "normalise"},
    "mean": {"do": "aggregate"},
}


def complaints(level: str, names: list[str], table: bool = False) -> list[tuple[int, str]]:
    return list(problems(level, names, [made(**STEPS[name]) for name in names], bands_of(level), table))


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("L2A", ["season", "clear", "equal"]),
        ("L2A", ["season", "bright", "clear", "bright", "equal", "mean", "ndvi", "norm"]),
        ("L2A", ["clear", "dekads", "bright", "calm"]),
        ("L1C", ["cloudless", "equal", "calm", "mean"]),
        ("L1C", ["parcel", "equal"]),
        ("L2A", ["cloudless", "mean", "parcel", "equal"]),
        ("L1C", []),
    ],
)
def test_chains_that_make_sense_raise_no_complaint(level: str, names: list[str]) -> None:
    assert complaints(level, names) == []


@pytest.mark.parametrize(
    ("level", "names", "position", "sentence"),
    [
        ("L1C", ["clear"], 0, "L1C has no scene classification for mask 'clear'; use level L2A or another method"),
        ("L2A", ["equal", "clear"], 1, "mask 'clear' needs pixels, but an earlier step works on the parcels' series"),
        ("L2A", ["equal", "clear", "mean"], 1, "mask 'clear' needs pixels"),
        ("L2A", ["equal", "parcel", "mean"], 1, "mask 'parcel' works on the parcels' series; move it behind"),
        ("L1C", ["few", "parcel"], 1, "mask 'parcel' needs band B01, which is not there"),
        ("L2A", ["mean", "equal", "mean"], 2, "aggregate 'mean': the pixels became parcels before it"),
        ("L2A", ["equal", "bright"], 1, "nothing before it tells the share that is clear"),
        ("L2A", ["equal", "bright", "mean"], 1, "nothing before it tells the share that is clear"),
        ("L2A", ["calm"], 0, "smooth 'calm' needs equal dates; put an interpolate or composite step before it"),
        ("L2A", ["norm", "ndvi"], 1, "index 'ndvi' needs reflectance, which 'norm' has scaled"),
        ("L2A", ["few", "ndvi"], 1, "index 'ndvi' needs band B08 for NDVI, which is not there; keep it"),
    ],
)
def test_an_order_that_makes_no_sense_is_named_before_any_pixel_is_read(
    level: str, names: list[str], position: int, sentence: str
) -> None:
    found = complaints(level, names)
    assert [place for place, text in found if sentence in text] == [position]


def test_a_table_has_no_pixels() -> None:
    sentences = {
        "clear": "needs pixels; a source of finished series has none",
        "mean": "needs pixels",
        "parcel": "looks at L1C, and these finished series are of L2A",
        "bright": "share that is clear",
    }
    for name, sentence in sentences.items():
        assert sentence in complaints("L2A", [name], table=True)[0][1]
    assert complaints("L2A", ["season", "equal", "calm", "ndvi"], table=True) == []


def test_pixels_become_parcels_where_the_chain_says_so() -> None:
    def of(*names: str, table: bool = False) -> list[str]:
        return list(stages([made(**STEPS[name]) for name in names], table))

    assert of("season", "clear", "equal") == ["scenes", "scenes", "scenes", "series"]
    assert of("season", "clear", "equal", "calm", "mean", "norm") == [
        "scenes", "scenes", "scenes", "pixels", "pixels", "series", "series",
    ]  # fmt: skip
    assert of("clear", "mean") == ["scenes", "scenes", "series"]
    assert of("parcel", "season") == ["scenes", "series", "series"]
    assert of("equal", "season", "mean") == ["scenes", "pixels", "pixels", "series"]
    assert of("season", table=True) == ["series", "series"]


def test_bands_are_followed_through_the_steps() -> None:
    bands: tuple[str, ...] = bands_of("L2A")
    for name in ("ndvi", "norm", "few"):
        bands = bands_after(bands, made(**STEPS[name]), name)
    assert bands == ("B02", "B03")
    replaced = made(do="index", names=["NDVI", "EVI"], keep=False)
    assert bands_after(bands_of("L1C"), replaced, "x") == ("NDVI", "EVI")


def test_days_are_told_as_spans() -> None:
    days = [dt.date(2022, 2, 27), dt.date(2022, 2, 28), dt.date(2022, 3, 1), dt.date(2022, 5, 5)]
    assert ranges(reversed(days)) == "2022-02-27/2022-03-01 2022-05-05/2022-05-05"
    assert within(ranges(days)) == [(days[0], days[2]), (days[3], days[3])]
    assert ranges([]) == ""
