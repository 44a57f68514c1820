"""Tables and figure of answers in season, by curves that are made up."""

from __future__ import annotations

import matplotlib.dates
import pandas as pd
import pytest

from cloudrobust.report.figures.in_season import in_season_figure
from cloudrobust.report.in_season import in_season_text, stopping_text

ENDS = pd.date_range("2022-04-01", periods=9, freq="30D")


@pytest.fixture
def curves() -> pd.DataFrame:
    rows = [
        ("raw", "forest", f"{end:%Y-%m-%d}", value, value - 0.05, value + 0.05, trained)
        for trained, start in (("cut", 0.4), ("whole", 0.1), ("each", 0.5))
        for end, value in zip(ENDS, [start + 0.05 * n for n in range(9)], strict=True)
    ]
    return pd.DataFrame(rows, columns=["branch", "model", "end", "accuracy", "low", "high", "trained"])


@pytest.fixture
def stops() -> pd.DataFrame:
    days = ENDS.astype("datetime64[ns]").asi8
    table = pd.DataFrame({"threshold": [0.1 * n for n in range(9)], "accuracy": [0.4 + 0.05 * n for n in range(9)]})
    return table.assign(branch="raw", model="forest", day=days, early=0.75, waiting=0.8, chosen=table.index == 5)


def test_some_ends_are_shown_and_the_last_among_them(curves: pd.DataFrame) -> None:
    text = in_season_text(curves)
    assert text["trained"].tolist() == ["trained for it", "trained on whole seasons", "one model for each end"]
    assert list(text.columns[3:]) == ["1 Apr", "31 May", "30 Jun", "29 Aug", "28 Sep", "27 Nov"]
    assert text["27 Nov"].tolist() == [".800", ".500", ".900"]
    shorter = curves[curves["end"] < "2022-10-01"].assign(branch="preprocessed")  # its season is over before
    text = in_season_text(pd.concat([curves, shorter]))
    assert text["27 Nov"].tolist()[3:] == text["28 Sep"].tolist()[3:] == [".700", ".400", ".800"]


def test_the_chosen_threshold_is_told(stops: pd.DataFrame) -> None:
    assert stopping_text(stops).to_dict("records") == [
        {
            "model": "Random forest", "branch": "raw", "threshold": ".50", "accuracy": ".650", "waiting": ".800",
            "mean day": "29 Aug", "answered before the last end": "75 %",
        }
    ]  # fmt: skip


def test_every_kind_is_drawn_and_the_choice_stands_out(curves: pd.DataFrame, stops: pd.DataFrame, with_gid) -> None:
    figure = in_season_figure(curves, stops, "raw", "preprocessed")
    for kind in ("cut", "whole", "each"):
        (line,) = with_gid(figure, kind)
        assert line.get_ydata().tolist() == curves.loc[curves["trained"] == kind, "accuracy"].tolist()
    (star,) = with_gid(figure, "chosen")
    assert matplotlib.dates.date2num(star.get_xdata()[0]) == matplotlib.dates.date2num(ENDS[5])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(words) == 5
    two = in_season_figure(curves[curves["trained"] != "each"], stops, "raw", "preprocessed")
    assert len(two.legends[0].get_texts()) == 4
