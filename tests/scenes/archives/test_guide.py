"""What docs/data-access.md tells users to write is a configuration."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from cloudrobust.config import parse

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "data-access.md"
BLOCKS = [yaml.safe_load(textwrap.dedent(t)) for t in re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)]
FIRST, SOURCES = BLOCKS[0], [block["source"] for block in BLOCKS]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"{source['kind']} {source.get('preset', '')}")
def test_every_source_of_the_guide_fits_into_its_first_study(source: dict[str, str]) -> None:
    study = parse(FIRST | {"source": source})
    assert study.source.kind == source["kind"]
    assert len(study.needed["L2A"]) == 31


def test_the_guide_shows_every_kind_of_archive() -> None:
    assert {source["kind"] for source in SOURCES} == {"safe", "stac", "sentinelhub"}
    assert {"earth-search", "cdse", "plain"} <= {source.get("preset") for source in SOURCES}
