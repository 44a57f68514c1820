from __future__ import annotations

from datetime import datetime

import pytest

from cloudrobust.scenes.safe.names import ProductName

NAME = "S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126"


def test_parts_of_a_real_name() -> None:
    expected = ProductName(
        "S2B", "L2A", datetime(2022, 4, 13, 15, 7, 59), "04.00", 25, "33XWJ", datetime(2022, 4, 14, 8, 21, 26)
    )
    assert ProductName.parse(NAME) == expected
    assert ProductName.parse(NAME + ".SAFE") == expected
    assert str(expected) == NAME


@pytest.mark.parametrize(
    "name",
    [
        "S2A_OPER_PRD_MSIL1C_PDMC_20160412T183153_R108_V20150829T101020_20150829T101020.SAFE",
        "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248.zip",
        "S2A_MSIL1B_20210908T042701_N0301_R133_T46RER_20210908T070248.SAFE",
        "notes.SAFE",
    ],
)
def test_other_names_have_no_parts(name: str) -> None:
    assert ProductName.parse(name) is None
