"""One parcel through the year: raw with its clouds, and after preprocessing (figures 1 and 3 of the study)."""

from __future__ import annotations

import matplotlib.dates
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ...errors import InputError
from ...evaluation.explanations.clouds import filled_in
from ..palette import CLOUD, FAINT, INK, UNKNOWN, band_colour
from ..style import WIDTH, panel_letter, styled

SAME_ACQUISITION = pd.Timedelta(minutes=1)
"""Dates of two levels nearer than this are one acquisition."""


@styled
def series_figure(
    raw: xr.Dataset,
    masked: xr.Dataset,
    preprocessed: xr.Dataset,
    parcel: str,
    threshold: float = 0.5,
    clouds: xr.Dataset | None = None,
    title: str | None = None,
    names: tuple[str, str] = ("raw", "preprocessed"),
) -> Figure:
    """Reflectance of all bands of a parcel, raw above and preprocessed below, on the same axes.

    Parameters
    ----------
    raw
        Series of the raw branch: `reflectance` (parcel, time, band), perhaps `reflectance_std`.
    masked
        Series after the cloud mask, before the interpolation: `reflectance`, and `clear_fraction` (parcel, time). Its
        dates may be fewer (a selected season).
    preprocessed
        Series of the preprocessed branch: `reflectance`, `observed` and perhaps `observation_distance` in days
        (parcel, time).
    parcel
        Id of the parcel.
    threshold
        A date whose clear fraction is smaller counts as cloudy.
    clouds
        `clear_fraction` (parcel, time) on the dates of `raw`, NaN where it is unknown; by default that of `masked`.
    title
        Above the figure; by default the parcel's id.
    names
        Of the two branches, for the panels' titles.

    Raises
    ------
    InputError
        A series does not hold the parcel.
    """
    above, between, below = (
        _of_parcel(d, parcel, n) for d, n in ((raw, "raw"), (masked, "masked"), (preprocessed, "preprocessed"))
    )
    clear = clear_fraction_of(above, between if clouds is None else _of_parcel(clouds, parcel, "clouds"))
    figure = Figure(figsize=(WIDTH, 5.0))
    top, bottom = figure.subplots(2, 1, sharex=True, sharey=True)
    _mark_clouds(top, clear, threshold)
    _draw_raw(top, above)
    _point_out(top, above, clear, threshold)
    for axes in (top, bottom):
        _mark_outside(axes, below, above)
    _draw_preprocessed(bottom, between, below)
    top.set_title(f"{names[0]}: {_told(above, clear, threshold)}")
    bottom.set_title(f"{names[1]}: {below.sizes['time']} dates, {int(measured_dates(below).sum())} of them measured")
    for axes, letter, level in ((top, "a", above), (bottom, "b", below)):
        panel_letter(axes, letter)
        axes.set_ylabel(f"reflectance ({level.attrs.get('level', '')})".replace(" ()", ""))
        axes.grid(axis="y")
    _axis_of_dates(bottom, above)
    top.set_ylim(*_limits(above, below))
    figure.legend(
        handles=_band_handles(above, below),
        loc="outside right upper",
        title="band (nm)",
        alignment="left",
        labelspacing=0.55,
    )
    kinds = _kind_handles(threshold, clear, names[1], "observation_distance" in below)
    figure.legend(handles=kinds, loc="outside lower center", ncols=5, columnspacing=1.1, fontsize=6.5)
    figure.suptitle(title or f"Parcel {parcel}", x=0.01, ha="left", fontsize=9)
    return figure


def _of_parcel(series: xr.Dataset, parcel: str, name: str) -> xr.Dataset:
    if parcel not in series["parcel"].values:
        raise InputError(f"pictures.parcel: the {name} series does not hold parcel {parcel!r}; name another one")
    return series.sel(parcel=parcel).load()


def _told(raw: xr.Dataset, clear: xr.DataArray, threshold: float) -> str:
    cloudy, known = int((clear < threshold).sum()), int(clear.notnull().sum())
    dates = f"{raw.sizes['time']} dates"
    if known == raw.sizes["time"]:
        return f"{dates}, {cloudy} of them cloudy"
    return f"{dates}; of {known} whose clouds are known {cloudy} are cloudy" if known else dates


def clear_fraction_of(raw: xr.Dataset, masked: xr.Dataset) -> xr.DataArray:
    """Clear fraction at the dates of `raw`, from what is known of the same acquisitions; NaN where nothing is.

    Both hold one parcel. Series of a table source know no clear fraction at all.
    """
    if "clear_fraction" not in masked:
        return xr.DataArray(np.full(raw.sizes["time"], np.nan), dims="time", coords={"time": raw["time"]})
    times = pd.DatetimeIndex(masked["time"].values)
    places = times.get_indexer(pd.DatetimeIndex(raw["time"].values), method="nearest", tolerance=SAME_ACQUISITION)
    values = masked["clear_fraction"].values
    found = np.where(places >= 0, values[places] if len(values) else np.nan, np.nan)
    return xr.DataArray(found, dims="time", coords={"time": raw["time"]}, name="clear_fraction")


def _mark_clouds(axes: Axes, clear: xr.DataArray, threshold: float) -> None:
    times = matplotlib.dates.date2num(clear["time"].values)
    # A strip reaches half way to the next acquisition, at most two days.
    edges = np.diff(times, prepend=times[:1] - 4, append=times[-1:] + 4) / 2
    left, right = times - np.minimum(edges[:-1], 2), times + np.minimum(edges[1:], 2)
    cloudy = (clear < threshold).values
    for start, end in zip(left[cloudy], right[cloudy], strict=True):
        axes.axvspan(start, end, color=CLOUD, alpha=0.55, lw=0, zorder=0.2, gid="cloud")
    unknown = clear.isnull().values
    if not unknown.all():
        for start, end in zip(left[unknown], right[unknown], strict=True):
            axes.axvspan(start, end, zorder=0.2, gid="unknown", **UNKNOWN)


def _draw_raw(axes: Axes, series: xr.Dataset) -> None:
    for band in _by_wavelength(series):
        values = series["reflectance"].sel(band=band).dropna("time")
        axes.plot(values["time"], values, "-", lw=0.7, color=band_colour(band), marker=".", ms=2.2, gid=f"raw {band}")


def _draw_preprocessed(axes: Axes, masked: xr.Dataset, series: xr.Dataset) -> None:
    observed = measured_dates(series)
    times = series["time"].values
    for band in _by_wavelength(series):
        colour = band_colour(band)
        values = series["reflectance"].sel(band=band).values
        axes.plot(times, values, "-", lw=0.9, color=colour, gid=f"preprocessed {band}")
        axes.plot(times[~observed], values[~observed], "o", ms=2.6, mfc="white", mec=colour, mew=0.6, gid="filled in")
        axes.plot(times[observed], values[observed], "o", ms=2.6, color=colour, gid="measured")
        if band in masked["band"].values:
            _measurements(axes, masked, band, colour)


def measured_dates(series: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Which dates of a parcel's series stand for a measurement, as the explanations count them too.

    Of equal steps: one within half a step (`clouds.filled_in`). Of a series that knows no distances: its `observed`.
    """
    if "observation_distance" in series:
        return np.asarray(~filled_in(series).values)
    return np.asarray(series["observed"].values.astype(bool))


def _measurements(axes: Axes, masked: xr.Dataset, band: str, colour: str) -> None:
    """What was measured before dates were made equal, with the spread inside the parcel if it is known."""
    seen = masked["observed"].values.astype(bool) if "observed" in masked else np.ones(masked.sizes["time"], bool)
    times, values = masked["time"].values[seen], masked["reflectance"].sel(band=band).values[seen]
    axes.plot(times, values, "x", ms=2.4, mew=0.6, color=colour, alpha=0.75, gid="observation")
    if "reflectance_std" in masked:
        spread = masked["reflectance_std"].sel(band=band).values[seen]
        axes.fill_between(times, values - spread, values + spread, color=colour, alpha=0.1, lw=0, gid="spread")


def _mark_outside(axes: Axes, series: xr.Dataset, raw: xr.Dataset) -> None:
    """Hatch the dates that the preprocessed series does not cover."""
    first, last = _extent(raw)
    covered = pd.DatetimeIndex(series["time"].values)[[0, -1]]
    start = pd.Timestamp(series.attrs.get("time_coverage_start", covered[0]))
    end = pd.Timestamp(series.attrs.get("time_coverage_end", covered[1]))
    # The last day is covered to its end.
    for left, right in ((first, _day(start)), (_day(end.normalize()) + 1, last)):
        if right > left:
            axes.axvspan(
                left, right, facecolor="#f6f6f6", edgecolor="#dcdcdc", hatch="////", lw=0, zorder=0, gid="outside"
            )


def _point_out(axes: Axes, series: xr.Dataset, clear: xr.DataArray, threshold: float) -> None:
    """An arrow to a cloud and one to the ground, as in the study's figure."""
    bright = series["reflectance"].mean("band").values
    highest = series["reflectance"].max("band").values
    days = matplotlib.dates.date2num(series["time"].values)
    cloudy = np.where((clear < threshold).values, bright, np.nan)
    ground = (clear > 0.95).values & np.isfinite(bright)
    if np.isfinite(cloudy).any():
        at = int(np.nanargmax(cloudy))
        _arrow(axes, "cloud", days[at], highest[at], away=(16, 6))
    if ground.any():
        at = _middle_of_longest_run(ground)
        _arrow(axes, "ground", days[at], highest[at], away=(0, 26))


def _middle_of_longest_run(true: np.ndarray) -> int:
    """Position in the middle of the longest run of true values: there a label has room."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int((starts[longest] + ends[longest] - 1) // 2)


def _arrow(axes: Axes, word: str, day: float, value: float, away: tuple[float, float]) -> None:
    """A word with an arrow to a point; `away` are points from there to the word."""
    axes.annotate(
        word,
        (day, value),
        xytext=away,
        textcoords="offset points",
        ha="left" if away[0] else "center",
        va="center",
        fontsize=7.5,
        fontstyle="italic",
        color=INK,
        arrowprops={"arrowstyle": "-|>", "lw": 0.7, "color": INK, "shrinkB": 2, "mutation_scale": 7},
        bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
        zorder=6,
    )


def _axis_of_dates(axes: Axes, raw: xr.Dataset) -> None:
    first, last = pd.DatetimeIndex(raw["time"].values)[[0, -1]]
    axes.set_xlim(*_extent(raw))
    if last - first > pd.Timedelta(days=500):
        locator = matplotlib.dates.AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))
        return
    axes.xaxis.set_major_locator(matplotlib.dates.MonthLocator())
    axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%b"))
    axes.set_xlabel("–".join(str(year) for year in sorted({first.year, last.year})))


def _day(time: pd.Timestamp) -> float:
    """A date as matplotlib counts it, in days."""
    return float(matplotlib.dates.date2num(time))


def _extent(raw: xr.Dataset) -> tuple[float, float]:
    """The time axis: from three days before the first date to three days after the last, within the same years."""
    first, last = pd.DatetimeIndex(raw["time"].values)[[0, -1]]
    start = max(_day(first) - 3, _day(pd.Timestamp(first.year, 1, 1)))
    return start, min(_day(last) + 3, _day(pd.Timestamp(last.year + 1, 1, 1)) - 0.01)


def _limits(*series: xr.Dataset) -> tuple[float, float]:
    values = np.concatenate([each["reflectance"].values.ravel() for each in series])
    values = values[np.isfinite(values)]
    if not values.size:
        return -0.02, 1.0
    return min(-0.02, float(values.min()) - 0.02), 1.05 * float(values.max())


def _by_wavelength(series: xr.Dataset) -> list[str]:
    bands = [str(band) for band in series["band"].values]
    if "wavelength" not in series.coords:
        return bands
    return [bands[n] for n in np.argsort(series["wavelength"].values, kind="stable")]


def _band_handles(*series: xr.Dataset) -> list[Line2D]:
    wavelengths: dict[str, float] = {}
    for each in series:
        for band in _by_wavelength(each):
            known = "wavelength" in each.coords
            wavelengths.setdefault(band, float(each["wavelength"].sel(band=band)) if known else np.nan)
    ordered = sorted(wavelengths, key=lambda band: wavelengths[band])
    return [
        Line2D(
            [], [], color=band_colour(b), lw=1.8, label=b if np.isnan(wavelengths[b]) else f"{b}  {wavelengths[b]:.0f}"
        )
        for b in ordered
    ]


def _kind_handles(threshold: float, clear: xr.DataArray, branch: str, in_steps: bool) -> list[Patch | Line2D]:
    clouds_known, some_unknown = bool(clear.notnull().any()), bool(clear.isnull().any())
    measured = "measured within half a step" if in_steps else "measured on that day"
    cloudy = Patch(color=CLOUD, alpha=0.55, lw=0, label=f"cloudy (clear fraction < {threshold:g})")
    return [
        *([cloudy] if clouds_known else []),
        *([Patch(label="clouds unknown", **UNKNOWN)] if clouds_known and some_unknown else []),
        Patch(facecolor="#f6f6f6", edgecolor="#b5b5b5", hatch="/////", lw=0, label=f"not in {branch}"),
        Line2D(
            [],
            [],
            ls="",
            marker="x",
            ms=3,
            mew=0.7,
            color=FAINT,
            label="clear observation" if clouds_known else "observation",
        ),
        Line2D([], [], marker="o", ms=3, lw=0.9, color=FAINT, label=measured),
        Line2D([], [], marker="o", ms=3, lw=0.9, mfc="white", mew=0.7, color=FAINT, label="filled in"),
    ]
