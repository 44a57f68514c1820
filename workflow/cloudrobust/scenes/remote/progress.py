"""Progress of many scenes that are fetched at the same time: scenes, bytes, and the time that is left."""

from __future__ import annotations

import time

from ...log import logger
from .download import Meter

_UNITS = ("B", "kB", "MB", "GB", "TB")


class Transfer:
    """Says, at most every `every` seconds, how far a month is.

    Parameters
    ----------
    what: what is fetched.
    scenes: how many.
    meter: counts bytes; None where the source does not.
    every: seconds between two lines.
    """

    def __init__(self, what: str, scenes: int, meter: Meter | None = None, every: float = 10.0) -> None:
        self.what, self.scenes, self.every = what, scenes, every
        self.meter = meter if meter is not None else Meter()
        self.done = 0
        self.start = self.said = time.monotonic()
        self._before = self.meter.bytes

    def finished(self) -> None:
        """One more scene is there, or is known to be missing."""
        self.done += 1
        self.say(force=self.done == self.scenes)

    def say(self, force: bool = False) -> None:
        """Log a line if one is due."""
        now = time.monotonic()
        if not force and now - self.said < self.every:
            return
        self.said = now
        logger.info("%s", self.line(now - self.start))

    def line(self, elapsed: float) -> str:
        """How far it is after so many seconds."""
        received = self.meter.bytes - self._before
        text = f"{self.what}: {self.done} of {self.scenes} scenes"
        if received:
            text += f", {readable(received)} at {readable(received / max(elapsed, 1e-3))}/s"
        if self.done == self.scenes:
            return text + f", {elapsed:.0f} s"
        # scenes under way are counted by nothing: the estimate errs to the long side
        return text + (f", {elapsed / self.done * (self.scenes - self.done):.0f} s left" if self.done else "")


def readable(count: float) -> str:
    """Bytes in a unit that leaves three digits or fewer."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} {_UNITS[-1]}"
