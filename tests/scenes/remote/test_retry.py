from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cloudrobust.scenes.failures import Expired, Refused, Trouble
from cloudrobust.scenes.remote.retry import Gate, Patience, check_status, parse_retry_after, patiently

QUICK = Patience(attempts=3, first_wait=0.001, longest_wait=0.004, longest_retry_after=2)


def failing(*errors: Exception) -> Callable[[], str]:
    """Raises the errors one after the other, then returns."""
    left = list(errors)

    def action() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return action


@pytest.mark.parametrize(
    ("value", "unit", "seconds"),
    [
        (None, 1, None),
        ("120", 1, 120),
        ("1500", 1e-3, 1.5),
        ("0", 1, 0),
        ("-5", 1, 0),
        ("nonsense", 1, None),
        ("", 1, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1, 0),  # is over
    ],
)
def test_retry_after_is_read_in_every_form(value: str | None, unit: float, seconds: float | None) -> None:
    assert parse_retry_after(value, unit) == seconds


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = parse_retry_after(date, 1e-3)  # the unit is that of numbers only
    assert seconds is not None
    assert 28 < seconds <= 30


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Expired), (403, Expired), (404, Refused), (400, Refused), (408, Trouble), (429, Trouble), (500, Trouble),
     (503, Trouble), (599, Trouble), (302, Refused)],
)  # fmt: skip
def test_statuses_mean_what_they_say(status: int, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        check_status(status, {})
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [200, 201, 206])
def test_success_is_no_error(status: int) -> None:
    check_status(status, {})


def test_troubles_pass_and_too_many_do_not() -> None:
    assert patiently(failing(Trouble("a"), Trouble("b")), QUICK) == "done"
    with pytest.raises(Refused, match="c, 3 times"):
        patiently(failing(*(Trouble(reason) for reason in "abc")), QUICK)


def test_what_is_refused_is_not_repeated() -> None:
    action = failing(Refused("no"), Trouble("never"))
    with pytest.raises(Refused, match="no"):
        patiently(action, QUICK)
    with pytest.raises(Trouble, match="never"):
        action()


def test_a_limited_rate_may_try_twice_as_often() -> None:
    limits = [Trouble("slow down", 0.0, limited=True)] * 5
    assert patiently(failing(*limits), QUICK) == "done"
    with pytest.raises(Refused, match="slow down, 6 times"):
        patiently(failing(*limits, *limits), QUICK)


def test_a_token_is_renewed_twice_at_most() -> None:
    renewals: list[int] = []
    assert patiently(failing(Expired("x"), Expired("x")), QUICK, renew=lambda: renewals.append(1)) == "done"
    with pytest.raises(Refused, match="x"):
        patiently(failing(*[Expired("x")] * 3), QUICK, renew=lambda: renewals.append(1))
    assert len(renewals) == 4
    with pytest.raises(Refused, match="x"):
        patiently(failing(Expired("x")), QUICK)


def test_nobody_waits_until_tomorrow() -> None:
    with pytest.raises(Refused, match="busy, and asks to wait 86400 s; run again later"):
        patiently(failing(Trouble("busy", 86400, limited=True)), QUICK)


def test_waits_double_within_bounds_and_respect_the_service() -> None:
    patience = Patience(first_wait=1, longest_wait=8)
    for failures, most in ((1, 1), (2, 2), (3, 4), (4, 8), (10, 8)):
        assert most / 2 <= patience.wait(failures) <= most
    assert patience.wait(1, retry_after=30) == 30


def test_one_limited_request_holds_all_others_back() -> None:
    gate, passed = Gate(), []
    gate.close(0.3)

    def other() -> None:
        gate.wait()
        passed.append(time.monotonic())

    start = time.monotonic()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert passed[0] - start >= 0.29
