"""Progress that a person can follow, on the terminal and in a job's log file."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("cloudrobust")


class Progress:
    """Count finished pieces of a long job and say, at most every `every` seconds, how far it is."""

    def __init__(self, what: str, total: int, every: float = 10.0) -> None:
        self.what, self.total, self.every = what, total, every
        self.done = 0
        self.start = self.said = time.monotonic()

    def step(self, note: str = "") -> None:
        """One more piece is done; `note` is added to the line if one is due."""
        self.done += 1
        now = time.monotonic()
        if now - self.said < self.every and self.done < self.total:
            return
        self.said = now
        left = (now - self.start) / self.done * (self.total - self.done)
        logger.info("%s: %d of %d, %.0f s left%s", self.what, self.done, self.total, left, f", {note}" if note else "")
