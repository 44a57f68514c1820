"""When the satellite passes, and which processing baseline its products have: pure calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ...config.sources import SimulatorSource
from ...errors import InputError
from ..safe.names import ProductName
from ..sun import position
from .landscape import LATITUDE, LONGITUDE, TILE
from .randomness import generator

# Sentinel-2A was in relative orbit 22 over Bavaria on this day (S2A_MSIL2A_20190212T192651 of orbit 13 counts on);
# 143 orbits take ten days, and Sentinel-2B is half a cycle, five days, away
REFERENCE, REFERENCE_ORBIT = datetime(2019, 2, 13, 10, 10, 31), 22
CYCLE, ORBITS = 10, 143
REPROCESSED = 0.4  # share of the products of before baseline 04.00 that were processed again, with 05.00
VISIBLE = (122, 22, 65, 108)
"""Relative orbits that pass near the tile in the morning; 22 and 65 see it, the others stand in for more dates."""


@dataclass(frozen=True)
class Acquisition:
    """One pass: platform, relative orbit, sensing start (naive UTC) and the sun's position in degrees."""

    platform: str
    orbit: int
    time: datetime
    sun_zenith: float
    sun_azimuth: float

    @property
    def stamp(self) -> int:
        """Sensing start as a number, for seeds."""
        return int(f"{self.time:%Y%m%d%H%M%S}")


def passes(config: SimulatorSource, start: date, end: date) -> list[Acquisition]:
    """All passes from `start` to `end`, both days included, in order of time."""
    found = []
    for orbit in sorted(set(config.orbits)):
        first = _first(config.satellite, orbit)
        number = -((first.date() - start).days // CYCLE)
        while (time := first + timedelta(days=CYCLE * number)).date() <= end:
            if time.date() >= start:
                found.append(Acquisition(config.satellite, orbit, time, *position(time, LONGITUDE, LATITUDE)))
            number += 1
    return sorted(found, key=lambda a: a.time)


def at(config: SimulatorSource, time: datetime) -> Acquisition:
    """The pass that starts at `time`; KeyError if there is none."""
    for acquisition in passes(config, time.date(), time.date()):
        if acquisition.time == time:
            return acquisition
    raise KeyError(f"no pass of {config.satellite} at {time}")


def on(config: SimulatorSource, day: date) -> Acquisition:
    """A pass on any day, also one on which the satellite looks elsewhere, at the hour of its first orbit."""
    orbit = min(config.orbits)
    time = datetime.combine(day, _first(config.satellite, orbit).time())
    return Acquisition(config.satellite, orbit, time, *position(time, LONGITUDE, LATITUDE))


def _first(satellite: str, orbit: int) -> datetime:
    """A pass of the satellite in a relative orbit."""
    if orbit not in VISIBLE:
        known = ", ".join(map(str, VISIBLE))
        raise InputError(
            f"source.orbits: orbit {orbit} does not pass the tile {TILE} in the morning; choose from {known}"
        )
    days = (orbit - REFERENCE_ORBIT) % ORBITS * CYCLE / ORBITS + (CYCLE / 2 if satellite == "S2B" else 0)
    time = REFERENCE + timedelta(days=days)
    # orbits are 10 minutes apart seen from one place
    minutes = round((time - datetime(time.year, time.month, time.day, 10, 0)).total_seconds() / 600) * 10
    return datetime(time.year, time.month, time.day, 10, 0, 31) + timedelta(minutes=minutes)


def baseline(config: SimulatorSource, acquisition: Acquisition) -> str:
    """Processing baseline of both levels of an acquisition.

    03.01 until 24 January 2022, then 04.00 with the radiometric offset, 05.09 from 6 December 2022 (ESA, Sentinel-2
    processing baselines). A share of the earlier products was reprocessed with 05.00, so that a date of before 2022
    may carry the offset.
    """
    day = acquisition.time.date()
    if day >= date(2022, 12, 6):
        return "05.09"
    if day >= date(2022, 1, 25):
        return "04.00"
    return "05.00" if generator(config.seed, "reprocessing", acquisition.stamp).random() < REPROCESSED else "03.01"


def name(config: SimulatorSource, acquisition: Acquisition, level: str) -> ProductName:
    """Product name of a level of an acquisition."""
    version = baseline(config, acquisition)
    if version == "05.00":
        processed = datetime(2023, 6, 1, 8) + (acquisition.time - datetime(2016, 1, 1)) / 20
    else:
        processed = acquisition.time + timedelta(hours=3 if level == "L1C" else 5, minutes=acquisition.orbit % 7)
    return ProductName(
        platform=acquisition.platform, level=level, time=acquisition.time, baseline=version, orbit=acquisition.orbit,
        tile=TILE, discriminator=processed.replace(microsecond=0),
    )  # fmt: skip
