"""Networks, one file each, behind one registry: the four of the study and others.

    network = create("transformer", bands=13, classes=34, dates=70)
    logits = network(x, mask)

Every network is called as `network(x, mask=None, day=None)`:

- `x`: float tensor (batch, dates, bands), normalised to mean 0 and deviation 1 of each band;
- `mask`: bool tensor (batch, dates), true where the date was observed; None means everywhere.
  Values at other dates, NaN included, never change the result, nor does their number:
  a network sees the sequence of observed dates;
- `day`: tensor (batch, dates) with the day of the year, 1 to 366. Used by the attention models
  with `positions="day"` (which L-TAE has by default), ignored by the others;

and returns logits (batch, classes).
"""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_NETWORKS = {
    "lstm": ("lstm", "Lstm"),
    "transformer": ("transformer", "Transformer"),
    "msresnet": ("msresnet", "MsResnet"),
    "tempcnn": ("tempcnn", "TempCnn"),
    "ltae": ("ltae", "Ltae"),
    "inceptiontime": ("inceptiontime", "InceptionTime"),
    "omniscale": ("omniscale", "OmniScale"),
    "starrnn": ("starrnn", "StarRnn"),
    "gru": ("gru", "Gru"),
}


def available() -> tuple[str, ...]:
    """Names that `create` knows."""
    return tuple(_NETWORKS)


def create(name: str, *, bands: int, classes: int, dates: int, **hyperparameters: Any) -> nn.Module:
    """A network with fresh weights, drawn from torch's global random generator.

    Parameters
    ----------
    name
        One of `available()`.
    bands, classes
        Number of input bands and of classes.
    dates
        Dates of a series; only `tempcnn` needs the exact number; `omniscale` chooses its filters by it; the others
        take any.
    hyperparameters
        Keywords of the network, as in its class; by default those of the study or of the network's paper.

    Raises
    ------
    ValueError
        If `name` is unknown; the message gives the nearest known name.

    Examples
    --------
    >>> network = create("lstm", bands=13, classes=34, dates=70)
    >>> sum(p.numel() for p in network.parameters())
    94524
    """
    if name not in _NETWORKS:
        close = difflib.get_close_matches(name, _NETWORKS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"valid are {', '.join(_NETWORKS)}"
        raise ValueError(f"unknown network {name!r}; {hint}")
    module, cls = _NETWORKS[name]
    build = getattr(import_module(f".{module}", __name__), cls)
    network: nn.Module = build(bands=bands, classes=classes, dates=dates, **hyperparameters)
    return network
