"""One fixture per kind of data, in one place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real Sentinel-2 data: `CLOUDROBUST_REAL_DATA`, or `../shared/data/real` beside the project.

    Where it is missing, tests that need it are skipped and say so; with CI=true they fail.
    """
    folder = Path(os.environ.get("CLOUDROBUST_REAL_DATA", REAL_DATA))
    if not folder.is_dir():
        message = f"no real data at {folder}; set CLOUDROBUST_REAL_DATA to the folder that holds it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
