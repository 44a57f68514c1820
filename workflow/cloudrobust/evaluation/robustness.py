"""How trained models bear fewer clear dates, more clouds and an earlier end of the season. Nothing is trained again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..config.evaluation import Robustness
from ..config.steps import AnyStep
from ..learning.new_parcels import predict_others
from ..learning.truncation import stacked, stepped, until, without
from ..log import Progress, logger
from ..parcels.series import write_dataset
from .bootstrap import mean_interval
from .degrade import clouded, cloudy_observations, lots, placed, seen
from .explanations.clouds import CLEAR

KINDS = ("lost", "clouded", "end", "clear dates", "cloud share")
"""Clear dates lost at random; clouds over them that no mask sees; the season cut short; parcels by number of clear
dates, and by share of cloudy ones."""

COLUMNS = (
    "kind", "x", "accuracy", "low", "high", "note", "answered", "dates", "parcels", "seeds", "draws",
)  # fmt: skip
AT_ONCE = 20_000
"""Series that are predicted at once."""


@dataclass(frozen=True)
class Inputs:
    """What one branch x model is tried with.

    Attributes
    ----------
    run
        Folder with `card.json` and `model.pt`.
    series, split
        Files that it was trained on.
    base
        The branch's series as far as it is measured, not filled in.
    rest
        The branch's steps after `base`.
    unmasked
        The branch's series before any mask, in which clouds are seen.
    reference
        The masked series of the preprocessed branch: its dates with a value are a parcel's clear dates.
    tested
        Ids of the scored test parcels.
    clouds
        Of `cloudiness.known_clouds`, by which parcels are binned; by default the reference's clear dates among the
        unmasked ones tell clouds.
    """

    run: Path
    series: Path
    split: Path
    base: xr.Dataset
    rest: tuple[AnyStep, ...]
    unmasked: xr.Dataset
    reference: xr.Dataset
    tested: tuple[str, ...]
    clouds: xr.Dataset | None = None


def robustness(
    inputs: Inputs, config: Robustness, *, resamples: int = 1000, threads: int | None = None
) -> pd.DataFrame:
    """Accuracy of one branch x model in every experiment, with bands of 95 %.

    Returns
    -------
    DataFrame
        `kind` (of `KINDS`); `x`: share of clear dates lost or clouded, day as nanoseconds since 1970 for "end",
        number of clear dates or share of cloudy ones, of all dates whose clouds are known (the mean of a bin);
        `accuracy` with `low` and `high` (over blocks or parcels, and seeds) and `note` (why there is no band, where
        there is none); `answered`, the share of
        parcels with any date left, without which an answer counts as wrong; `dates`, the mean number of clear dates
        left; `parcels`, `seeds`, `draws`.
    """
    split = pd.read_parquet(inputs.split).astype({"parcel": str}).set_index("parcel")
    parcels = chosen(list(inputs.tested), split["class"].astype(str), config.parcels)
    held = _clear(inputs, parcels)
    conditions = list(_conditions(inputs, held, split, config))
    right, answered = _answers(inputs, parcels, split["class"].astype(str), conditions, threads)
    blocks = split.loc[parcels, "block"].astype(str).tolist()
    groups = blocks if len(set(blocks)) > 1 and "" not in blocks else None
    lines: list[tuple[object, ...]] = []
    for kind, x in dict.fromkeys((c.kind, c.x) for c in conditions):
        members = [n for n, c in enumerate(conditions) if (c.kind, c.x) == (kind, x)]
        if kind == "none":
            continue
        found = mean_interval(right[members].mean(axis=0), groups, resamples=resamples)
        left = float(np.mean([conditions[n].left for n in members]))
        share = float(answered[members].mean())
        counts = (len(parcels), right.shape[1], len(members))
        lines.append((kind, x, found.estimate, found.low, found.high, found.note, share, left, *counts))
    whole = right[[c.kind for c in conditions].index("none")]
    found = mean_interval(whole, groups, resamples=resamples)
    for kind in ("lost", "clouded"):  # both begin with the series as they are
        if any(line[0] == kind for line in lines):
            left = float(held.clear.sum(axis=1).mean())
            ends = (found.low, found.high, found.note)
            start = (kind, 0.0, found.estimate, *ends, 1.0, left, len(parcels), right.shape[1], 1)
            lines.insert(next(n for n, line in enumerate(lines) if line[0] == kind), start)
    lines += _by_bins(whole, held, groups, config.bins, resamples)
    return pd.DataFrame(lines, columns=list(COLUMNS))


def chosen(tested: Sequence[str], classes: pd.Series, most: int) -> list[str]:
    """At most `most` parcels, evenly from the list sorted by class, so that classes keep their shares."""
    ordered = sorted(tested, key=lambda parcel: (str(classes[parcel]), parcel))
    if len(ordered) <= most:
        return ordered
    return [ordered[n] for n in np.linspace(0, len(ordered) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class Held:
    """The parcels' base series, their clear dates as flags on the reference's dates, and what their bins count.

    `sky` (parcel, date) is 1 on clear, 0 on cloudy dates, and NaN where there is no image or nothing is known.
    """

    base: xr.Dataset
    clear: npt.NDArray[np.bool_]
    times: npt.NDArray[np.datetime64]
    sky: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Condition:
    """One way in which the series are degraded; `left` is the mean number of clear dates that remain."""

    kind: str
    x: float
    cube: xr.Dataset
    end: np.datetime64 | None
    left: float


def _clear(inputs: Inputs, parcels: list[str]) -> Held:
    reference = inputs.reference.sel(parcel=parcels)
    times = reference["time"].values
    raw = inputs.unmasked.sel(parcel=parcels)
    clear = seen(reference)
    if inputs.clouds is None:
        imaged, _ = placed(seen(raw), raw["time"].values, times)
        sky = np.where(imaged | clear, clear.astype(float), np.nan)
    else:
        fraction = inputs.clouds["clear_fraction"].sel(parcel=parcels).transpose("parcel", "time").values.astype(float)
        sky = np.where(np.isfinite(fraction), (fraction >= CLEAR).astype(float), np.nan)
    return Held(inputs.base.sel(parcel=parcels), clear, times, sky)


def _conditions(inputs: Inputs, held: Held, split: pd.DataFrame, config: Robustness) -> Iterator[Condition]:
    base, clear, onto = held.base, held.clear, held.base["time"].values
    yield Condition("none", 0.0, base, None, float(clear.sum(axis=1).mean()))
    clouds = _clouds(inputs, split)
    if not len(clouds):
        logger.warning("no cloudy observation is known: without a mask in the branch, clouds cannot be injected")
    for share in config.shares:
        for draw in range(config.draws):
            lost = np.asarray(lots(clear, draw) < share)
            here, _ = placed(lost, held.times, onto)
            left = float((clear & ~lost).sum(axis=1).mean())
            yield Condition("lost", share, without(base, here), None, left)
            if len(clouds):
                # Only where the branch has a value: what it never saw cannot be covered.
                yield Condition("clouded", share, clouded(base, here & seen(base), clouds, draw), None, left)
    days = held.times.astype("datetime64[D]")
    last = max(days.max(), onto.astype("datetime64[D]").max())  # a branch may see dates beyond the masked season
    for end in np.arange(days.min() + config.every, last + config.every, config.every):
        left = float(clear[:, days <= end].sum(axis=1).mean())
        x = float(end.astype("datetime64[ns]").astype(np.int64))
        yield Condition("end", x, until(base, end), end, left)


def _clouds(inputs: Inputs, split: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Cloudy observations of training parcels, so that nothing of the test part is shown elsewhere."""
    ids = split.index[split["part"] == "train"]
    both = ids[ids.isin(inputs.unmasked["parcel"].values) & ids.isin(inputs.reference["parcel"].values)].tolist()
    raw, reference = inputs.unmasked.sel(parcel=both), inputs.reference.sel(parcel=both)
    missing = set(inputs.base["band"].values) - set(raw["band"].values)
    if missing:
        return np.zeros((0, inputs.base.sizes["band"]), np.float32)
    raw = raw.sel(band=inputs.base["band"].values)
    clear, known = placed(seen(reference), reference["time"].values, raw["time"].values)
    return cloudy_observations(raw, clear, known)


def _answers(
    inputs: Inputs, parcels: list[str], classes: pd.Series, conditions: list[Condition], threads: int | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(condition, seed, parcel) whether the answer is right, and whether there is one."""
    true, place = classes[parcels].to_numpy(str), pd.Index(parcels)
    per_call = max(1, AT_ONCE // max(len(parcels), 1))
    progress = Progress("predictions", -(-len(conditions) // per_call))
    right, answered = [], []
    for start in range(0, len(conditions), per_call):
        some = conditions[start : start + per_call]
        cube = stacked({str(n): condition.cube for n, condition in enumerate(some)})
        cube = stepped(cube, inputs.rest, [condition.end for condition in some], len(parcels))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "series.nc"
            write_dataset(cube[["reflectance", "observed"]], file)
            found = predict_others(inputs.run, file, trained_on=(inputs.series, inputs.split), threads=threads)
        parts = found["parcel"].astype(str).str.partition("|")
        found = found.assign(condition=parts[0].astype(int), parcel=parts[2])
        seeds = sorted(found["seed"].unique())
        hit = np.zeros((len(some), len(seeds), len(parcels)), dtype=bool)
        there = np.zeros_like(hit)
        where = (
            found["condition"].to_numpy(),
            np.searchsorted(seeds, found["seed"]),
            place.get_indexer(pd.Index(found["parcel"])),
        )
        there[where] = True
        hit[where] = found["predicted"].to_numpy(str) == true[where[2]]
        right.append(hit)
        answered.append(there)
        progress.step()
    return np.concatenate(right), np.concatenate(answered)


def _by_bins(
    right: npt.NDArray[np.bool_], held: Held, groups: list[str] | None, bins: int, resamples: int
) -> list[tuple[object, ...]]:
    """Accuracy of the parcels as they are, by their clear dates and their share of cloudy ones."""
    count, imaged = np.nansum(held.sky, axis=1), np.isfinite(held.sky).sum(axis=1)
    share = 1 - count / np.maximum(imaged, 1)
    lines: list[tuple[object, ...]] = []
    for kind, values in (("clear dates", count.astype(float)), ("cloud share", share)):
        if kind == "cloud share" and not (imaged > count).any():
            continue
        place = pd.qcut(values, bins, labels=False, duplicates="drop")
        for number in sorted(set(place[~pd.isna(place)])):
            inside = np.flatnonzero(place == number)
            own = [groups[n] for n in inside] if groups is not None else None
            found = mean_interval(
                right[:, inside], own if own is not None and len(set(own)) > 1 else None, resamples=resamples
            )
            left = float(count[inside].mean())
            lines.append(
                (kind, float(values[inside].mean()), found.estimate, found.low, found.high, found.note, 1.0, left,
                 len(inside), right.shape[0], 1)
            )  # fmt: skip
    return lines
