"""Cloud probability and cloud mask of s2cloudless, evaluated many times faster and equal to the last bit.

The model is the one that ships with the package s2cloudless, read from the installed package. A boosted forest
on ten bands of top-of-atmosphere reflectance: Zupanc, A. (2017), "Improving cloud detection with machine
learning", Sentinel Hub Blog; compared with nine others in Skakun, S. et al. (2022), "Cloud Mask Intercomparison
eXercise (CMIX)", Remote Sensing of Environment 274, doi:10.1016/j.rse.2022.112990.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .trees import Trees

BANDS: tuple[str, ...] = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
"""The bands that the model looks at, in its order."""
MODEL = "models/pixel_s2_cloud_detector_lightGBM_v0.1.txt"


@cache
def model() -> Trees:
    """The model of the installed package, in flat arrays; read once in a process (0.3 s)."""
    # find_spec does not run the package, which would load the clients of Sentinel Hub.
    found = find_spec("s2cloudless")
    file = Path(found.origin).parent / MODEL if found is not None and found.origin is not None else None
    if file is None or not file.is_file():
        raise InputError("mask s2cloudless: the package s2cloudless with its model is not installed; install it")
    return Trees.from_lightgbm(file)


def probability(bands: NDArray[np.floating] | Sequence[NDArray[np.floating]], threads: int = 1) -> NDArray[np.float32]:
    """How likely a pixel, or the mean of a parcel, is cloud.

    Parameters
    ----------
    bands
        (10, …) top-of-atmosphere reflectance of `BANDS`, unit 1, float32 or float64; NaN where missing.
    threads
        Threads that share the work.

    Returns
    -------
    float32 in 0 to 1, of the shape of one band; NaN where any band is missing. (The package takes a missing
    value for 0, and so for clear sky.)

    Raises
    ------
    InputError
        If s2cloudless is not installed.
    ValueError
        If there are not ten bands.
    """
    return model().probability(np.asarray(bands), threads)


def disk(radius: int) -> NDArray[np.uint8]:
    """(2 radius + 1, 2 radius + 1): 1 where a pixel's centre is within `radius` pixels of the middle."""
    row, column = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (row**2 + column**2 <= radius**2).astype(np.uint8)


def averaged(probability: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Mean over the disk of `radius` pixels around each pixel, edges reflected; of the valid ones alone.

    NaN stays NaN. Where no value is missing this is what the package computes.
    """
    if radius == 0:
        return probability
    kernel = disk(radius) / np.sum(disk(radius))
    valid = ~np.isnan(probability)
    if valid.all():
        return np.asarray(cv2.filter2D(probability, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)
    sums = cv2.filter2D(np.where(valid, probability, np.float32(0)), -1, kernel, borderType=cv2.BORDER_REFLECT)
    weights = cv2.filter2D(valid.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REFLECT)
    return np.divide(sums, weights, out=np.full_like(probability, np.nan), where=valid)


def cloud_mask(
    probability: NDArray[np.float32], threshold: float = 0.4, average_over: int = 1, dilation_size: int = 1
) -> NDArray[np.bool_]:
    """Which pixels (y, x) are cloud, with the package's parameters, defaults and results.

    Parameters
    ----------
    probability
        (y, x) float32; NaN where missing.
    threshold
        What exceeds it is cloud.
    average_over, dilation_size
        Radius in pixels of the disk over which probabilities are averaged before the threshold, and of the
        one by which clouds grow after it; 0 to do without.

    Returns
    -------
    True for clouds. Missing pixels are never cloud here: they have no probability (see `probability`), and
    their neighbours must not be masked because of them; the caller masks them.
    """
    with np.errstate(invalid="ignore"):
        cloud = (averaged(probability, average_over) > threshold).astype(np.uint8)
    if dilation_size:
        cloud = np.asarray(cv2.dilate(cloud, disk(dilation_size)), np.uint8)
    return cloud.astype(bool)
