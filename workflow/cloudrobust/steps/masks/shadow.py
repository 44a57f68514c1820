"""Mask of cloud shadow: by scene classification, or projected from clouds away from the sun."""

from __future__ import annotations

from importlib import import_module
from math import ceil, cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

from ...config.steps import Shadow
from .ground import Found, Ground

CLASS = 3
"""Cloud shadow in the scene classification."""
LOWEST_SUN = 85.0
"""Zenith in degrees; a lower sun throws shadows farther than a tile is wide."""


def find(ground: Ground, method: Shadow) -> Found:
    """Shadow of clouds.

    projection: clouds are moved by h tan(zenith) away from the sun for every height h of the range, and the dark
    ones of the pixels that they pass are shadow; pixels that are cloud themselves are not. The idea is that of
    Fmask (Zhu, Z. and Woodcock, C. E. (2012), "Object-based cloud and cloud shadow detection in Landsat imagery",
    Remote Sensing of Environment 118, doi:10.1016/j.rse.2011.10.028), without its matching of single objects. The
    satellite is taken to look straight down: Sentinel-2 sees at most 11 degrees off nadir, an error of a fifth of
    the cloud's height.
    """
    if method.by == "scl":
        shadow = ground.classification() == CLASS
        return Found(shadow, np.zeros(shadow.shape, dtype=bool))
    found = [import_module(f".{clouds.do}", __package__).find(ground, clouds) for clouds in method.casters]
    cloud = np.logical_or.reduce([one.masked for one in found])
    unknown = np.logical_or.reduce([one.unknown for one in found])
    shadow = swept(cloud, *ground.sun(), method.heights, ground.pixel) & ~cloud
    if method.dark is not None and shadow.any():
        near_infrared = ground.spectra(["B8A"], ground.level).values[0]
        with np.errstate(invalid="ignore"):
            shadow &= near_infrared < method.dark
        unknown |= np.isnan(near_infrared)
    return Found(shadow, unknown)


def reach(ground: Ground, method: Shadow) -> float:
    """The longest shadow, and what the clouds' own method reaches."""
    if method.by == "scl":
        return 0.0
    clouds = max(import_module(f".{one.do}", __package__).reach(ground, one) + one.dilate for one in method.casters)
    zenith, _ = ground.sun()
    return clouds + method.heights[1] * tan(radians(min(zenith, LOWEST_SUN)))


def swept(
    cloud: NDArray[np.bool_], zenith: float, azimuth: float, heights: tuple[float, float], pixel: tuple[float, float]
) -> NDArray[np.bool_]:
    """(y, x) the pixels onto which clouds at any of the heights throw their shadow.

    Parameters
    ----------
    cloud
        (y, x) on a north-up grid.
    zenith, azimuth
        Of the sun in degrees; azimuth from north over east.
    heights
        Lowest and highest cloud in metres.
    pixel
        Size of a pixel in metres (y, x).
    """
    shadow = np.zeros_like(cloud)
    if not cloud.any():
        return shadow
    near, far = (height * tan(radians(min(zenith, LOWEST_SUN))) for height in heights)
    # Away from the sun: north is up, where rows begin.
    down, right = cos(radians(azimuth)) / pixel[0], -sin(radians(azimuth)) / pixel[1]
    turns = np.unique(np.concatenate([[near, far], _turns(down, near, far), _turns(right, near, far)]))
    steps = np.concatenate([[near, far], (turns[1:] + turns[:-1]) / 2])
    rows, columns = np.rint(steps * down).astype(int), np.rint(steps * right).astype(int)
    for row, column in dict.fromkeys(zip(rows.tolist(), columns.tolist(), strict=True)):
        to_rows, from_rows = _overlap(row, cloud.shape[0])
        to_columns, from_columns = _overlap(column, cloud.shape[1])
        shadow[to_rows, to_columns] |= cloud[from_rows, from_columns]
    return shadow


def _turns(rate: float, near: float, far: float) -> NDArray[np.float64]:
    """Distances from `near` to `far` at which `rate` pixels a metre lead from one pixel to the next."""
    first, last = sorted((rate * near, rate * far))
    between = np.arange(ceil(first - 0.5), last + 0.5) + 0.5
    return between[(between > first) & (between < last)] / rate if rate else between[:0]


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    """Along one axis, the part that is reached by a shift, and where it comes from."""
    shift = max(-length, min(length, shift))
    return slice(max(shift, 0), length + min(shift, 0)), slice(max(-shift, 0), length - max(shift, 0))
