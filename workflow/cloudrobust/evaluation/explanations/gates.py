"""Gates of the LSTM along the series: do they close on clouds?

Gates i (input), f (forget), g (cell candidate) and o (output), and the state c, of every layer and direction, by
`Lstm.states` (Hochreiter & Schmidhuber 1997; Gers et al. 2000).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...models.lstm import Lstm
from .clouds import against
from .inputs import Inputs
from .names import GATE_NAMES, GATES


def gates(network: Lstm, inputs: Inputs) -> npt.NDArray[np.float32]:
    """Activations (parcel, layer, direction, gate, date, hidden unit); NaN at dates that are not shown.

    Direction 0 runs forward in time, 1 backward. g and c have a sign; the others lie between 0 and 1.
    """
    found = []
    for batch in inputs.batches():
        layers = network.states(batch.x, batch.mask)
        # (layer, gate, direction, parcel, date, unit), shown dates first.
        packed = np.stack([np.stack([layer[gate].numpy() for gate in GATES]) for layer in layers])
        packed = packed.transpose(3, 0, 2, 1, 4, 5)
        whole = np.full((*packed.shape[:4], batch.mask.shape[1], packed.shape[5]), np.nan, np.float32)
        for parcel, shown in enumerate(batch.mask.numpy()):
            places = np.flatnonzero(shown)
            whole[parcel][:, :, :, places] = packed[parcel][:, :, :, : len(places)]
        found.append(whole)
    return np.concatenate(found)


def openness(activations: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Mean absolute value over the hidden units of each gate: (parcel, layer, direction, gate, date)."""
    return np.abs(activations).mean(axis=-1).astype(np.float32)


def gates_on_clouds(
    opened: npt.NDArray[np.floating],
    marked: npt.NDArray[np.floating],
    classes: npt.NDArray[np.str_],
    resamples: int = 1000,
) -> pd.DataFrame:
    """How far each gate is open on marked dates, against the other dates of the same parcel.

    `head` counts the directions: 1 forward, 2 backward.
    """
    tables = []
    for layer in range(opened.shape[1]):
        for direction in range(opened.shape[2]):
            for number, gate in enumerate(GATES):
                values = opened[:, layer, direction, number]
                on, off = (_mean(values, marked == wanted) for wanted in (1, 0))
                facts = {"what": GATE_NAMES[gate], "layer": layer + 1, "head": direction + 1}
                tables.append(against(on, off, classes, resamples, **facts))
    return pd.concat(tables, ignore_index=True)


def _mean(values: npt.NDArray[np.floating], where: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    where = where & np.isfinite(values)
    count = where.sum(axis=1)
    return np.where(count > 0, np.where(where, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan)
