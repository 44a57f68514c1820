"""Cross-prediction: nobody's label reaches the model that answers for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cloudrobust.config.models import Forest, TempCnn
from cloudrobust.evaluation.out_of_fold import (
    best_model,
    calibrated_out_of_fold,
    together,
    validation_accuracy,
)
from cloudrobust.learning.cross_prediction import cross_predict
from cloudrobust.parcels.folds import part_column

MODELS = {"forest": Forest(trees=10), "tempcnn": TempCnn(hidden=4, kernel=3)}


def folds(split: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """Parcels dealt by their place, four to a block."""
    n = np.arange(len(split))
    table = split[["parcel", "class"]].assign(block=(n // 4).astype(str), fold=n // 4 % count)
    for fold in range(count):
        part = np.where(n % 4 == 0, "validation", "train")
        table[part_column(fold)] = np.where(table["fold"] == fold, "test", part)
    return table


@pytest.mark.parametrize("name", MODELS)
def test_a_label_does_not_change_the_answer_for_its_own_parcel(files, training, name: str) -> None:
    study = files(gaps=0.2)
    dealt = folds(study.read()[1])
    settings = training(seeds=(3,), epochs=1, dates=8)

    def asked(table: pd.DataFrame) -> pd.DataFrame:
        return together(cross_predict(study.series, table, MODELS[name], settings, threads=1)).set_index("parcel")

    one = asked(dealt)
    mine = dealt["fold"] == 1
    two = asked(dealt.assign(**{"class": dealt["class"].where(~mine, "maize")}))
    assert sorted(one.index) == sorted(dealt["parcel"])
    columns = [column for column in one if column.startswith("p:")]
    ids = dealt.loc[mine, "parcel"]
    np.testing.assert_array_equal(one.loc[ids, columns], two.loc[ids, columns])
    # The other folds' models did learn the changed labels.
    others = dealt.loc[~mine, "parcel"]
    assert not np.array_equal(one.loc[others, columns], two.loc[others, columns])


def test_a_killed_job_goes_on_with_the_fold_that_it_was_in(files, training, tmp_path, caplog) -> None:
    study = files()
    dealt = folds(study.read()[1])
    arguments = (study.series, dealt, MODELS["forest"], training(seeds=(0,)), tmp_path / "kept")
    begun = cross_predict(*arguments, threads=1)
    next(begun)
    begun.close()
    with caplog.at_level("INFO"):
        whole = together(cross_predict(*arguments, threads=1))
    assert caplog.text.count("forest of seed 0") == 2
    assert len(whole) == len(dealt)


def test_each_fold_is_calibrated_by_its_own_validation_part(files, training) -> None:
    study = files()
    dealt = folds(study.read()[1])
    table = together(cross_predict(study.series, dealt, MODELS["forest"], training(seeds=(0, 1)), threads=1))
    assert table.groupby("fold")["temperature"].nunique().tolist() == [2, 2, 2]
    found, numbers = calibrated_out_of_fold(table)
    assert len(found.parcels) == len(dealt) == len(numbers)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    by_parcel = dealt.set_index("parcel")["fold"]
    assert (by_parcel.loc[found.parcels["parcel"]].to_numpy() == numbers).all()


def test_the_best_model_is_that_of_the_validation_part_over_all_branches() -> None:
    def run(right: int) -> pd.DataFrame:
        said = ["a"] * right + ["b"] * (10 - right)
        rows = pd.DataFrame({"class": "a", "predicted": said, "part": "validation"})
        return pd.concat([rows, pd.DataFrame({"class": ["a"], "predicted": ["b"], "part": ["test"]})])

    right = {("raw", "x"): 9, ("raw", "y"): 5, ("pre", "x"): 6, ("pre", "y"): 9, ("raw", "z"): 10, ("pre", "z"): 5}
    accuracies = {key: validation_accuracy(run(count)) for key, count in right.items()}
    assert accuracies["raw", "x"] == 0.9
    assert best_model(accuracies) == "x"


def test_a_parcel_in_two_folds_is_a_fault_of_the_program() -> None:
    frame = pd.DataFrame(
        {"parcel": ["p"], "class": ["a"], "part": ["test"], "seed": [0], "predicted": ["a"], "p:a": [1.0]}
    )
    with pytest.raises(RuntimeError, match="in the test part of two folds"):
        together([frame, frame])
