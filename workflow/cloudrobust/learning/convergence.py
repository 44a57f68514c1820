"""When the training of a network counts as finished."""

from __future__ import annotations

import math

LAST = 0.05
"""Share of the budget in which the best epoch must not lie."""


def converged(best_epoch: int, ran: int, budget: int) -> bool:
    """Whether longer training would not have been needed, as far as the validation part tells.

    A seed has converged if training stopped by itself before the budget was spent, because the validation loss had not
    fallen for `training.patience` epochs, or if its best epoch does not lie in the last 5 % of the budget. Of a small
    budget these are at least the last epoch, so a budget of one epoch never suffices.

    Parameters
    ----------
    best_epoch
        Epoch of the weights that were kept, counted from 1.
    ran
        Epochs that were trained.
    budget
        Most epochs that the configuration allows.
    """
    return ran < budget or best_epoch <= budget - max(1, math.ceil(LAST * budget))
