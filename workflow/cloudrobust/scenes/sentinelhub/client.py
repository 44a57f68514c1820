"""sentinelhub-py's client, more patient and less trusting.

What it changes, all found in sentinelhub-py 3.12: a token that is refused is replaced (it only looks at its stated
end); a limited rate ends after some attempts, and Retry-After may be a date (it waits for ever, or fails); stalled
transfers are noticed; and an answer is looked at before it counts. Nothing is cached by it: the store does that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session
from sentinelhub import SentinelHubDownloadClient, SentinelHubSession, SHConfig
from sentinelhub.download import DownloadRequest
from sentinelhub.download.models import DownloadResponse

from ..failures import JobFailure, Refused, Trouble
from ..remote.download import Meter, connection_troubles, whole_body
from ..remote.retry import Gate, Patience, check_status, patiently

T = TypeVar("T")

MILLISECONDS = 1e-3
"""The unit of a number in Sentinel Hub's Retry-After ("Rate limiting" in its documentation)."""


class Session(SentinelHubSession):
    """A session that can be renewed before its token's stated end.

    Parameters
    ----------
    config: with client id and secret.
    patience: waits and attempts.

    Raises
    ------
    JobFailure
        If the service grants no token.
    """

    def __init__(self, config: SHConfig, patience: Patience) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        super().__init__(config)

    def renew(self, used: str) -> None:
        """Get a new token, unless another thread has replaced the one that was `used` already."""
        with self._lock:
            if self._token["access_token"] == used:
                self._token = self._collect_new_token()

    def current(self) -> str:
        """The token."""
        with self._lock:
            return str(self.token["access_token"])

    def _collect_new_token(self) -> dict[str, Any]:
        try:
            return patiently(self._ask, self.patience, what="Sentinel Hub's token")
        except Refused as refused:
            raise JobFailure(
                f"source: Sentinel Hub grants no token: {refused.reason}; check the profile, or SH_CLIENT_ID and "
                "SH_CLIENT_SECRET"
            ) from refused

    def _ask(self) -> dict[str, Any]:
        def check(response: requests.Response) -> requests.Response:
            if response.status_code in (400, 401, 403):
                raise Refused(f"the service answers {response.status_code}, it does not accept the credentials")
            check_status(response.status_code, response.headers, MILLISECONDS)
            return response

        client = BackendApplicationClient(client_id=self.config.sh_client_id)
        try:
            with OAuth2Session(client=client) as session:
                session.register_compliance_hook("access_token_response", check)
                token: dict[str, Any] = session.fetch_token(
                    token_url=self.config.sh_token_url,
                    client_secret=self.config.sh_client_secret,
                    include_client_id=True,
                    timeout=self.patience.timeout,
                )
        except requests.RequestException as error:
            raise Trouble(f"the service can't be reached ({type(error).__name__})") from error
        except (OAuth2Error, ValueError) as error:
            raise Trouble("the service answers with something else than a token") from error
        return token


class PatientClient(SentinelHubDownloadClient):
    """Sends requests one by one for several threads at once.

    Parameters
    ----------
    config: addresses and credentials.
    patience: waits, attempts, stalls.
    meter: counts bytes.
    """

    def __init__(self, config: SHConfig, patience: Patience, meter: Meter) -> None:
        super().__init__(config=config)
        self.patience, self.meter, self.gate = patience, meter, Gate()
        self._own_lock = threading.RLock()
        self._used = threading.local()  # the token that each thread's last request carried
        self._http = requests.Session()
        self._http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
        self._http.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=64))

    def get_session(self) -> Session:
        """The session, made on first use."""
        with self._own_lock:
            if not isinstance(self.session, Session):
                self.session = Session(self.config, self.patience)
            return self.session

    def ask(self, request: DownloadRequest, accept: Callable[[DownloadResponse], T]) -> T:
        """The answer to a request as `accept` understands it, which raises `Trouble` for what is none.

        Raises
        ------
        Refused
            By the service, or after the last attempt.
        """

        def attempt() -> T:
            return accept(self._once(request))

        return patiently(attempt, self.patience, self.gate, self._renew, what="Sentinel Hub")

    def _execute_download(self, request: DownloadRequest) -> DownloadResponse:
        """What the package itself calls (for searches)."""

        def accept(response: DownloadResponse) -> DownloadResponse:
            try:
                response.decode()
            except Exception as error:  # of whatever kind the package's decoders raise
                raise Trouble("the service answers with something else than JSON") from error
            return response

        try:
            return self.ask(request, accept)
        except Refused as refused:
            raise JobFailure(f"source: Sentinel Hub: {request.url}: {refused.reason}") from refused

    def _renew(self) -> None:
        self.get_session().renew(self._used.token)

    def _once(self, request: DownloadRequest) -> DownloadResponse:
        self._used.token = self.get_session().current()
        headers = {**request.headers, "Authorization": f"Bearer {self._used.token}"}
        with connection_troubles(self.patience), self._http.request(
            request.request_type.value, str(request.url), json=request.post_values, headers=headers,
            timeout=self.patience.timeout, stream=True,
        ) as response:  # fmt: skip
            if response.status_code in (400, 403):
                # a token that is no longer good gives 401; 403 is an account without the right or the units
                raise Refused(f"the service answers {response.status_code}: {_sentence(response)}")
            check_status(response.status_code, response.headers, MILLISECONDS)
            body = whole_body(response, self.patience, self.meter)
        return DownloadResponse(request, body, dict(response.headers), response.status_code)


def _sentence(response: requests.Response) -> str:
    """What the service says about an error; it holds no credentials."""
    try:
        error = response.json()["error"]
        return str(error.get("message") or error.get("reason") if isinstance(error, dict) else error)
    except (ValueError, KeyError, requests.RequestException):
        return "no reason given"
