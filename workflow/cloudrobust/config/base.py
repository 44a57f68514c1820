"""What every part of the configuration shares: strictness and canonical form."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    def canonical(self) -> str:
        """This part with every default filled in, as JSON that is equal exactly when the meaning is equal."""
        return canonical(self.model_dump(mode="json"))


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the form in which a rule gets its parameters.

    Snakemake compares parameters by value; a canonical string neither misses a change
    (objects compare by their repr) nor sees one where only the order of keys differs.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
