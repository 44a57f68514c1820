"""Where a model is right and wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from cloudrobust.report.figures.prediction_map import SHARES, prediction_map
from cloudrobust.report.palette import RIGHT, WRONG


def test_test_parcels_have_the_share_of_seeds_that_are_right(frames, parcels, split, with_gid):
    predictions = {branch: frames[branch, "lstm"] for branch in ("raw", "preprocessed")}
    figure = prediction_map(parcels, predictions, "lstm")
    tests = set(split.loc[split["part"] == "test", "parcel"])
    for collection, other, frame in zip(
        with_gid(figure, "tested"), with_gid(figure, "other"), predictions.values(), strict=True
    ):
        rows = frame[frame["parcel"].isin(tests)]
        share = (rows["class"] == rows["predicted"]).groupby(rows["parcel"]).mean()
        ordered = [share[parcel] for parcel in parcels["parcel"] if parcel in tests]
        np.testing.assert_allclose(collection.get_facecolor(), SHARES(np.array(ordered)))
        assert len(collection.get_paths()) + len(other.get_paths()) == 36


def test_titles_give_the_accuracy(frames, parcels):
    frame = frames["raw", "lstm"]
    rows = frame[frame["part"] == "test"]
    figure = prediction_map(parcels, {"raw": frame}, "lstm")
    accuracy = (rows["class"] == rows["predicted"]).mean()
    assert f"LSTM, raw: {accuracy:.3f} right" in figure.axes[0].get_title("left")


def test_only_scored_parcels_are_shown(frames, parcels, split, with_gid):
    chosen = split.loc[split["part"] == "test", "parcel"].tolist()[:3]
    figure = prediction_map(parcels, {"raw": frames["raw", "lstm"]}, "lstm", chosen)
    assert len(with_gid(figure, "tested")[0].get_paths()) == 3


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (1, ["wrong", "right", "not scored"]),
        (3, ["0", "1", "2", "right with 3 of 3 seeds", "not scored"]),
        (10, ["0", "2", "5", "8", "right with 10 of 10 seeds", "not scored"]),
    ],
)
def test_the_legend_fits_the_number_of_seeds(frames, parcels, seeds, words):
    frame = frames["raw", "lstm"]
    one = frame[frame["seed"] == 0]
    many = pd.concat([one.assign(seed=n) for n in range(seeds)])
    figure = prediction_map(parcels, {"raw": many}, "lstm")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == words


def test_right_and_wrong_are_the_ends_of_the_scale():
    assert (to_hex(SHARES(0.0)), to_hex(SHARES(1.0))) == (WRONG, RIGHT)
