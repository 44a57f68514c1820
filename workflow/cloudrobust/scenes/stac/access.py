"""Who grants access to a catalogue's files.

Planetary Computer signs addresses with a shared access signature, which anybody gets for an hour or so
(https://planetarycomputer.microsoft.com/docs/concepts/sas). The Copernicus Data Space grants a bearer token
to account holders (https://documentation.dataspace.copernicus.eu/APIs/Token.html).
"""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import requests

from ...errors import InputError
from ..failures import JobFailure, Refused, Trouble
from ..remote.download import Authority, answer
from ..remote.retry import Gate, Patience, patiently
from .presets import Preset

EARLY = 60.0
"""Seconds before its end at which a token is replaced."""

USERNAME, PASSWORD = "CDSE_USERNAME", "CDSE_PASSWORD"
"""Environment variables with the account at the Copernicus Data Space."""


def authority(preset: Preset, patience: Patience) -> Authority | None:
    """Who signs requests for the files of a catalogue; None if nobody needs to.

    Raises
    ------
    InputError
        If credentials are needed and there are none.
    """
    if preset.access == "sas":
        return Signature(preset, patience)
    if preset.access == "oidc":
        user, password = os.environ.get(USERNAME), os.environ.get(PASSWORD)
        if not user or not password:
            raise InputError(
                f"source: the files of the Copernicus Data Space need an account; set the environment variables "
                f"{USERNAME} and {PASSWORD}"
            )
        return Bearer(preset, patience, user, password)
    return None


class _Token:
    """A token that is fetched when it is needed, once for all threads."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._value: str | None = None
        self._ends = 0.0
        self._lock = threading.Lock()
        self._gate = Gate()

    def value(self) -> str:
        with self._lock:
            if self._value is None or time.time() > self._ends - EARLY:
                try:
                    self._value, self._ends = patiently(self._fetch, self.patience, self._gate, what="access token")
                except Refused as refused:
                    raise JobFailure(f"source: no access to the files: {refused.reason}") from refused
            return self._value

    def renew(self, used: str) -> None:
        """Forget the token, unless another thread has replaced the one that was `used` already."""
        with self._lock:
            if self._value == used:
                self._value = None

    def _fetch(self) -> tuple[str, float]:
        raise NotImplementedError

    def _json(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        text = answer(partial(requests.request, method, url, **more), self.patience)
        try:
            content = json.loads(text)
        except ValueError as error:
            raise Trouble("the service answers with a page in place of a token") from error
        if not isinstance(content, dict):
            raise Trouble("the service answers with something else than a token")
        return content


class Signature(_Token):
    """Addresses signed for one collection."""

    def __init__(self, preset: Preset, patience: Patience) -> None:
        super().__init__(patience)
        self._url = f"{preset.token_url}/{preset.collections['L2A']}"

    def sign(self, url: str) -> tuple[str, dict[str, str], str]:
        """The address with its signature, no headers, and the signature."""
        signature = self.value()
        return f"{url}{'&' if '?' in url else '?'}{signature}", {}, signature

    def _fetch(self) -> tuple[str, float]:
        content = self._json("GET", self._url)
        try:
            moment = datetime.fromisoformat(content["msft:expiry"].replace("Z", "+00:00"))
            return str(content["token"]), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (KeyError, ValueError, AttributeError) as error:
            raise Trouble("the service answers with something else than a signature") from error


class Bearer(_Token):
    """A token in a header, for an account."""

    def __init__(self, preset: Preset, patience: Patience, user: str, password: str) -> None:
        super().__init__(patience)
        self._url, self._user, self._password = preset.token_url, user, password

    def sign(self, url: str) -> tuple[str, dict[str, str], str]:
        """The address, the header with the token, and the token."""
        token = self.value()
        return url, {"Authorization": f"Bearer {token}"}, token

    def _fetch(self) -> tuple[str, float]:
        form = {
            "grant_type": "password", "client_id": "cdse-public", "username": self._user, "password": self._password,
        }  # fmt: skip
        content = self._json("POST", self._url, data=form)
        try:
            return str(content["access_token"]), time.time() + float(content["expires_in"])
        except (KeyError, ValueError, TypeError) as error:
            raise Trouble("the service answers with something else than a token") from error
