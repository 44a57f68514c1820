"""Dates with values of one parcel after the other, collected for a cube; what is left out is counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...config.finished import Level
from ...log import logger
from ..finished import HasDays, cube

SCALE = 1e-4
"""Reflectance of one unit, in both data sets' own loaders."""


class Observations:
    """Collects the dates of parcels.

    Parameters
    ----------
    level, bands
        Of all parcels.
    period
        Dates outside it are left out.
    """

    def __init__(self, level: Level, bands: tuple[str, ...], period: HasDays) -> None:
        self.level, self.bands, self.period = level, bands, period
        self.parcels: list[str] = []
        self.left_out: Counter[str] = Counter()
        self._days: list[NDArray[np.datetime64]] = []
        self._values: list[NDArray[np.float32]] = []

    def add(self, parcel: str, day: NDArray[np.datetime64], values: NDArray[np.floating[Any]]) -> int:
        """Take a parcel's dates (date,) and digital numbers (date, band); returns how many dates are kept.

        As the data sets' own loaders do, a date that lacks a band is left out, and of two acquisitions on one day
        the first is kept. A parcel of which no date is left is not taken.
        """
        day = day.astype("datetime64[D]")
        inside = (day >= np.datetime64(self.period.start)) & (day <= np.datetime64(self.period.end))
        whole = np.isfinite(values).all(axis=1)
        kept = np.flatnonzero(inside & whole)
        first = np.sort(np.unique(day[kept], return_index=True)[1])
        self.left_out["outside the period"] += int((~inside).sum())
        self.left_out["without all bands"] += int((inside & ~whole).sum())
        self.left_out["second of their day"] += len(kept) - len(first)
        kept = kept[first]
        if len(kept):
            self.parcels.append(parcel)
            self._days.append(day[kept])
            self._values.append((values[kept] * SCALE).astype(np.float32))
        return len(kept)

    def cube(self, facts: dict[str, Any]) -> xr.Dataset:
        """All of them, each parcel its own dates, on the union of dates."""
        for why, number in self.left_out.items():
            if number:
                logger.info("%s: %d dates of parcels left out: %s", self.level, number, why)
        lengths = [len(days) for days in self._days]
        nothing = np.empty(0, "datetime64[D]")
        day = np.concatenate([*self._days, nothing])
        values = np.concatenate([*self._values, np.empty((0, len(self.bands)), np.float32)])
        self._days, self._values = [], []
        return cube(
            level=self.level,
            bands=self.bands,
            parcels=self.parcels,
            row=np.repeat(np.arange(len(self.parcels)), lengths),
            day=day,
            values=values,
            period=self.period,
            facts=facts | {"left_out": dict(self.left_out)},
        )
