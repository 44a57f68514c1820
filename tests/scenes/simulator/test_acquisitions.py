"""The calendar is Sentinel-2's own."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import pytest

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.errors import InputError
from cloudrobust.scenes.safe.names import ProductName
from cloudrobust.scenes.simulator.acquisitions import at, baseline, name, passes


def test_one_satellite_in_two_orbits_passes_73_times_a_year() -> None:
    found = passes(SimulatorSource(), date(2022, 1, 1), date(2022, 12, 31))
    assert len(found) == 73
    assert {(a.orbit, f"{a.time:%H%M%S}") for a in found} == {(22, "101031"), (65, "102031")}
    for orbit in (22, 65):
        times = [a.time for a in found if a.orbit == orbit]
        assert {(b - a).days for a, b in pairwise(times)} == {10}


def test_the_satellites_are_five_days_apart() -> None:
    april = date(2022, 4, 1), date(2022, 4, 30)
    one = passes(SimulatorSource(satellite="S2A", orbits=(22,)), *april)
    other = passes(SimulatorSource(satellite="S2B", orbits=(22,)), *april)
    # S2B_MSIL2A_20220413T150759 of orbit 25 was in orbit 22 five hours before
    assert date(2022, 4, 13) in [a.time.date() for a in other]
    assert {abs((a.time - b.time).days) for a in one for b in other} <= {5, 15, 25}


def test_months_make_up_the_year() -> None:
    config = SimulatorSource()
    first = passes(config, date(2022, 3, 1), date(2022, 3, 31))
    second = passes(config, date(2022, 4, 1), date(2022, 4, 30))
    assert first + second == passes(config, date(2022, 3, 1), date(2022, 4, 30))
    assert at(config, first[0].time) == first[0]
    with pytest.raises(KeyError):
        at(config, datetime(2022, 3, 1, 12))


def test_baselines_follow_the_calendar_but_old_dates_may_be_reprocessed() -> None:
    config = SimulatorSource()
    of = {a.time.date(): baseline(config, a) for a in passes(config, date(2021, 1, 1), date(2022, 12, 31))}
    old = {v for day, v in of.items() if day < date(2022, 1, 25)}
    assert old == {"03.01", "05.00"}
    assert {v for day, v in of.items() if date(2022, 1, 25) <= day < date(2022, 12, 6)} == {"04.00"}
    assert {v for day, v in of.items() if day >= date(2022, 12, 6)} == {"05.09"}


def test_the_default_year_has_old_dates_with_and_without_the_offset() -> None:
    config = SimulatorSource()
    january = {baseline(config, a) for a in passes(config, date(2022, 1, 1), date(2022, 1, 24))}
    assert january == {"03.01", "05.00"}


def test_names_parse_and_tell_the_levels_apart() -> None:
    config = SimulatorSource()
    acquisition = passes(config, date(2022, 4, 1), date(2022, 4, 30))[0]
    first, second = (name(config, acquisition, level) for level in ("L1C", "L2A"))
    assert ProductName.parse(str(first)) == first
    assert first.time == second.time
    assert str(first) != str(second)


def test_an_orbit_that_does_not_see_the_tile_is_refused() -> None:
    with pytest.raises(InputError, match=r"source\.orbits: orbit 7 .*122, 22, 65, 108"):
        passes(SimulatorSource(orbits=(7,)), date(2022, 1, 1), date(2022, 1, 31))
