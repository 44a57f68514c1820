"""The STAC API of stac-fastapi and pgstac, and files beside it; runs in the servers' own environment.

`FILES` names the folder that is served below /files. Starlette's StaticFiles answers range requests.
"""

from __future__ import annotations

import os
from typing import Any

from stac_fastapi.pgstac.app import create_app
from starlette.staticfiles import StaticFiles


def create() -> Any:
    """The application, for `uvicorn --factory`."""
    app = create_app()
    app.mount("/files", StaticFiles(directory=os.environ["FILES"]))
    return app
