from __future__ import annotations

import pytest
import shapely

from cloudrobust.config.sources import Split
from cloudrobust.parcels.ledger import ledger, reconcile, totals
from cloudrobust.parcels.split import divide, split


@pytest.fixture
def parcels(make_parcels):
    parcels = make_parcels([shapely.box(x * 100, 0, x * 100 + 90, 90) for x in range(20)])
    parcels.loc[[1, 2], ["status", "reason"]] = ["excluded", "no geometry"]
    parcels.loc[3, ["status", "reason"]] = ["excluded", "label 'x' is in no class mapping"]
    parcels.loc[4, ["status", "reason", "code", "class"]] = ["unlabelled", "no label", None, None]
    parcels.loc[5, "note"] = "geometry mended"
    return parcels


@pytest.fixture
def account(parcels):
    owned = dict.fromkeys(parcels["parcel"].drop([1, 2, 3]), "32UPU")
    return ledger(parcels, split(parcels, Split(method="random")), owned)


def test_every_parcel_has_one_row(parcels, account):
    assert account["parcel"].tolist() == parcels["parcel"].tolist()
    assert account.columns.tolist() == ["parcel", "code", "class", "status", "reason", "note", "tile", "part"]
    assert account.loc[5, "note"] == "geometry mended"
    assert account.loc[4, ["code", "class", "part"]].tolist() == ["", "", ""]
    assert account.loc[[1, 4], "tile"].tolist() == ["", "32UPU"]
    assert not account.isna().any().any()


def test_totals_add_up(parcels, account):
    summary = totals(account)
    assert summary["what"].tolist() == [
        "read", "excluded", "excluded", "unlabelled", "usable", "train", "validation", "test",
    ]  # fmt: skip
    assert summary["parcels"].tolist()[:5] == [20, 2, 1, 1, 16]
    assert summary["parcels"].tolist()[5:] == [9, 3, 4]
    assert summary["reason"].tolist()[1:3] == ["no geometry", "label 'x' is in no class mapping"]
    reconcile(account, parcels["parcel"])


def test_parcels_in_no_tile_are_excluded(parcels):
    account = ledger(parcels, owned={"p000": "32UPU"})
    assert account.loc[6, ["status", "reason", "tile"]].tolist() == ["excluded", "in no tile", ""]
    assert account.loc[1, "reason"] == "no geometry"
    reconcile(account, parcels["parcel"], observed=["p000"])


def test_without_tiles_none_is_lost(parcels):
    account = ledger(parcels)
    assert (account["tile"] == "").all()
    assert (account["status"] == "usable").sum() == 16


def test_a_parcel_lost_or_doubled_is_noticed(parcels, account):
    with pytest.raises(RuntimeError, match="parcel 'p019' was read but is not in the ledger"):
        reconcile(account.drop(19), parcels["parcel"])
    with pytest.raises(RuntimeError, match="parcel 'p019' is in the ledger but was never read"):
        reconcile(account, parcels["parcel"].drop(19))
    doubled = account.loc[[*range(20), 7]]
    with pytest.raises(RuntimeError, match="parcel 'p007' is in the ledger twice"):
        reconcile(doubled, parcels["parcel"])


@pytest.mark.parametrize(
    ("row", "column", "value", "fault"),
    [
        (6, "status", "fine", "has no valid status"),
        (1, "reason", "", "is excluded without a reason"),
        (6, "reason", "why", "is usable but has a reason not to be"),
        (1, "part", "test", "is not usable but belongs to a part"),
        (6, "part", "", "is usable but belongs to no part"),
    ],
)
def test_contradictions_are_noticed(parcels, account, row, column, value, fault):
    account.loc[row, column] = value
    with pytest.raises(RuntimeError, match=f"parcel 'p{row:03d}' {fault}"):
        reconcile(account, parcels["parcel"])


def test_a_series_that_lacks_a_parcel_is_noticed(parcels, account):
    seen = account.loc[account["status"] != "excluded", "parcel"].tolist()
    reconcile(account, parcels["parcel"], observed=seen)
    with pytest.raises(RuntimeError, match="parcel 'p000' is not excluded but is not in the series"):
        reconcile(account, parcels["parcel"], observed=seen[1:])
    with pytest.raises(RuntimeError, match="parcel 'p001' is in the series but excluded or unknown"):
        reconcile(account, parcels["parcel"], observed=[*seen, "p001"])


def test_parcels_that_are_set_aside_keep_their_reason_and_the_totals_add_up(parcels):
    config = Split(block=300, buffer=50, validation=0.3, test=0.3)
    parts, aside = divide(parcels, config)
    account = ledger(parcels, parts, aside=aside)
    assert len(aside) >= 2
    assert (account["status"] == "set aside").sum() == len(aside)
    assert account.set_index("parcel").loc[aside["parcel"], "reason"].tolist() == aside["reason"].tolist()
    reconcile(account, parcels["parcel"])
    sums = totals(account).groupby("what")["parcels"].sum()
    assert sums["read"] == sums[["excluded", "set aside", "unlabelled", "usable"]].sum()
    assert sums["usable"] == sums[["train", "validation", "test"]].sum()
    account.loc[account["status"] == "set aside", "reason"] = ""
    with pytest.raises(RuntimeError, match="is set aside without a reason"):
        reconcile(account, parcels["parcel"])
