"""Folds of cross-prediction: every usable parcel is answered once, never by a model that saw it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from cloudrobust.config.sources import Split
from cloudrobust.errors import InputError
from cloudrobust.parcels.folds import deal, folds_of, part_column, split_of


def parcels(count: int = 400, across: int = 20) -> gpd.GeoDataFrame:
    """Squares of 100 m on a grid of 120 m; three crops by turns, and every tenth parcel without a label."""
    n = np.arange(count)
    x, y = 500_000 + n % across * 120.0, 5_400_000 + n // across * 120.0
    frame = pd.DataFrame({"parcel": [f"p{k}" for k in n], "class": np.array(["a", "b", "c"], object)[n * 7 % 3]})
    frame["status"] = np.where(n % 10 == 3, "unlabelled", "usable")
    return gpd.GeoDataFrame(frame, geometry=shapely.box(x, y, x + 100, y + 100), crs=32632)


@pytest.mark.parametrize(
    "config",
    [Split(block=300), Split(block=300, buffer=100), Split(method="random"), Split(method="column", column="year")],
    ids=["blocks", "buffer", "random", "column"],
)
def test_every_usable_parcel_is_tested_in_exactly_one_fold_and_taught_no_model_there(config: Split) -> None:
    frame = parcels()
    table = deal(frame, config, 4)
    assert set(table["parcel"]) == set(frame.loc[frame["status"] == "usable", "parcel"])
    assert folds_of(table) == 4
    parts = table[[part_column(fold) for fold in range(4)]].to_numpy(str)
    assert ((parts == "test").sum(axis=1) == 1).all()
    assert (parts[np.arange(len(table)), table["fold"]] == "test").all()
    for fold in range(4):
        split = split_of(table, fold)
        assert set(split["part"]) == {"train", "validation", "test"}
        # All classes can be learned and judged in each fold.
        assert (pd.crosstab(split["class"], split["part"]) > 0).all(axis=None)
        assert 0.1 < (split["part"] == "validation").mean() < 0.25


def test_parcels_that_a_buffer_sets_aside_are_answered_in_their_own_fold() -> None:
    table = deal(parcels(), Split(block=300, buffer=100), 4)
    parts = table[[part_column(fold) for fold in range(4)]].to_numpy(str)
    assert (parts == "").any()
    assert (table["fold"] >= 0).all()


def test_whole_blocks_go_to_a_fold() -> None:
    table = deal(parcels(), Split(block=300), 4)
    assert (table.groupby("block")["fold"].nunique() == 1).all()
    assert table["block"].nunique() > 20


def test_parcels_without_outlines_and_in_few_blocks_are_dealt_at_random_and_the_log_says_so(caplog) -> None:
    frame = parcels()
    frame["geometry"] = None
    with caplog.at_level("WARNING"):
        table = deal(frame, Split(), 4)
        assert "no outlines" in caplog.text
        assert (table["block"] == "").all()
        deal(parcels(), Split(block=10_000), 4)
    assert "blocks of 10000 m" in caplog.text


def test_the_order_of_the_file_does_not_matter() -> None:
    frame = parcels()
    for config in (Split(block=300), Split(method="random")):
        one, two = (deal(f, config, 3).set_index("parcel") for f in (frame, frame.sample(frac=1, random_state=1)))
        assert one["fold"].equals(two["fold"].reindex(one.index))


def test_too_few_parcels_are_a_sentence() -> None:
    with pytest.raises(InputError, match="are too few for 5 folds"):
        deal(parcels(9), Split(), 5)


@pytest.mark.parametrize("count", [16, 24, 65])
@pytest.mark.parametrize("folds", [3, 5])
def test_a_handful_of_parcels_still_has_a_validation_part_in_every_fold(count: int, folds: int) -> None:
    table = deal(parcels(count), Split(method="random"), folds)
    for fold in range(folds):
        parts = split_of(table, fold)["part"].value_counts()
        assert parts["validation"] >= 1
        assert parts["validation"] < parts["train"]
