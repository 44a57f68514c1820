"""Every explanation of one branch x model, from its files to one dataset and two tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from torch import nn

from ...config.outputs import Explanations
from ...errors import InputError
from ...learning.card import load_model, read_card
from ...learning.dataset import Dataset, load
from ...learning.machine import machine
from ...log import logger
from ...models.lstm import Lstm
from ...models.transformer import Transformer
from . import attention as looks
from .clouds import against, marked_dates, shares
from .faithfulness import faithfulness
from .gates import gates, gates_on_clouds, openness
from .gradients import Integrated, gradient, highest, integrated
from .inputs import Inputs, balanced, inputs
from .names import GATES


@dataclass(frozen=True)
class Explained:
    """What `explain` found.

    Attributes
    ----------
    dataset
        For every explained parcel: `gradient`, `integrated` (parcel, date, band), `shown` (parcel, date) bool,
        `marked`, `time` (parcel, date), `reflectance`; `change`, `gap`, `points` (parcel) of `gradients.Integrated`;
        of a Transformer `received` (parcel, layer, head, date); of an LSTM `open` (parcel, layer, direction, gate,
        date). For the parcels shown one by one: `attention` (pictured, layer,
        head, output, date), `activation` (pictured, direction, gate, date, unit; last layer).
    clouds
        Rows of `clouds.against`: what falls on marked dates.
    curves
        Rows of `faithfulness.faithfulness`.
    """

    dataset: xr.Dataset
    clouds: pd.DataFrame
    curves: pd.DataFrame


def explain(
    run: str | Path,
    series: str | Path,
    clouds: str | Path,
    split: str | Path,
    pictured: list[str],
    config: Explanations,
    threads: int | None = None,
) -> Explained:
    """Explain the network of the first seed on test parcels.

    Parameters
    ----------
    run
        Folder with `model.pt` and `card.json`.
    series, split
        What the network was trained on.
    clouds
        What is known of clouds (see `clouds.marked_dates`).
    pictured
        Parcels shown one by one; those without a series in this branch are left out, and it is logged.

    Raises
    ------
    InputError
        The model is a forest, which has neither gradients nor attention, or none of its test parcels has a series.
    """
    card = read_card(run)
    network = load_model(run, int(card["seeds"][0]))
    dataset = load(series, split, card["training"]["inputs"])
    if list(dataset.bands) != card["bands"] or list(dataset.classes) != card["classes"]:
        raise InputError(f"{run}: was trained on other bands or classes than {series} holds; train anew")
    with xr.open_dataset(series) as own, xr.open_dataset(clouds) as known:
        marked, word = marked_dates(own, known, dataset.parcel, dataset.time)
    missing = [parcel for parcel in pictured if parcel not in set(dataset.parcel)]
    if missing:
        logger.warning("%s has no series of parcel %s, which is not shown", series, ", ".join(missing))
    rows = balanced(dataset, config.parcels, pictured)
    if not len(rows):
        raise InputError(f"{series}: no test parcel has a series to explain; make split.test larger")
    with machine(threads):
        shown = card["dates"]["drawn"], marked, card["dates"]["once"]
        what = inputs(dataset, rows, *shown)
        found = _explained(network, what, dataset.classes, _coordinates(dataset, rows, what), pictured, config, word)
        if isinstance(network, Transformer) and config.attention:
            many = inputs(dataset, _some(dataset, config.attention, pictured), *shown)
            found = replace(found, dataset=found.dataset.assign(_attended(network, dataset, many)))
        return found


def _some(dataset: Dataset, count: int, always: list[str]) -> npt.NDArray[np.int64]:
    """Positions of the first `count` parcels, those shown one by one and then the test part first."""
    rank = np.where(np.isin(dataset.parcel, always), 0, np.where(dataset.part == "test", 1, 2))
    return np.sort(np.argsort(rank, kind="stable")[:count]).astype(np.int64)


def _attended(network: Transformer, dataset: Dataset, many: Inputs) -> dict[str, Any]:
    """What each input date receives in many parcels, a few at a time, because whole matrices of all would be large."""
    found = np.concatenate([looks.received(looks.attention(network, some)) for some in many.batches()])
    time = np.where(many.mask.numpy(), dataset.time[many.dates], np.datetime64("NaT"))
    return {
        "attended": (("attended_parcel", "layer", "head", "date"), found),
        "attended_time": (("attended_parcel", "date"), time),
        "attended_parcel": many.parcel.astype(object),
    }


def _coordinates(dataset: Dataset, rows: npt.NDArray[np.int64], what: Inputs) -> dict[str, Any]:
    return {
        "parcel": what.parcel.astype(object),
        "band": list(dataset.bands),
        "time": (("parcel", "date"), dataset.time[what.dates]),
        "reflectance": (
            ("parcel", "date", "band"),
            np.take_along_axis(dataset.x[rows], what.dates[:, :, None], axis=1),
        ),
    }


def _explained(
    network: nn.Module,
    what: Inputs,
    names: tuple[str, ...],
    coordinates: dict[str, Any],
    pictured: list[str],
    config: Explanations,
    word: str,
) -> Explained:
    classes = np.array(names)[what.label.numpy()]
    slope = gradient(network, what, config.gradient_of)
    path = integrated(network, what, config.steps, config.most_steps, config.tolerance, config.gradient_of)
    _say_what_is_open(path, what, config)
    flat = ("parcel", "date", "band")
    reflectance = coordinates.pop("reflectance")
    found: dict[str, Any] = {
        "reflectance": reflectance,
        "gradient": (flat, slope),
        "integrated": (flat, path.values),
        "change": ("parcel", path.change),
        "gap": ("parcel", path.gap),
        "points": ("parcel", path.points),
        "shown": (flat[:2], what.mask.numpy()),
        "marked": (flat[:2], what.marked.astype(np.float32)),
        "class": ("parcel", classes.astype(object)),
        "predicted": ("parcel", np.array(names, object)[highest(network, what)]),
    }
    importance: dict[str, npt.NDArray[np.floating]] = {
        "gradient": np.abs(slope).sum(axis=2),
        "integrated gradients": np.abs(path.values.sum(axis=2)),
    }
    # What does not add up says nothing of which dates matter.
    importance["integrated gradients"][path.gap > config.tolerance] = np.nan
    tables = [
        against(*shares(values, what.marked), classes, config.resamples, what=name, layer=0, head=0)
        for name, values in importance.items()
    ]
    chosen = np.flatnonzero(np.isin(what.parcel, pictured))
    coordinates["pictured"] = what.parcel[chosen].astype(object)
    if isinstance(network, Transformer):
        weights = looks.attention(network, what)
        each = looks.received(weights)
        found["received"] = (("parcel", "layer", "head", "date"), each)
        found["attention"] = (("pictured", "layer", "head", "output", "date"), weights[chosen])
        importance["attention"] = each.mean(axis=(1, 2))
        tables.append(looks.attention_on_clouds(each, what.marked, classes, config.resamples))
        overall = shares(importance["attention"], what.marked)
        tables.append(against(*overall, classes, config.resamples, what="attention", layer=0, head=0))
    if isinstance(network, Lstm):
        activations = gates(network, what)
        opened = openness(activations)
        found["open"] = (("parcel", "layer", "direction", "gate", "date"), opened)
        found["activation"] = (("pictured", "direction", "gate", "date", "unit"), activations[chosen][:, -1])
        coordinates["gate"] = list(GATES)
        tables.append(gates_on_clouds(opened, what.marked, classes, config.resamples))
    curves = faithfulness(network, what, importance, config.draws, config.resamples)
    clouds = pd.concat(tables, ignore_index=True).assign(marked=word)
    attributes = {"marked": word, "gradient_of": config.gradient_of, "tolerance": config.tolerance}
    return Explained(xr.Dataset(found, coords=coordinates, attrs=attributes), clouds, curves)


def _say_what_is_open(path: Integrated, what: Inputs, config: Explanations) -> None:
    """Name the parcels whose integrated gradients do not add up to the change of the score."""
    still = path.gap > config.tolerance
    if still.any():
        logger.warning(
            "integrated gradients of %d of %d parcels miss the change of the %s by more than %.0f %% at %d points "
            "(explanations.most_steps): %s",
            still.sum(), len(still), config.gradient_of, 100 * config.tolerance, config.most_steps,
            ", ".join(what.parcel[still]),
        )  # fmt: skip
