"""What pictures of explanations share: one parcel's series with its marked dates, as the network was shown it."""

from __future__ import annotations

import matplotlib.dates
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..palette import BANDS, CLOUD, FAINT, UNKNOWN, band_colour

REFLECTANCE = "reflectance"


def of_parcel(explained: xr.Dataset, parcel: str) -> xr.Dataset:
    """The dates that were shown of one parcel, in their order, with `time` as their coordinate."""
    one = explained.sel(parcel=parcel)
    if "pictured" in one.dims:
        one = one.sel(pictured=parcel)
    places = np.flatnonzero(one["shown"].values)
    one = one.isel(date=places)
    return one.isel(output=places) if "output" in one.dims else one


def pictured(explained: xr.Dataset) -> list[str]:
    """Ids of the parcels that are shown one by one."""
    return [str(parcel) for parcel in explained["pictured"].values]


def days(one: xr.Dataset) -> np.ndarray:
    """Dates as matplotlib counts them."""
    return np.asarray(matplotlib.dates.date2num(one["time"].values), float)


def edges(centres: np.ndarray) -> np.ndarray:
    """Borders half way between neighbouring dates; a single date is ten days wide."""
    if len(centres) == 1:
        return np.array([centres[0] - 5, centres[0] + 5])
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def mark(axes: Axes, one: xr.Dataset) -> None:
    """Grey strips on the marked dates, at most four days wide; dotted ones where it is unknown whether they are."""
    centres = days(one)
    borders = edges(centres)
    for n, marked in enumerate(one["marked"].values):
        left, right = max(borders[n], centres[n] - 2), min(borders[n + 1], centres[n] + 2)
        if marked == 1:
            axes.axvspan(left, right, color=CLOUD, alpha=0.55, lw=0, zorder=0, gid="marked")
        elif np.isnan(marked):
            axes.axvspan(left, right, zorder=0, gid="unknown", **UNKNOWN)


def mark_above(axes: Axes, one: xr.Dataset, bottom: float = 1.01, top: float = 1.05) -> None:
    """A short bar above each marked date, dotted where it is unknown; heights in parts of the axes."""
    transform, places, marked = axes.get_xaxis_transform(), days(one), one["marked"].values
    for chosen, style, gid in ((marked == 1, "-", "marked"), (np.isnan(marked), ":", "unknown")):
        if chosen.any():
            axes.vlines(
                places[chosen], bottom, top, transform=transform, color=FAINT, lw=1.5, ls=style, clip_on=False, gid=gid
            )


def draw_series(axes: Axes, one: xr.Dataset, bands: list[str] | None = None) -> None:
    """Reflectance of some bands (by default all) with the marked dates behind."""
    mark(axes, one)
    for band in by_wavelength(one) if bands is None else bands:
        values = one["reflectance"].sel(band=band).values
        axes.plot(days(one), values, "-", lw=0.7, marker=".", ms=2.2, color=band_colour(band), gid=f"series {band}")
    axes.set_ylabel(REFLECTANCE)
    axes.grid(axis="y")


def by_wavelength(one: xr.Dataset) -> list[str]:
    """The bands in the order of `BANDS`; derived ones last."""
    order = list(BANDS)
    bands = [str(band) for band in one["band"].values]
    return sorted(bands, key=lambda band: (order.index(band) if band in order else len(order), band))


def axis_of_dates(axes: Axes, one: xr.Dataset, label: bool = True) -> None:
    """Months, or a coarser scale where the series is longer than 500 days."""
    centres = days(one)
    axes.set_xlim(centres[0] - 4, centres[-1] + 4)
    if centres[-1] - centres[0] > 500:
        locator = matplotlib.dates.AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))
        return
    axes.xaxis.set_major_locator(matplotlib.dates.MonthLocator())
    axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%b"))
    if label:
        years = sorted({pd.Timestamp(t).year for t in one["time"].values})
        axes.set_xlabel("–".join(str(year) for year in (years[0], years[-1])) if len(years) > 1 else str(years[0]))


def band_handles(one: xr.Dataset) -> list[Line2D]:
    """A legend of the bands."""
    return [Line2D([], [], color=band_colour(band), lw=1.8, label=band) for band in by_wavelength(one)]


def marked_handles(one: xr.Dataset) -> list[Patch]:
    """A legend of the grey strips, and of the dotted ones if there are any."""
    word = one.attrs["marked"]
    handles = [Patch(color=CLOUD, alpha=0.55, lw=0, label=f"{word} date")]
    if one["marked"].isnull().any():
        handles.append(Patch(label=f"unknown whether {word}", **UNKNOWN))
    return handles


def title_of(one: xr.Dataset, parcel: str) -> str:
    """The parcel, what grows there, and what the network says."""
    true, said = str(one["class"].item()), str(one["predicted"].item())
    return f"Parcel {parcel}, {true}; predicted {said}"
