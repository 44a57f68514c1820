"""The `breizhcrops` package, an independent implementation of several networks."""

from __future__ import annotations

import os
from typing import Any

import pytest


def breizhcrops() -> Any:
    """`breizhcrops.models`; without it a test is skipped, in CI it fails."""
    if os.environ.get("CI") == "true":
        import breizhcrops.models

        return breizhcrops.models
    return pytest.importorskip("breizhcrops.models")
