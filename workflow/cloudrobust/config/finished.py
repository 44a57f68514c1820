"""What sources of finished series have in common: they bring series and parcels; there are no scenes and no tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .base import Part

Level = Literal["L1C", "L2A"]


class FinishedSource(Part):
    """A source whose series enter where series begin."""

    def brings(self) -> dict[Level, tuple[str, ...]]:
        """The levels that it holds series of, each with its bands."""
        raise NotImplementedError

    def files(self) -> list[Path]:
        """Files and folders that it reads and that the network may bring."""
        return []

    def given(self) -> list[Path]:
        """Files that it reads and that must be there from the start."""
        return []
