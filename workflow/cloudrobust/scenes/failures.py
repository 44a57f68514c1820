"""What can go wrong with an archive: what a retry may mend, what it can't, and what ends the whole job."""

from __future__ import annotations

from ..errors import InputError


class SceneFailure(InputError):
    """One scene can't be had; the others can.

    Attributes
    ----------
    scene: id of the scene.
    reason: why, a clause without a full stop.
    """

    def __init__(self, scene: str, reason: str) -> None:
        super().__init__(f"scene {scene}: {reason}")
        self.scene, self.reason = scene, reason


class JobFailure(InputError):
    """No further scene can be had either: the disk is full, the credentials are wrong, the service is gone."""


class Trouble(Exception):
    """A request failed in a way that a later one may not.

    Attributes
    ----------
    reason: what happened, a clause.
    retry_after: seconds that the service asks to wait; None if it asks nothing.
    limited: whether the service only limits the rate, so that the request as such is fine.
    """

    def __init__(self, reason: str, retry_after: float | None = None, limited: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.limited = reason, retry_after, limited


class Expired(Trouble):
    """The service did not accept the token or signature; a new one may help."""


class Refused(Exception):
    """A request failed and will fail again; `reason` is a clause."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
