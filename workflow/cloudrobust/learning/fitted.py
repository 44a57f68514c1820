"""What is known of the trees of one seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Answer = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Fitted:
    """Trees of one seed.

    Attributes
    ----------
    answer
        Class probabilities (parcel, class) of series (parcel, date, band); 0 of classes without a training parcel.
    importance
        What each date and band contributes, (date, band).
    rounds, loss
        As the history tells them: how many rounds, and the loss on the training part.
    """

    answer: Answer
    importance: npt.NDArray[np.float64]
    rounds: int = 1
    loss: float = math.nan
