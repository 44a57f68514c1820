"""The account of every parcel up to the scores."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from cloudrobust.evaluation.compare import Common, common_parcels, scores
from cloudrobust.evaluation.ledger import final_ledger, reconcile, totals
from cloudrobust.parcels.ledger import ledger as parcel_ledger

PARCELS = pd.DataFrame(
    {
        "parcel": ["t1", "t2", "t3", "r1", "r2", "v1", "u1", "x1"],
        "class": ["a", "b", "a", "a", "b", "a", None, "a"],
        "status": ["usable"] * 6 + ["unlabelled", "excluded"],
        "reason": [""] * 6 + ["no label", "smaller than 4 pixels after the buffer"],
    }
)
SPLIT = pd.DataFrame(
    {"parcel": ["t1", "t2", "t3", "r1", "r2", "v1"], "part": ["test"] * 3 + ["train"] * 2 + ["validation"], "block": ""}
)


@pytest.fixture
def frames(predictions):
    """No run knows r2; t3 is known to one of raw's two models only, t2 to raw only."""
    return {
        ("raw", "m"): predictions({0: "abaaa"}, true="abaaa", parts="tttrv", names=["t1", "t2", "t3", "r1", "v1"]),
        ("raw", "n"): predictions({0: "abaa"}, true="abaa", parts="ttrv", names=["t1", "t2", "r1", "v1"]),
        ("clear", "m"): predictions({0: "aaa"}, true="aaa", parts="trv", names=["t1", "r1", "v1"]),
    }


@pytest.fixture
def ledger(frames):
    before = parcel_ledger(gpd.GeoDataFrame(PARCELS), SPLIT)
    return final_ledger(before, frames, common_parcels(frames), {"clear": {"t2": "never seen clear"}})


def test_every_parcel_has_a_fate_in_every_branch(ledger):
    fates = ledger.set_index("parcel")[["raw", "clear"]].to_dict("index")
    none = "it has no prediction in this branch"
    assert fates == {
        "t1": {"raw": "scored", "clear": "scored"},
        "t2": {"raw": "not compared: branch clear does not classify it", "clear": "not classified: never seen clear"},
        "t3": {"raw": f"not classified: {none}", "clear": f"not classified: {none}"},
        "r1": {"raw": "used for training", "clear": "used for training"},
        "r2": {"raw": f"not used: {none}", "clear": f"not used: {none}"},
        "v1": {"raw": "used for validation", "clear": "used for validation"},
        "u1": {"raw": "unlabelled", "clear": "unlabelled"},
        "x1": {"raw": "excluded", "clear": "excluded"},
    }


def test_totals_add_up(ledger):
    table = totals(ledger)
    counts = {(row.what, row.reason): row.parcels for row in table.itertuples()}
    assert counts["read", ""] == 8
    assert counts["excluded", "smaller than 4 pixels after the buffer"] == 1
    assert counts["branch raw", "scored"] == 1
    assert counts["branch raw", "not compared"] == 1
    assert counts["branch clear", "not classified"] == 2
    assert table.loc[table["what"] == "branch raw", "parcels"].sum() == 8
    assert table.loc[table["what"] == "branch clear", "parcels"].sum() == 8


def test_a_complete_ledger_reconciles(ledger, frames):
    reconcile(ledger, PARCELS["parcel"], SPLIT, scores(frames, common_parcels(frames).parcels))


@pytest.mark.parametrize("lost", PARCELS["parcel"])
def test_a_lost_parcel_is_found(ledger, frames, lost):
    table = scores(frames, common_parcels(frames).parcels)
    with pytest.raises(RuntimeError, match=lost):
        reconcile(ledger[ledger["parcel"] != lost], PARCELS["parcel"], SPLIT, table)


def test_a_doubled_parcel_is_found(ledger, frames):
    twice = pd.concat([ledger, ledger.iloc[:1]])
    with pytest.raises(RuntimeError, match="'t1' is in the ledger twice"):
        reconcile(twice, PARCELS["parcel"], SPLIT, scores(frames, ["t1"]))


def test_another_part_than_the_splits_is_found(ledger, frames):
    ledger.loc[ledger["parcel"] == "v1", "part"] = "train"
    with pytest.raises(RuntimeError, match="'v1' lies in another part"):
        reconcile(ledger, PARCELS["parcel"], SPLIT, scores(frames, ["t1"]))


def test_scores_of_other_parcels_are_found(ledger, frames):
    two = {key: frame for key, frame in frames.items() if key[0] == "raw"}
    table = pd.concat([scores(two, ["t1", "t2"]), scores({("clear", "m"): frames["clear", "m"]}, ["t1"])])
    with pytest.raises(RuntimeError, match="1 parcels count as scored in branch 'raw', but its scores are of 2"):
        reconcile(ledger, PARCELS["parcel"], SPLIT, table)


def test_a_branch_without_scores_is_found(ledger, frames):
    table = scores({key: frame for key, frame in frames.items() if key[0] == "raw"}, ["t1"])
    with pytest.raises(RuntimeError, match="branch 'clear', but its scores are of none"):
        reconcile(ledger, PARCELS["parcel"], SPLIT, table)


def test_a_fate_that_is_no_fate_is_found(ledger, frames):
    ledger.loc[0, "raw"] = "forgotten"
    with pytest.raises(RuntimeError, match="the fates of branch 'raw' sum to 7 parcels, not to 8"):
        reconcile(ledger, PARCELS["parcel"], SPLIT, scores(frames, ["t1"]))


def test_parcels_common_to_all_need_no_missing_rows(predictions):
    frames = {("raw", "m"): predictions({0: "a"}, true="a", names=["t1"])}
    common = common_parcels(frames)
    assert isinstance(common, Common)
    assert common.missing.empty
    before = parcel_ledger(gpd.GeoDataFrame(PARCELS.iloc[:1]), SPLIT.iloc[:1])
    assert final_ledger(before, frames, common)["raw"].tolist() == ["scored"]
