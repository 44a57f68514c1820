"""From fetched images to a scene in the store: what every remote source does in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from ...log import logger
from ..failures import SceneFailure
from ..images import geotiff
from ..radiometry import VISIBLE, Darkness, Statement, contradiction, corrected
from ..store.folder import Part
from ..store.record import Layer

Policy = Literal["trust", "correct", "reject"]


def settle(
    scene: str, statement: Statement, baseline: str, darkness: Mapping[str, Darkness], policy: Policy
) -> tuple[Statement, dict[str, Any]]:
    """The offset to go by, and what to record about it.

    Parameters
    ----------
    scene, baseline: id and processing baseline.
    statement: what the archive states about the visible bands.
    darkness: of the visible bands' raw numbers.
    policy: what to do if the numbers contradict it.

    Raises
    ------
    SceneFailure
        If they do, and the policy is to reject the scene.
    """
    record: dict[str, Any] = {"stated": statement.offset, "applied": statement.offset, "origin": statement.origin}
    suspicion = contradiction(statement, baseline, darkness)
    if suspicion is None:
        return statement, record
    what = f"its numbers are {suspicion}, but the offset is stated to be {statement.offset} ({statement.origin})"
    record["contradiction"] = suspicion
    if policy == "reject":
        raise SceneFailure(scene, what)
    if policy == "trust":
        logger.warning("%s: %s; the statement is trusted", scene, what)
        return statement, record
    better = corrected(statement, suspicion)
    logger.warning("%s: %s; the offset is corrected to %d", scene, what, better.offset)
    return better, {**record, "applied": better.offset, "origin": better.origin}


def darkness_of(part: Part, layers: Mapping[str, Layer]) -> dict[str, Darkness]:
    """How dark the visible bands of a scene are."""
    counts = {}
    for band in VISIBLE:
        if band in layers:
            counts[band] = Darkness()
            window = layers[band].window
            geotiff.verify(part.folder / layers[band].file, (window.height, window.width), counts[band].see)
    return counts


def now() -> str:
    """The time for a record, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
