"""Series as resident tensors, and the dates of each that make up a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .dataset import Dataset


@dataclass(frozen=True)
class Batch:
    """What a network is called with, and the labels."""

    x: Tensor
    mask: Tensor | None
    day: Tensor
    label: Tensor


@dataclass(frozen=True)
class Series:
    """A dataset on a device.

    `x` (parcel, date, band) is normalised, `observed` (parcel, date), `day` (date,), `label` (parcel,).
    """

    x: Tensor
    observed: Tensor
    day: Tensor
    label: Tensor

    @classmethod
    def of(cls, dataset: Dataset, device: torch.device) -> Series:
        """Everything in the memory of `device`; there are no loaders and no copies later."""
        return cls(
            x=torch.from_numpy(dataset.normalised()).to(device),
            observed=torch.from_numpy(dataset.observed).to(device),
            day=torch.from_numpy(dataset.day).to(device),
            label=torch.from_numpy(dataset.label).to(device),
        )

    def whole(self, rows: Tensor) -> Batch:
        """All dates, each in its place."""
        mask = self.observed[rows]
        days = self.day.expand(len(rows), -1)
        return Batch(self.x[rows], None if bool(mask.all()) else mask, days, self.label[rows])

    def at(self, rows: Tensor, dates: Tensor) -> Batch:
        """The given dates (batch, length) of each series; a date equal to the number of dates is padding."""
        total = self.x.shape[1]
        mask = dates < total
        dates = dates.clamp(max=total - 1)
        flat = (rows.unsqueeze(1) * total + dates).flatten()
        x = self.x.view(-1, self.x.shape[2]).index_select(0, flat).view(*dates.shape, -1)
        return Batch(x, None if bool(mask.all()) else mask, self.day[dates], self.label[rows])


def draw(observed: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """Random dates without replacement, sorted, as the study draws them.

    Parameters
    ----------
    observed
        Bool (batch, dates).
    length
        How many dates are drawn of each series; one with fewer gives all it has.
    generator
        Of the CPU.

    Returns
    -------
    Tensor
        Dates (batch, length), int64, ascending; padding (= number of dates) stands at the end.
    """
    return _of_least_key(torch.rand(observed.shape, generator=generator).to(observed.device), observed, length)


def draw_once(x: Tensor, observed: Tensor, length: int) -> Tensor:
    """Dates drawn like those of `draw`, but always the same ones of a series: its own values decide.

    So an answer does not depend on which other series are asked beside it.

    Parameters
    ----------
    x
        The series (batch, dates, bands), float32.
    observed, length
        As in `draw`, and so is the result.
    """
    dates = observed.shape[1]
    weights = torch.randint(-(2**62), 2**62, (x.shape[1] * x.shape[2],), generator=torch.Generator().manual_seed(0))
    own = (x.contiguous().view(torch.int32).flatten(1).long() * weights.to(x.device)).sum(dim=1, keepdim=True)
    mixed = own + torch.arange(dates, device=x.device) * -7046029254386353131
    for shift, factor in ((30, -4658895280553007687), (27, -7723592293110705685), (31, 1)):  # splitmix64
        mixed = (mixed ^ (mixed >> shift)) * factor
    return _of_least_key((mixed >> 11).bitwise_and(2**52 - 1).double() / 2**52, observed, length)


def _of_least_key(keys: Tensor, observed: Tensor, length: int) -> Tensor:
    """The `length` observed dates of least key, 0 <= key < 1, of each series, as of `draw`."""
    total = observed.shape[1]
    keys.masked_fill_(~observed, 2.0)
    chosen = keys.topk(min(length, total), dim=1, largest=False, sorted=False).indices
    chosen.masked_fill_(~observed.gather(1, chosen), total)
    return chosen.sort(dim=1).values


def interleave(observed: Tensor, length: int, phase: Tensor) -> Tensor:
    """Evenly spread dates, without chance.

    Of n > `length` observed dates, place i takes date floor((i + phase) · n / length), so that
    the m = ceil(n / length) phases 0, 1/m, ..., (m - 1)/m see every date at least once: their
    places (i · m + j) · n / (length · m) are at most one date apart.

    Parameters
    ----------
    observed
        Bool (batch, dates).
    length
        Dates taken of each series; one with fewer gives all it has.
    phase
        (batch,), 0 <= phase < 1.

    Returns
    -------
    Tensor
        As that of `draw`.
    """
    total = observed.shape[1]
    order = torch.argsort(observed.logical_not(), dim=1, stable=True)
    count = observed.sum(dim=1, keepdim=True)
    place = torch.arange(length, device=observed.device)
    spread = (place + phase.double().unsqueeze(1)) * count / length
    source = torch.where(count > length, spread.long(), place)
    dates = order.gather(1, source.clamp(max=total - 1))
    return torch.where(source < count, dates, total)


def epoch(rows: Tensor, size: int, generator: torch.Generator, label: Tensor | None = None) -> Iterator[Tensor]:
    """`rows` in random order, in batches of `size`; a last one of a single row joins the one before it.

    (Batch normalisation has no variance of one row.)

    Parameters
    ----------
    rows
        Positions of the training part.
    size
        Series in a batch.
    generator
        Of the CPU.
    label
        Classes of `rows`, for balanced sampling: as many rows are drawn with replacement, each class
        with equal probability and each row of a class with equal probability. None: every row once.
    """
    if label is None:
        order = torch.randperm(len(rows), generator=generator)
    else:
        counts = torch.bincount(label).cpu()
        order = torch.multinomial(1.0 / counts[label.cpu()].double(), len(rows), True, generator=generator)
    shuffled = rows[order.to(rows.device)]
    batches = list(shuffled.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    yield from batches
