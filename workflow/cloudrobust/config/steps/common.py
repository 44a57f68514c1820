"""Types that several steps' parameters share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

DAY = r"^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
Share = Annotated[float, Field(ge=0, le=1)]
