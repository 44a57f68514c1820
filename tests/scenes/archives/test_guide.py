"""What docs/data-access.md tells users to write is a configuration."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudrobust.config import parse

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "data-access.md"
BLOCKS = [yaml.safe_load(textwrap.dedent(t)) for t in re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)]
FIRST = BLOCKS[0]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: " ".join(map(str, block.get("source", {}).values()))[:40])
def test_every_block_of_the_guide_fits_into_its_first_study(block: dict[str, Any]) -> None:
    values = FIRST | block
    if values["source"]["kind"] == "rasters":
        del values["tiles"]
    if "branches" in block and block is not FIRST:  # a study of its own, which compares raw with preprocessed
        del values["comparison"]
    study = parse(values)
    assert study.source.kind == values["source"]["kind"]
    assert sum(map(len, study.needed.values())) == (study.period.end - study.period.start).days + 1


def test_the_guide_shows_every_kind_of_archive() -> None:
    sources = [block["source"] for block in BLOCKS if "source" in block]
    assert {source["kind"] for source in sources} == {"safe", "stac", "sentinelhub", "rasters"}
    assert {"earth-search", "cdse", "plain"} <= {source.get("preset") for source in sources}
