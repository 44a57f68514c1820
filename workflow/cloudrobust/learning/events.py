"""The course of a training as files that TensorBoard reads: `tensorboard --logdir results/logs/train`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CURVES = {"loss/training": "loss", "loss/validation": "validation_loss", "kappa/validation": "validation_kappa"}


class Events:
    """Scalars of one seed by epoch, in a folder of their own.

    Parameters
    ----------
    folder
        The job's folder; None writes nothing. Its `seed-<seed>` is a run of TensorBoard.
    seed
        Whose they are.
    history
        Rows of the epochs before. The files of a killed job are replaced by these rows, so that
        no epoch is there twice, and none that is trained again.
    """

    def __init__(self, folder: Path | None, seed: int, history: Sequence[Mapping[str, Any]] = ()) -> None:
        self._writer: Any = None
        if folder is None:
            return
        from torch.utils.tensorboard import SummaryWriter  # takes most of a second, and few need it

        run = folder / f"seed-{seed}"
        for old in run.glob("events.out.tfevents.*"):
            old.unlink()
        self._writer = SummaryWriter(str(run))
        for row in history:
            self.write(row)

    def write(self, row: Mapping[str, Any]) -> None:
        """One epoch's row of history."""
        if self._writer is None:
            return
        for name, column in CURVES.items():
            self._writer.add_scalar(name, row[column], row["epoch"])
        self._writer.flush()

    def close(self) -> None:
        """No more epochs."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
