"""Where the sun stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry


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


def stated_or_computed(properties: Mapping[str, Any], sensed: datetime, footprint: BaseGeometry) -> dict[str, Any]:
    """Zenith and azimuth of the sun for a scene's record, and where they are from.

    Catalogues state them as `view:sun_elevation` and `view:sun_azimuth` (STAC's View Geometry extension), or as
    `s2:mean_solar_zenith` and `s2:mean_solar_azimuth` (Planetary Computer). Elsewhere they are computed for the middle
    of the footprint; they differ by less than a degree within a tile.

    Parameters
    ----------
    properties: of the catalogue's item.
    sensed: when the tile was sensed, naive UTC.
    footprint: longitude and latitude.
    """
    elevation, azimuth = properties.get("view:sun_elevation"), properties.get("view:sun_azimuth")
    zenith = 90 - float(elevation) if elevation is not None else None
    if zenith is None or azimuth is None:
        zenith, azimuth = properties.get("s2:mean_solar_zenith"), properties.get("s2:mean_solar_azimuth")
    if zenith is not None and azimuth is not None:
        return {"sun_zenith": float(zenith), "sun_azimuth": float(azimuth), "sun": "stated by the catalogue"}
    west, south, east, north = footprint.bounds
    zenith, azimuth = position(sensed, (west + east) / 2, (south + north) / 2)
    return {"sun_zenith": zenith, "sun_azimuth": azimuth, "sun": "computed"}
