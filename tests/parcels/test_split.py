from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from cloudrobust.config.sources import Split
from cloudrobust.errors import InputError
from cloudrobust.parcels.split import absent, blocks_of, divide, load_split, split, write_split

PARTS = {"train", "validation", "test"}


@pytest.fixture
def landscape(make_parcels):
    """A function that makes square parcels on a lattice with classes of uneven sizes, clustered in space."""

    def make(count=900, shares=(0.5, 0.3, 0.15, 0.05), seed=0, spacing=100):
        generator = np.random.default_rng(seed)
        side = int(np.ceil(np.sqrt(count)))
        y, x = np.divmod(np.arange(count), side)
        # A smooth field makes neighbours alike, as crop rotation and soils do.
        field = np.sin(x / 7 + seed) + np.cos(y / 5) + generator.normal(0, 0.7, count)
        kinds = np.searchsorted(np.quantile(field, np.cumsum(shares)[:-1]), field)
        shapes = [shapely.box(*corner, corner[0] + 80, corner[1] + 80) for corner in np.c_[x, y] * spacing + 600000]
        parcels = make_parcels(shapes)
        parcels["class"] = [f"class {kind}" for kind in kinds]
        return parcels

    return make


def test_no_block_is_in_two_parts(landscape):
    parcels = landscape()
    table = split(parcels, Split(block=500))
    assert table["parcel"].tolist() == parcels["parcel"].tolist()
    assert table["class"].tolist() == parcels["class"].tolist()
    assert (table.groupby("block")["part"].nunique() == 1).all()
    assert table["block"].nunique() > 30
    assert table.columns.tolist() == ["parcel", "class", "part", "block"]


def test_a_block_is_a_square_in_space(landscape):
    parcels = landscape()
    points = parcels.geometry.representative_point()
    for block, members in points.groupby(blocks_of(parcels, 500)):
        column, row = map(int, block.split("_"))
        assert (members.x // 500 == column).all()
        assert (members.y // 500 == row).all()


@pytest.mark.parametrize("method", ["blocks", "random"])
@pytest.mark.parametrize("seed", range(4))
def test_shares_are_met_in_every_class(landscape, method, seed):
    config = Split(method=method, block=300, seed=seed)
    table = split(landscape(seed=seed), config)
    wanted = {"train": 0.58, "validation": 0.17, "test": 0.25}
    overall = table["part"].value_counts(normalize=True)
    by_class = pd.crosstab(table["class"], table["part"], normalize="index")
    for part, share in wanted.items():
        assert overall[part] == pytest.approx(share, abs=0.01)
        assert (by_class[part] - share).abs().max() < 0.06
    assert not len(absent(table))


@pytest.mark.parametrize("method", ["blocks", "random"])
def test_even_a_class_of_three_parcels_is_in_every_part(landscape, method):
    parcels = landscape(400)
    parcels.loc[[5, 190, 395], "class"] = "rare"  # in three blocks far apart
    table = split(parcels, Split(method=method, block=200))
    assert set(table.loc[table["class"] == "rare", "part"]) == PARTS


def test_the_hundred_rarest_of_many_classes_are_in_every_part(landscape):
    parcels = landscape(2500, shares=(0.6, *[0.01] * 40))
    table = split(parcels, Split(block=200))
    assert table["class"].nunique() == 41
    blocks = table.groupby("class")["block"].nunique()
    assert not set(absent(table)["class"]) & set(blocks.index[blocks >= 8])


def test_a_class_in_one_block_is_learned_and_reported(landscape, caplog):
    parcels = landscape(400)
    parcels.loc[[0, 1, 20, 21], "class"] = "corner"
    table = split(parcels, Split(block=400))
    assert set(table.loc[table["class"] == "corner", "part"]) == {"train"}
    assert absent(table).to_numpy().tolist() == [["corner", "validation"], ["corner", "test"]]
    assert "split: class 'corner' has no parcel in validation" in caplog.text


@pytest.mark.parametrize("method", ["blocks", "random"])
def test_the_seed_decides_and_nothing_else(landscape, method):
    parcels = landscape()
    config = Split(method=method, block=300, seed=3)
    first = split(parcels, config).set_index("parcel")["part"]
    assert first.equals(split(parcels, config).set_index("parcel")["part"])
    shuffled = split(parcels.sample(frac=1, random_state=1), config).set_index("parcel")["part"]
    assert first.equals(shuffled[first.index])
    other = split(parcels, config.model_copy(update={"seed": 4})).set_index("parcel")["part"]
    assert not first.equals(other)


def test_only_usable_parcels_are_split(landscape):
    parcels = landscape()
    parcels.loc[:99, "status"] = "unlabelled"
    parcels.loc[100:199, "status"] = "excluded"
    table = split(parcels, Split(block=300))
    assert table["parcel"].tolist() == parcels["parcel"].tolist()[200:]


def test_a_given_column_is_taken_as_it_is(landscape):
    parcels = landscape(100)
    parcels["part"] = (["train"] * 6 + ["validation"] * 2 + ["test"] * 2) * 10
    table = split(parcels, Split(method="column", column="fold"))
    assert table["part"].tolist() == parcels["part"].tolist()
    parcels.loc[7, "part"] = "testing"
    with pytest.raises(
        InputError, match=r"split\.column: column 'fold' says 'testing' for parcel 'p007'; its values must"
    ):
        split(parcels, Split(method="column", column="fold"))
    parcels.loc[7, "part"] = None
    with pytest.raises(InputError, match="says nothing for parcel 'p007'"):
        split(parcels, Split(method="column", column="fold"))


def test_classes_too_small_to_split_are_told(landscape):
    parcels = landscape(100)
    parcels.loc[[3, 9], "class"] = "rare"
    with pytest.raises(
        InputError, match="split: class 'rare' has only 2 parcels, too few for train, validation and test"
    ):
        split(parcels, Split())


def test_too_few_blocks_are_told(landscape):
    with pytest.raises(InputError, match=r"split\.block: the parcels lie in 1 blocks, too few for 3 parts"):
        split(landscape(100), Split(block=1e7))


def test_parcels_without_a_position_are_told(landscape):
    parcels = landscape(100)
    parcels.loc[4, "geometry"] = None
    with pytest.raises(InputError, match=r"split\.method blocks: parcel 'p004' has no position"):
        split(parcels, Split())
    assert len(split(parcels, Split(method="random"))) == 100


def test_nothing_usable_is_told(landscape):
    parcels = landscape(100)
    parcels["status"] = "excluded"
    with pytest.raises(InputError, match="split: no labelled parcel is usable"):
        split(parcels, Split())


def test_a_split_survives_being_written(landscape, tmp_path):
    table = split(landscape(100), Split(method="random"))
    write_split(table, tmp_path / "split.parquet")
    assert load_split(tmp_path / "split.parquet").to_dict() == table.to_dict()
    with pytest.raises(InputError, match="there is no split yet"):
        load_split(tmp_path / "gone.parquet")


@pytest.mark.parametrize("buffer", [1.0, 60.0, 150.0, 400.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_two_parts_are_nearer_than_the_buffer_by_shapelys_own_distance(landscape, buffer, seed):
    parcels = landscape(400, seed=seed)
    table, aside = divide(parcels, Split(block=500, buffer=buffer, seed=seed))
    shapes = parcels.set_index("parcel").geometry
    held = {part: shapes[table.loc[table["part"] == part, "parcel"]].to_numpy() for part in PARTS}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert shapely.distance(held[one][:, None], held[other][None, :]).min() >= buffer
    # Not more than must be: each one aside was too near to a parcel that another part kept or had.
    before = split(parcels, Split(block=500, seed=seed)).set_index("parcel")["part"]
    for parcel, reason in zip(aside["parcel"], aside["reason"], strict=True):
        part, other = before[parcel], reason.split(" to a ")[1].split(" ")[0]
        assert reason == f"{part} parcel nearer than {buffer:g} m to a {other} parcel (split.buffer)"
        assert shapely.distance(shapes[parcel], held[other]).min() < buffer
    # None is lost, none in two places, and the test part is whole.
    assert sorted([*table["parcel"], *aside["parcel"]]) == sorted(parcels["parcel"])
    assert set(table.loc[table["part"] == "test", "parcel"]) == set(before[before == "test"].index)


def test_a_buffer_that_leaves_nothing_is_told(landscape):
    with pytest.raises(InputError, match=r"split\.buffer: 5000 m leave no train parcel; make the buffer smaller"):
        split(landscape(400), Split(block=300, buffer=5000))


def test_a_class_that_the_buffer_takes_from_a_part_is_told(landscape, caplog):
    parcels = landscape(400)
    parcels["class"] = "common"
    parcels.loc[[0, 1, 20], "class"] = "rare"  # neighbours in one block
    with caplog.at_level("WARNING", logger="cloudrobust"):
        table, aside = divide(parcels, Split(block=500, buffer=100))
    found = absent(table, aside)
    assert len(found) >= 2
    for row in found.itertuples(index=False):
        assert f"class 'rare' has no parcel in {row[1]}" in caplog.text
    assert set(found["class"]) == {"rare"}


@pytest.mark.parametrize("folds", [2, 5, 8])
def test_every_parcel_is_tested_in_exactly_one_fold(landscape, folds):
    parcels = landscape()
    seen = []
    for fold in range(folds):
        table = split(parcels, Split(block=300, folds=folds, fold=fold, validation=0.2))
        assert (table.groupby("block")["part"].nunique() == 1).all()
        assert set(table["part"]) == PARTS
        shares = table["part"].value_counts(normalize=True)
        assert shares["test"] == pytest.approx(1 / folds, abs=0.03)
        assert shares["validation"] == pytest.approx(0.2, abs=0.03)
        # Every class is in every part, as there are enough blocks.
        assert absent(table).empty
        seen += table.loc[table["part"] == "test", "parcel"].tolist()
    assert sorted(seen) == sorted(parcels["parcel"])


def test_too_many_folds_are_told(landscape):
    with pytest.raises(InputError, match=r"split\.folds: the parcels lie in 4 blocks, too few for 5 folds"):
        split(landscape(100), Split(block=500, folds=5, fold=0))


def test_regions_or_years_make_parts(landscape):
    parcels = landscape(100)
    parcels["part"] = (["north"] * 5 + ["south"] * 2 + ["2019"] * 2 + ["elsewhere"]) * 10
    parts = {"train": ["north"], "validation": ["south"], "test": [2019]}
    table, aside = divide(parcels, Split(method="column", column="region", parts=parts))
    assert table["part"].value_counts().to_dict() == {"train": 50, "validation": 20, "test": 20}
    assert set(parcels.set_index("parcel").loc[table.loc[table["part"] == "test", "parcel"], "part"]) == {"2019"}
    assert aside["reason"].unique().tolist() == ["column 'region' says 'elsewhere', which is in no part (split.parts)"]
    assert len(aside) == 10
    with pytest.raises(InputError, match=r"split\.parts\.test: no usable parcel has 'east' in column 'region'; it has"):
        divide(parcels, Split(method="column", column="region", parts=parts | {"test": ["east"]}))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"method": "random", "buffer": 5}, "parcels drawn singly lie next to each other"),
        ({"method": "random", "fold": 0}, "only blocks are dealt into folds"),
        ({"folds": 3, "fold": 3}, "of 3 folds the last is 2"),
        ({"folds": 2, "fold": 0, "validation": 0.6, "test": 0.1}, "leaves nothing to train on"),
        ({"parts": {"train": ["a"], "validation": ["b"], "test": ["c"]}}, "belongs to method column"),
        ({"method": "column", "column": "r", "parts": {"train": ["a"], "test": ["c"]}}, "one value of 'r' for valida"),
        (
            {"method": "column", "column": "r", "parts": {"train": ["a"], "validation": ["b"], "test": ["a"]}},
            "'a' is named twice",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_told(keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        Split(**keys)


def test_keys_of_other_methods_do_not_decide_a_draw():
    assert Split(method="random", block=300).drawn() == Split(method="random").drawn()
    assert Split(folds=4).drawn() == Split().drawn()
    assert Split(fold=1, test=0.1).drawn() == Split(fold=1).drawn()
    changes = ({"block": 300}, {"buffer": 10}, {"seed": 1}, {"test": 0.2}, {"validation": 0.2}, {"fold": 0})
    forms = {Split(**change).drawn() for change in changes}
    assert len(forms | {Split().drawn()}) == len(changes) + 1
    for change in changes:
        assert Split.model_validate_json(Split(**change).drawn()) == Split(**change)
