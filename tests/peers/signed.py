"""A proxy that asks for signatures or tokens before it serves files."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from .faulty import Answer, FaultyProxy


class SignedProxy(FaultyProxy):
    """Serves what lies below /files openly, unless `guarded` names how it must be asked for.

    Below /token it grants signatures (GET /token/<collection>) and bearer tokens (POST /token).

    Attributes
    ----------
    guarded: "sas" for a signature in the query, "oidc" for a bearer token, or None.
    grants: signatures and tokens granted so far.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.guarded: str | None = None
        self.grants = 0
        self._good = ""

    def expire(self) -> None:
        """What was granted is no longer accepted."""
        self._good = ""

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if path.startswith("/token"):
            self.grants += 1
            self._good = uuid.uuid4().hex
            ends = datetime.now(UTC) + timedelta(hours=1)
            content = {"token": f"sig={self._good}", "msft:expiry": ends.isoformat().replace("+00:00", "Z")}
            if method == "POST":
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                if (form.get("username"), form.get("password")) != ("somebody", "secret"):
                    return Answer(401, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')
                content = {"access_token": self._good, "expires_in": "600"}
            return Answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())
        if path.startswith("/files") and self.guarded == "sas":
            signature = parse_qs(urlsplit(path).query).get("sig", [""])[0]
            if not self._good or signature != self._good:
                return Answer(403, {"Content-Type": "application/xml"}, b"<Error>AuthenticationFailed</Error>")
        if (
            path.startswith("/files")
            and self.guarded == "oidc"
            and (not self._good or headers.get("Authorization") != f"Bearer {self._good}")
        ):
            return Answer(401, {"Content-Type": "application/json"}, b'{"detail": "Expired signature!"}')
        return super().respond(method, path, headers, body)
