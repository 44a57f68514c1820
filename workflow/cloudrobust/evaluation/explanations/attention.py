"""Attention of the Transformer: which input dates each output date looks at, in every layer and head.

Vaswani et al. 2017, equation 1: softmax(Q Kᵀ / √d) V. The weights are the network's own, as
`Transformer.return_attention` gives them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from ...models.transformer import Transformer
from .clouds import against, shares
from .inputs import Inputs


@torch.no_grad()
def attention(network: Transformer, inputs: Inputs) -> npt.NDArray[np.float32]:
    """Weights (parcel, layer, head, output date, input date); NaN in rows of output dates that are not shown.

    Each row of a shown output date sums to 1.
    """
    found = []
    for batch in inputs.batches():
        _, layers = network.return_attention(batch.x, batch.mask, batch.day)
        weights = torch.stack(layers, dim=1)
        found.append(weights.masked_fill(~batch.mask[:, None, None, :, None], torch.nan).numpy())
    return np.concatenate(found)


def received(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """What each input date receives: the mean over the output dates, (parcel, layer, head, input date).

    It sums to 1 over the input dates.
    """
    return np.nanmean(weights, axis=-2).astype(np.float32)


def attention_on_clouds(
    weights: npt.NDArray[np.floating],
    marked: npt.NDArray[np.floating],
    classes: npt.NDArray[np.str_],
    resamples: int = 1000,
) -> pd.DataFrame:
    """The attention that falls on marked dates against their share, per layer, head and class.

    A head that looks at all dates alike has a difference of 0; one that avoids clouds a negative one.

    Parameters
    ----------
    weights
        What each date receives, of `received`.
    marked
        1, 0 or NaN (parcel, date).
    classes
        True class of each parcel.
    """
    tables = []
    for layer in range(weights.shape[1]):
        for head in range(weights.shape[2]):
            on, share = shares(weights[:, layer, head], marked)
            facts = {"what": "attention", "layer": layer + 1, "head": head + 1}
            tables.append(against(on, share, classes, resamples, **facts))
    return pd.concat(tables, ignore_index=True)
