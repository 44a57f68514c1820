from __future__ import annotations

import logging

import pytest

from cloudrobust.scenes.remote.download import Meter
from cloudrobust.scenes.remote.progress import Transfer, readable


def test_a_line_tells_scenes_bytes_rate_and_time_left() -> None:
    meter = Meter()
    meter.add(10_000_000)  # of an earlier month
    transfer = Transfer("fetch 32UPU L2A 2022-05", 8, meter)
    assert transfer.line(1) == "fetch 32UPU L2A 2022-05: 0 of 8 scenes"
    transfer.done = 2
    meter.add(30_000_000)
    assert transfer.line(6) == "fetch 32UPU L2A 2022-05: 2 of 8 scenes, 30 MB at 5 MB/s, 18 s left"
    transfer.done = 8
    assert transfer.line(24) == "fetch 32UPU L2A 2022-05: 8 of 8 scenes, 30 MB at 1.25 MB/s, 24 s"


def test_lines_are_rare_but_the_last_one_is_said(caplog: pytest.LogCaptureFixture) -> None:
    transfer = Transfer("fetch", 5)
    with caplog.at_level(logging.INFO, "cloudrobust"):
        for _ in range(5):
            transfer.finished()
            transfer.say()
    assert len(caplog.records) == 1
    assert "5 of 5 scenes" in caplog.text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e15, "3e+03 TB")]
)
def test_bytes_are_readable(count: float, text: str) -> None:
    assert readable(count) == text
