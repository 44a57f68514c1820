"""One Slurm for all tests here, started on first use and ended after the last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .lab import Lab, reason_for_no_slurm


def pytest_configure(config: pytest.Config) -> None:
    """The marker with which these tests are left out: -m "not slurm"."""
    config.addinivalue_line("markers", "slurm: needs a real Slurm, which is started on this machine (root, Debian)")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running cluster; skipped, with the reason, where there can be none (with CI=true: failed)."""
    reason = reason_for_no_slurm()
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    cluster = Lab(Path(tmp_path_factory.mktemp("slurm")))
    cluster.call("install")
    try:
        cluster.call("start")
        yield cluster
    finally:
        cluster.call("stop")
