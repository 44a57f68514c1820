"""Which parcels were cloudy on which dates, for every date of every branch, whatever the season of its mask.

What is known best comes first: the truth of a simulated landscape; the mask of a branch; and, on dates that no mask
looks at, s2cloudless on the parcel's mean spectrum at L1C, which costs no download and no pixel (the maintainers of
s2cloudless state that it may be run on averaged band values, "Cloud Masks at Your Service", Sentinel Hub Blog, 2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..errors import InputError
from ..log import Progress, logger
from ..parcels.tiles import TileCoverage
from ..scenes.simulator.source import SimulatedArchive
from ..scenes.simulator.truth import CLEAR, read_truth
from ..steps.cloudless import BANDS, probability
from .explanations.clouds import SAME_ACQUISITION

SOURCES = ("unknown", "truth", "mask", "spectrum")
"""Where a clear fraction comes from; the places are the numbers in `known_by`."""

THRESHOLD = 0.4
"""Cloud probability of a mean spectrum above which a parcel counts as cloudy, as s2cloudless has it by default."""


def true_clouds(archive: SimulatedArchive, times: Iterable[datetime], coverage: TileCoverage) -> xr.Dataset:
    """The share of each parcel without cloud, shadow and snow in truth, on acquisitions that were fetched.

    Snow counts as it does for masks: it hides the ground. An acquisition whose truth has gone from the store is left
    out, and it is logged.

    Returns
    -------
    Dataset
        `clear_fraction` (parcel, time), as of a masked series.
    """
    wanted = sorted(set(times))
    operator, found, kept, gone = coverage.of("B02"), [], [], 0
    progress = Progress("truth of the clouds", len(wanted))
    for time in wanted:
        path = archive.truth_path(coverage.tile, time)
        if path.is_file():
            clear = read_truth(path).classes == CLEAR
            found.append(operator.share(operator.count(clear)))
            kept.append(np.datetime64(time, "ns"))
        else:
            gone += 1
        progress.step(f"{time:%Y-%m-%d}")
    if gone:
        logger.warning(
            "%d of %d acquisitions have no truth in %s; their clouds are unknown unless a mask knows them, or fetch "
            "the scenes anew", gone, len(wanted), archive.folder / "truth",
        )  # fmt: skip
    values = np.stack(found, axis=1) if found else np.zeros((len(coverage), 0))
    return xr.Dataset(
        {"clear_fraction": (("parcel", "time"), values.astype(np.float32))},
        {"parcel": coverage.parcels.astype(str), "time": np.array(kept, "datetime64[ns]")},
    )


def spectra_clouds(series: xr.Dataset) -> xr.Dataset | None:
    """Whether each parcel's mean spectrum is clear (1) or cloud (0), NaN where nothing or not every band was measured.

    Parameters
    ----------
    series
        Of L1C, not masked. None comes back for one that lacks a band that s2cloudless needs.
    """
    if series.attrs.get("level") != "L1C" or not set(BANDS) <= set(series["band"].values.tolist()):
        return None
    spectra = series["reflectance"].sel(band=list(BANDS)).transpose("band", "parcel", "time").values
    chance = probability(spectra)
    clear = np.where(np.isfinite(chance), (chance <= THRESHOLD).astype(np.float32), np.float32(np.nan))
    return xr.Dataset(
        {"clear_fraction": (("parcel", "time"), clear)}, {"parcel": series["parcel"].values, "time": series["time"]}
    )


def known_clouds(
    parcels: Sequence[str],
    times: npt.ArrayLike,
    truth: Sequence[xr.Dataset] = (),
    masked: Sequence[xr.Dataset] = (),
    spectra: Sequence[xr.Dataset] = (),
) -> xr.Dataset:
    """What is known of clouds, the best source first.

    Parameters
    ----------
    parcels, times
        Ids, and the acquisitions of all branches; those of two levels within a minute are one.
    truth, masked, spectra
        Cubes with `clear_fraction` (parcel, time); of masked series without pixels (tables) `observed` is taken.

    Returns
    -------
    Dataset
        `clear_fraction` (parcel, time), NaN where nothing is known; `known_by` (parcel, time), places in `SOURCES`.

    Raises
    ------
    InputError
        There is no acquisition at all.
    """
    ids, days = np.asarray(parcels, str), _acquisitions(times)
    if not len(days):
        raise InputError("no branch has an acquisition of which clouds could be known; check period and selections")
    clear = np.full((len(ids), len(days)), np.nan, np.float32)
    source = np.zeros(clear.shape, np.int8)
    for number, cubes in enumerate((truth, masked, spectra), start=1):
        for cube in cubes:
            values = _brought(cube, ids, days)
            new = np.isnan(clear) & np.isfinite(values)
            clear[new], source[new] = values[new], number
    unknown = (source == 0).mean()
    if unknown:
        logger.info("clouds are unknown for %.0f %% of all parcels and dates", 100 * unknown)
    return xr.Dataset(
        {
            "clear_fraction": (
                ("parcel", "time"),
                clear,
                {"long_name": "share of the parcel without cloud, shadow or snow", "units": "1"},
            ),
            "known_by": (
                ("parcel", "time"),
                source,
                {
                    "long_name": "where the clear fraction comes from",
                    "flag_values": np.arange(len(SOURCES), dtype=np.int8),
                    "flag_meanings": " ".join(SOURCES),
                },
            ),
        },
        {"parcel": ids, "time": days},
        {"Conventions": "CF-1.11", "title": "Clouds over parcels"},
    )


def _acquisitions(times: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Ascending times, each acquisition once."""
    days = np.unique(np.asarray(times, "datetime64[ns]"))
    first = np.concatenate([[True], np.diff(days) > SAME_ACQUISITION.to_timedelta64()])[: len(days)]
    return days[first]


def _brought(cube: xr.Dataset, ids: npt.NDArray[np.str_], days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float32]:
    """The clear fraction of a cube on parcels and dates, NaN where it has none."""
    clear = (cube["clear_fraction"] if "clear_fraction" in cube else cube["observed"]).transpose("parcel", "time")
    rows = pd.Index(cube["parcel"].values.astype(str)).get_indexer(ids)
    columns = pd.DatetimeIndex(cube["time"].values).get_indexer(
        pd.DatetimeIndex(days), method="nearest", tolerance=SAME_ACQUISITION
    )
    found = np.full((len(ids), len(days)), np.nan, np.float32)
    here = np.ix_(rows >= 0, columns >= 0)
    found[here] = clear.values[np.ix_(rows[rows >= 0], columns[columns >= 0])]
    return found


def read_times(files: Iterable[str | Path]) -> npt.NDArray[np.datetime64]:
    """The dates of some series, as they come."""
    found = []
    for file in files:
        with xr.open_dataset(file) as series:
            found.append(series["time"].values.astype("datetime64[ns]"))
    return np.concatenate(found) if found else np.zeros(0, "datetime64[ns]")
