"""How long to wait, how often to try again, and when to give up.

Waits double from one failure to the next and are spread at random, so that many requests that failed
together do not come back together (exponential backoff with jitter; M. Brooker, "Exponential Backoff
And Jitter", AWS Architecture Blog, 2015). What a service asks for in Retry-After (RFC 9110, section
10.2.3: seconds or an HTTP date) is respected.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ...config.sources import RemoteSource
from ...log import logger
from ..failures import Expired, Refused, Trouble

T = TypeVar("T")

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may be gone at the next try (RFC 9110; 425: RFC 8470, 429: RFC 6585)."""
LIMITED = frozenset({429, 503})
"""Statuses with which services limit the rate."""


@dataclass(frozen=True)
class Patience:
    """How patient a source is.

    Attributes
    ----------
    attempts: tries of one request; a limited rate may use twice as many.
    first_wait, longest_wait: seconds before the second try, and at most.
    longest_retry_after: seconds that a service may ask to wait before it counts as not available.
    timeout: seconds without a byte after which a connection counts as stalled.
    slowest: bytes per second below which a transfer counts as stalled, averaged over `timeout`.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 900.0
    timeout: float = 60.0
    slowest: float = 1000.0

    @classmethod
    def of(cls, config: RemoteSource) -> Patience:
        """What a source's configuration says; the longest wait is sixty times the first."""
        return cls(config.attempts, config.first_wait, 60 * config.first_wait, timeout=config.timeout)

    def wait(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the `failures`-th failure in a row."""
        backoff = min(self.first_wait * 2 ** (failures - 1), self.longest_wait) * random.uniform(0.5, 1.0)
        return max(backoff, retry_after or 0.0)


class Gate:
    """Where all requests to one service wait while it limits the rate."""

    def __init__(self) -> None:
        self._open_at = 0.0
        self._lock = threading.Lock()

    def close(self, seconds: float) -> None:
        """Let nobody through for so many seconds."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return as soon as the gate is open."""
        while (left := self._open_at - time.monotonic()) > 0:
            time.sleep(left)


def patiently(
    action: Callable[[], T],
    patience: Patience,
    gate: Gate | None = None,
    renew: Callable[[], None] | None = None,
    what: str = "request",
) -> T:
    """Do `action` until it succeeds or is refused.

    Parameters
    ----------
    action: raises `Trouble` for what may pass, `Expired` for a token that is no longer good, and `Refused`.
    gate: shared by all requests to one service.
    renew: gets a new token; without it, an expired one is final.
    what: what is requested, for the log.

    Raises
    ------
    Refused
        By the action itself, or after the last attempt.
    """
    failures = limited = renewals = 0
    while True:
        if gate is not None:
            gate.wait()
        try:
            return action()
        except Expired as trouble:
            # a fresh token that is not accepted either means that the credentials do not suffice
            if renew is None or renewals == 2:
                raise Refused(trouble.reason) from trouble
            renewals += 1
            logger.info("%s: %s; signing in again", what, trouble.reason)
            renew()
        except Trouble as trouble:
            failures += 1
            limited += trouble.limited
            if trouble.retry_after is not None and trouble.retry_after > patience.longest_retry_after:
                asked = f"{trouble.reason}, and asks to wait {trouble.retry_after:.0f} s"
                raise Refused(f"{asked}; run again later") from trouble
            if failures - limited >= patience.attempts or limited >= 2 * patience.attempts:
                raise Refused(f"{trouble.reason}, {failures} times") from trouble
            seconds = patience.wait(failures, trouble.retry_after)
            logger.info("%s: %s; next try in %.1f s", what, trouble.reason, seconds)
            if trouble.limited and gate is not None:
                gate.close(seconds)
            else:
                time.sleep(seconds)


def check_status(status: int, headers: Mapping[str, str], unit: float = 1.0) -> None:
    """Raise what an HTTP status means, if it is no success.

    Parameters
    ----------
    status: of the response.
    headers: of the response; Retry-After is looked at.
    unit: seconds of one unit of a number in Retry-After.
    """
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise Expired(f"the service answers {status}, it does not accept the credentials")
    if status in AGAIN or status >= 500:
        after = parse_retry_after(headers.get("Retry-After"), unit)
        raise Trouble(f"the service answers {status}", after, limited=status in LIMITED and after is not None)
    raise Refused(f"the service answers {status}" + (", there is no such file" if status in (404, 410) else ""))


def parse_retry_after(value: str | None, unit: float = 1.0) -> float | None:
    """Seconds to wait; None where the header is missing or no sense can be made of it."""
    if value is None:
        return None
    try:
        return max(float(value) * unit, 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
