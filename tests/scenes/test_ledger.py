"""The account of every product that the searches found adds up, or says that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes.index import empty_index, write_index
from cloudrobust.scenes.ledger import account, by_level


def index(path: Path, **attrs: Any) -> Path:
    frame = empty_index()
    nothing = {"requests": 3, "processing_units": 0.125, "bytes": 2_500_000}
    frame.attrs |= {"found": 0, "missing": [], "left_out": [], "merged": [], "spent": nothing, **attrs}
    write_index(frame, path)
    return path


def test_missing_and_left_out_products_are_counted_and_named(tmp_path: Path) -> None:
    lost = [{"id": "a", "time": "2022-05-01T10:00:00", "reason": "the service answers 404"}]
    left = [{"id": "b", "reason": "a newer processing of the acquisition is there"}]
    counts, named = account(
        {
            ("32UPU", "L2A", "2022-05"): index(tmp_path / "5.parquet", found=2, missing=lost, left_out=left),
            ("32UPU", "L2A", "2022-04"): index(tmp_path / "4.parquet"),
        }
    )
    assert counts["month"].tolist() == ["2022-04", "2022-05"]
    (row,) = by_level(counts).to_dict("records")
    assert (row["found"], row["used"], row["left_out"], row["missing"]) == (2, 0, 1, 1)
    assert (row["requests"], row["processing_units"], row["megabytes"]) == (6, 0.25, 5.0)
    assert named[["id", "what", "reason"]].to_numpy().tolist() == [
        ["a", "missing", "the service answers 404"],
        ["b", "left out", "a newer processing of the acquisition is there"],
    ]


def test_an_account_that_does_not_add_up_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="2 products were found, but 0 are used, 0 left out and 0 missing"):
        account({("32UPU", "L2A", "2022-05"): index(tmp_path / "5.parquet", found=2)})


def test_an_index_without_an_account_is_named(tmp_path: Path) -> None:
    write_index(empty_index(), tmp_path / "old.parquet")
    with pytest.raises(
        InputError, match=r"old\.parquet: is no index of a month's scenes, or does not account for them"
    ):
        account({("32UPU", "L2A", "2022-05"): tmp_path / "old.parquet"})
