"""What a network sees of the parcels that are explained."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...learning.batches import Series, draw_once, interleave
from ...learning.dataset import Dataset

BATCH = 64


@dataclass(frozen=True)
class Inputs:
    """Series of some parcels as a network reads them.

    Attributes
    ----------
    x
        Normalised reflectance (parcel, date, band).
    mask
        Bool (parcel, date), true where the date is shown to the network.
    day
        Day of the year (parcel, date).
    dates
        Position of each date in the dataset's `time`, int64 (parcel, date).
    label
        True class, int64 (parcel,).
    parcel
        Ids (parcel,).
    marked
        Float (parcel, date): 1 on a cloudy (or filled in) date, 0 on a clear (measured) one, NaN where that is
        unknown or the date is not shown.
    start
        The average training parcel on the same dates (`average`), where integrated gradients start; as `x`.
    """

    x: Tensor
    mask: Tensor
    day: Tensor
    dates: npt.NDArray[np.int64]
    label: Tensor
    parcel: npt.NDArray[np.str_]
    marked: npt.NDArray[np.float64]
    start: Tensor

    def __len__(self) -> int:
        return len(self.parcel)

    def take(self, rows: slice | npt.NDArray[np.int64]) -> Inputs:
        """Some of the parcels."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def batches(self, size: int = BATCH) -> list[Inputs]:
        """All parcels, a few at a time."""
        return [self.take(slice(start, start + size)) for start in range(0, len(self), size)]


def inputs(
    dataset: Dataset,
    rows: npt.NDArray[np.int64],
    drawn: int | None,
    marked: npt.NDArray[np.floating],
    once: bool = False,
) -> Inputs:
    """What a network is shown of the parcels `rows`, without chance.

    Where `drawn` dates were drawn at random in training, a parcel with more shows one set of evenly spread dates
    (the first of those that its prediction is averaged over, see `learning.evaluate.probabilities`); with `once` the
    set that its prediction rests on.

    Parameters
    ----------
    marked
        (parcel of the dataset, date of the dataset): 1, 0 or NaN.
    """
    series = Series.of(dataset, torch.device("cpu"))
    chosen = torch.from_numpy(rows)
    if drawn is None:
        batch = series.whole(chosen)
        dates = np.broadcast_to(np.arange(len(dataset.time)), (len(rows), len(dataset.time))).copy()
    else:
        observed = series.observed[chosen]
        places = (
            draw_once(series.x[chosen], observed, drawn)
            if once
            else interleave(observed, drawn, torch.zeros(len(rows)))
        )
        batch = series.at(chosen, places)
        dates = places.clamp(max=len(dataset.time) - 1).numpy()
    mask = torch.ones(batch.x.shape[:2], dtype=torch.bool) if batch.mask is None else batch.mask
    of_dates = np.take_along_axis(np.asarray(marked, float)[rows], dates, axis=1)
    return Inputs(
        x=batch.x,
        mask=mask,
        day=batch.day,
        dates=dates,
        label=batch.label,
        parcel=dataset.parcel[rows],
        marked=np.where(mask.numpy(), of_dates, np.nan),
        start=torch.from_numpy(average(dataset)[dates]),
    )


def average(dataset: Dataset) -> npt.NDArray[np.float32]:
    """The average training parcel: the mean of each date and band over the training part, normalised, (date, band).

    A date without a value of a band is interpolated linearly between its neighbours.
    """
    x = dataset.normalised()[dataset.rows("train")]
    known = np.isfinite(dataset.x[dataset.rows("train")])
    count = known.sum(axis=0)
    mean = np.where(known, x, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    days = dataset.time.astype("datetime64[s]").astype(np.float64)
    for band in range(mean.shape[1]):
        there = count[:, band] > 0
        mean[:, band] = np.interp(days, days[there], mean[there, band])
    return mean.astype(np.float32)


def balanced(dataset: Dataset, count: int, always: Collection[str] = (), part: str = "test") -> npt.NDArray[np.int64]:
    """Positions of at most `count` parcels of a part, as evenly from the classes as they allow; the same every time.

    The parcels `always` come on top, whatever their part.
    """
    rows = dataset.rows(part)
    rank = np.empty(len(rows))
    for label in np.unique(dataset.label[rows]):
        mine = np.flatnonzero(dataset.label[rows] == label)
        rank[mine] = np.arange(len(mine))
    chosen = rows[np.lexsort((rows, rank))[:count]]
    return np.union1d(chosen, np.flatnonzero(np.isin(dataset.parcel, list(always)))).astype(np.int64)
