"""The days of a year: how wet the soil, how deep the snow, how hazy and humid the air.

Temperature and precipitation follow the simplest weather generator (Richardson 1981, Water Resour. Res. 17:182-190):
wet days by a Markov chain of first order, temperature by an autoregressive one around a seasonal mean of the Bavarian
lowlands. Snow falls on wet days around freezing and melts with 3 mm water (1.5 cm of snow) per degree and day (degree-
day method: Hock 2003, J. Hydrol. 282:104-115). Topsoil dries exponentially. Aerosol optical thickness and column water
have the medians of Central European AERONET stations (winter 0.08 and 0.8 cm, summer 0.13 and 2.2 cm) and are
log-normal (O'Neill et al. 2000, J. Geophys. Res. 105:9791-9806).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .randomness import generator


@dataclass(frozen=True)
class Day:
    """Attributes
    ----------
    wetness: of the topsoil, 0 dry to 1 wet.
    snow: depth in cm.
    aerosol: optical thickness at 550 nm.
    water_vapour: column in cm of water.
    ozone: column in atm-cm.
    shift: days by which the year's growing season is late.
    """

    wetness: float
    snow: float
    aerosol: float
    water_vapour: float
    ozone: float
    shift: float


def weather(seed: int, day: date) -> Day:
    """The weather of a day; the same however often and in which order it is asked for."""
    start = date(day.year if day.month >= 9 else day.year - 1, 9, 1)
    wetness, snow = _season(seed, start)
    offset = (day - start).days
    rng = generator(seed, "air", day.toordinal())
    summer = 0.5 - 0.5 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 15) / 365.25)
    return Day(
        wetness=float(wetness[offset]),
        snow=float(snow[offset]),
        aerosol=float((0.08 + 0.05 * summer) * rng.lognormal(0, 0.5)),
        water_vapour=float((0.8 + 1.4 * summer) * rng.lognormal(0, 0.3)),
        ozone=float(0.34 + 0.03 * np.sin(2 * np.pi * day.timetuple().tm_yday / 365.25) + rng.normal(0, 0.02)),
        shift=float(generator(seed, "season", day.year).normal(0, 4)),
    )


@lru_cache(maxsize=32)
def _season(seed: int, start: date) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wetness and snow depth from 1 September to 31 August, so that no winter is torn by the turn of the year."""
    days = (date(start.year + 1, 9, 1) - start).days
    rng = generator(seed, "weather", start.year)
    phase = np.array([(start + timedelta(n)).timetuple().tm_yday for n in range(days)])
    seasonal = 9.0 - 10.0 * np.cos(2 * np.pi * (phase - 18) / 365.25)
    wetness, snow = np.zeros(days), np.zeros(days)
    anomaly, wet, water, depth = 0.0, False, 0.5, 0.0
    for n in range(days):
        anomaly = 0.85 * anomaly + rng.normal(0, 2.0)
        temperature = seasonal[n] + anomaly
        wet = rng.random() < (0.6 if wet else 0.35)
        fall = rng.gamma(0.9, 6.0) if wet else 0.0  # mm
        if temperature < 0.5:
            depth += fall
        else:
            water = min(water + fall / 12.0, 1.0)
            depth = max(depth - 1.5 * temperature, 0.0)
        depth *= 0.97  # settling
        water *= np.exp(-(0.05 + 0.012 * max(temperature, 0.0)))
        wetness[n], snow[n] = max(water, min(depth, 1.0)), depth
    return wetness, snow
