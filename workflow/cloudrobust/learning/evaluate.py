"""What a network says of series, without chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .batches import Batch, Series, draw_once, interleave

BATCH = 512


@torch.no_grad()
def probabilities(
    network: nn.Module, series: Series, rows: Tensor, drawn: int | None, once: bool = False, batch: int = BATCH
) -> Tensor:
    """Class probabilities (row, class) of the given parcels; each sums to 1.

    If all dates were used in training, they are here. If `drawn` dates were drawn at random, a
    parcel with at most so many shows them all; one with n more shows ceil(n / drawn) sets of
    `drawn` dates, evenly spread and interleaved so that each date is in one at least, and its
    probabilities are the mean over the sets. So every network sees what it was trained on: TempCNN
    has weights for exactly `drawn` dates, and in the others the n-th of 140 dates lies elsewhere
    in the year than the n-th of 70. With `once` there is one set of each parcel, drawn at random (`draw_once`), as the
    study of 2019 did.
    """
    was_training = network.training
    network.eval()
    result = ask(lambda some: network(some.x, some.mask, some.day), series, rows, drawn, once, batch)
    network.train(was_training)
    return result


@torch.no_grad()
def ask(
    logits: Callable[[Batch], Tensor],
    series: Series,
    rows: Tensor,
    drawn: int | None,
    once: bool = False,
    batch: int = BATCH,
) -> Tensor:
    """As `probabilities`, (..., row, class) for a function that gives logits (..., batch, class), such as a stack's."""

    def softmax(some: Batch) -> Tensor:
        return torch.softmax(logits(some).float(), dim=-1)

    if drawn is None:
        return torch.cat([softmax(series.whole(some)) for some in rows.split(batch)], dim=-2)
    if once:
        places = [draw_once(series.x[some], series.observed[some], drawn) for some in rows.split(batch)]
        return torch.cat([softmax(series.at(some, p)) for some, p in zip(rows.split(batch), places, strict=True)], -2)
    sets = torch.div(series.observed[rows].sum(dim=1) + drawn - 1, drawn, rounding_mode="floor").clamp(min=1)
    owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), sets)
    number = torch.arange(len(owner), device=rows.device) - (torch.cumsum(sets, 0) - sets)[owner]
    phase = number / sets[owner]
    found = []
    for some, phases in zip(rows[owner].split(batch), phase.split(batch), strict=True):
        found.append(softmax(series.at(some, interleave(series.observed[some], drawn, phases))))
    each = torch.cat(found, dim=-2)
    total = each.new_zeros(*each.shape[:-2], len(rows), each.shape[-1]).index_add_(-2, owner, each)
    return total / sets.unsqueeze(1)


def kappa(label: Tensor, answer: Tensor, classes: int) -> float:
    """Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20:37-46) of answers (row,).

    NaN where it is not defined: without a row, or if all labels and answers are of one class.
    """
    table = torch.bincount(label * classes + answer, minlength=classes * classes).double().view(classes, classes)
    total = float(table.sum())
    by_chance = float(table.sum(dim=0) @ table.sum(dim=1))
    if by_chance == total * total:
        return math.nan
    return (total * float(table.trace()) - by_chance) / (total * total - by_chance)
