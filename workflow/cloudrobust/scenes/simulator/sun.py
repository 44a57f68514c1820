"""Where the sun stands."""

from __future__ import annotations

from datetime import datetime

import numpy as np


def position(time: datetime, longitude: float, latitude: float) -> tuple[float, float]:
    """Zenith and azimuth of the sun in degrees (azimuth clockwise from north); UTC and degrees in.

    Fourier series for declination and equation of time by Spencer 1971 (Search 2:172), good to some 0.1 degrees.
    """
    day = time.timetuple().tm_yday - 1 + (time.hour + time.minute / 60 + time.second / 3600) / 24
    g = 2 * np.pi * day / 365.25
    declination = (
        0.006918 - 0.399912 * np.cos(g) + 0.070257 * np.sin(g) - 0.006758 * np.cos(2 * g) + 0.000907 * np.sin(2 * g)
        - 0.002697 * np.cos(3 * g) + 0.00148 * np.sin(3 * g)
    )  # fmt: skip
    equation = 229.18 * (
        0.000075 + 0.001868 * np.cos(g) - 0.032077 * np.sin(g) - 0.014615 * np.cos(2 * g) - 0.040849 * np.sin(2 * g)
    )  # minutes
    minutes = time.hour * 60 + time.minute + time.second / 60 + equation + 4 * longitude
    hour = np.radians(minutes / 4 - 180)
    phi = np.radians(latitude)
    cosine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(hour)
    return float(np.degrees(np.arccos(cosine))), float(np.degrees(np.arctan2(east, north)) % 360)
