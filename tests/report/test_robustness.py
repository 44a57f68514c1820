"""The table of robustness, by curves that are made up."""

import pandas as pd
import pytest

from cloudrobust.report.robustness import enough_from, robustness_text

DAYS = pd.to_datetime(["2022-06-01", "2022-07-01", "2022-08-01", "2022-09-01"]).astype("datetime64[ns]").astype(int)


def curves(ends: list[float], clouded: bool = True) -> pd.DataFrame:
    rows = [("lost", 0.0, 0.9)]
    for kind, first in (("lost", 0.8), ("clouded", 0.5)):
        if kind == "lost" or clouded:
            rows += [(kind, share, first - share / 10) for share in (0.2, 0.4, 0.6, 0.8, 0.9)]
    rows += [("end", float(day), value) for day, value in zip(DAYS, ends, strict=True)]
    return pd.DataFrame(rows, columns=["kind", "x", "accuracy"]).assign(model="lstm", branch="raw")


@pytest.mark.parametrize(
    ("ends", "day"),
    [
        ([0.2, 0.89, 0.5, 0.9], "1 September"),  # good once is not good from then on
        ([0.2, 0.5, 0.89, 0.9], "1 August"),
        ([0.9, 0.9, 0.9, 0.9], "1 June"),
        ([0.9, 0.9, 0.9, 0.5], "–"),
    ],
)
def test_enough_is_from_where_the_accuracy_stays(ends: list[float], day: str) -> None:
    assert enough_from(curves(ends), 0.9) == day


def test_the_first_middle_and_last_share_are_shown() -> None:
    text = robustness_text(curves([0.2, 0.5, 0.89, 0.9]))
    assert text.to_dict("records") == [
        {
            "model": "LSTM", "branch": "raw", "as it is": ".900", "20% lost": ".780", "60% lost": ".740",
            "90% lost": ".710", "20% clouded": ".480", "60% clouded": ".440", "90% clouded": ".410",
            "enough from": "1 August",
        }
    ]  # fmt: skip


def test_what_was_not_tried_is_a_dash() -> None:
    text = robustness_text(curves([0.2, 0.5, 0.89, 0.9], clouded=False))
    assert text["60% clouded"].tolist() == ["–"]
