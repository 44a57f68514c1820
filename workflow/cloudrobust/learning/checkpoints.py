"""What a killed training job leaves behind, so that the next one continues."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ..atomic import atomic
from ..config import canonical
from ..log import logger


def key(*parts: object) -> str:
    """Short hash of everything that a result depends on."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:16]


class Checkpoints:
    """Files of one seed: the finished result, and while it runs its state after some epoch.

    The key is part of the names, so a file made from other data or settings is never used; such
    files of the same seed are removed when the seed is finished.

    Parameters
    ----------
    folder
        Where the files lie; None keeps nothing.
    seed, key
        Whose they are.
    every
        Least seconds between two states.
    """

    def __init__(self, folder: Path | None, seed: int, key: str, every: float = 5.0) -> None:
        self.folder, self.seed, self.every = folder, seed, every
        self.name = f"seed-{seed}-{key}"
        self.saved = time.monotonic()

    def finished(self) -> Any:
        """The finished result, or None."""
        return self._read(".done.pt")

    def state(self) -> Any:
        """The last state kept, or None."""
        return self._read(".state.pt")

    def keep_state(self, state: Callable[[], Any]) -> None:
        """Keep a state if the last was kept long enough ago."""
        if self.folder is None or time.monotonic() - self.saved < self.every:
            return
        self._write(state(), ".state.pt")
        self.saved = time.monotonic()

    def finish(self, result: Any) -> None:
        """Keep the result and remove all other files of this seed."""
        if self.folder is None:
            return
        done = self._write(result, ".done.pt")
        for file in self.folder.glob(f"seed-{self.seed}-*.pt"):
            if file != done:
                file.unlink()

    def _write(self, content: Any, suffix: str) -> Path:
        assert self.folder is not None
        path = self.folder / f"{self.name}{suffix}"
        with atomic(path) as part:
            torch.save(content, part)
        return path

    def _read(self, suffix: str) -> Any:
        if self.folder is None:
            return None
        path = self.folder / f"{self.name}{suffix}"
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            logger.warning("%s cannot be read and is made anew (%s)", path, type(error).__name__)
            return None
