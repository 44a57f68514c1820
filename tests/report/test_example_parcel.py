"""Which parcel the pictures show."""

from __future__ import annotations

import pandas as pd
import pytest

from cloudrobust.errors import InputError
from cloudrobust.report.example_parcel import typical_parcel

PARCELS = pd.DataFrame(
    {
        "parcel": ["a", "b", "c", "d", "e", "f"],
        "class": ["maize", "maize", "maize", "hops", "maize", "maize"],
        "area": [100.0, 300.0, 900.0, 300.0, 301.0, 300.0],
        "status": ["usable"] * 5 + ["excluded"],
        "reason": [""] * 5 + ["off the tile"],
    }
)
SPLIT = pd.DataFrame({"parcel": list("abcde"), "part": ["test"] * 4 + ["train"]})


def test_the_middle_one_of_the_commonest_class_is_typical():
    assert typical_parcel(PARCELS, SPLIT) == "b"


def test_the_choice_does_not_depend_on_the_order():
    assert typical_parcel(PARCELS[::-1], SPLIT[::-1]) == "b"


def test_parcels_seen_most_often_come_first():
    assert typical_parcel(PARCELS, SPLIT, {"a": 9, "b": 8, "c": 9}) == "a"


def test_ties_go_to_the_first_id():
    assert typical_parcel(PARCELS.assign(area=1.0), SPLIT) == "a"


def test_parcels_without_area_are_equally_near():
    assert typical_parcel(PARCELS.assign(area=float("nan")), SPLIT) == "a"


def test_a_configured_parcel_is_taken():
    assert typical_parcel(PARCELS, SPLIT, configured="e") == "e"


def test_an_unknown_parcel_is_an_error_with_a_hint():
    named = PARCELS.assign(parcel=["north-1", "south-2", "c", "d", "e", "f"])
    with pytest.raises(InputError, match="no parcel 'north-2'; did you mean 'north-1'"):
        typical_parcel(named, SPLIT, configured="north-2")
    with pytest.raises(InputError, match=r"no parcel '12345'; name an id of parcels\.parquet"):
        typical_parcel(named, SPLIT, configured="12345")


def test_an_excluded_parcel_is_an_error_with_its_reason():
    with pytest.raises(InputError, match=r"'f' is excluded \(off the tile\)"):
        typical_parcel(PARCELS, SPLIT, configured="f")


def test_an_empty_test_part_is_an_error():
    with pytest.raises(InputError, match="no parcel lies in the test part"):
        typical_parcel(PARCELS, SPLIT.assign(part="train"))
