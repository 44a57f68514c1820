"""Parsers of what comes from outside, fed with damaged real files: a result or the project's own error, nothing else.

`make fuzz` runs the same with FUZZ_EXAMPLES=20000.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from cloudrobust.config import load
from cloudrobust.config.yaml_file import read_yaml
from cloudrobust.errors import InputError
from cloudrobust.parcels.labels import read_mapping
from cloudrobust.scenes.failures import Refused, SceneFailure, Trouble
from cloudrobust.scenes.grid import Grid
from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.images.tiff import NotTiff, damage, directory
from cloudrobust.scenes.safe.manifest import read_manifest
from cloudrobust.scenes.safe.metadata import read_metadata
from cloudrobust.scenes.safe.names import ProductName
from cloudrobust.scenes.safe.zipped import unpack
from cloudrobust.scenes.stac.items import (
    address,
    read_item,
    stated_bytes,
    stated_checksum,
    stated_radiometry,
)
from cloudrobust.scenes.stac.presets import PRESETS
from cloudrobust.scenes.store.record import SceneRecord

ROOT = Path(__file__).parents[2]
EXPECTED = (InputError, SceneFailure, Trouble, Refused, NotTiff)
many = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

CHANGES = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "drop", "insert", "swap"]), st.floats(0, 1), st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """`content` with some changes at places given as shares of its length."""
    for kind, share, piece in changes:
        place = int(share * max(len(content) - 1, 0))
        before, after = content[:place], content[place:]
        if kind == "cut":
            content = before
        elif kind == "drop":
            content = before + after[7:]
        elif kind == "insert":
            content = before + piece + after
        elif kind == "swap":
            content = before + after[9:18] + after[:9] + after[18:]
        elif after:
            content = before + bytes([after[0] ^ (piece[0] if piece else 1)]) + after[1:]
    return content


def survives(parse: Callable[[], object]) -> None:
    with contextlib.suppress(EXPECTED):
        parse()


@many
@given(changes=CHANGES)
def test_product_metadata(real_data: Path, tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    file = tmp_path / "MTD_MSIL2A.xml"
    original = next((real_data / "safe-metadata").glob("*N0509*.xml")).read_bytes()
    file.write_bytes(damaged(original, changes))
    survives(lambda: read_metadata(file))


@many
@given(changes=CHANGES)
def test_manifest(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    entry = (
        '<dataObject ID="a"><byteStream mimeType="x" size="12"><fileLocation href="./a.jp2"/>'
        '<checksum checksumName="MD5">0cc175b9c0f1b6a831c399e269772661</checksum></byteStream></dataObject>'
    )
    (tmp_path / "manifest.safe").write_bytes(damaged(f"<x>{entry}{entry}</x>".encode(), changes))
    survives(lambda: read_manifest(tmp_path))


@many
@given(changes=CHANGES)
def test_tiff(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    file = tmp_path / "a.tif"
    if not (whole := tmp_path / "whole.tif").exists():
        box = GeoBox((40, 50), (10, 0, 500000, 0, -10, 5400000), "EPSG:32632")
        geotiff.write(whole, np.arange(2000, dtype=np.uint16).reshape(40, 50), box)
    content = damaged(whole.read_bytes(), changes)
    file.write_bytes(content)

    def read(offset: int, length: int) -> bytes:
        return content[offset : offset + length]

    survives(lambda: directory(read))
    survives(lambda: damage(io.BytesIO(content)))
    survives(lambda: geotiff.verify(file, (40, 50)))


@many
@given(changes=CHANGES, compression=st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
def test_zipped_product(tmp_path: Path, changes: list[tuple[str, float, bytes]], compression: int) -> None:
    archive = tmp_path / "a.SAFE.zip"
    with zipfile.ZipFile(archive, "w", compression) as target:
        target.writestr("a.SAFE/x", b"content" * 200)
        target.writestr("a.SAFE/y/z", b"more")
    archive.write_bytes(damaged(archive.read_bytes(), changes))
    survives(lambda: unpack(archive, tmp_path / "unpacked"))
    assert {path.name for path in tmp_path.iterdir()} <= {"a.SAFE.zip", "unpacked"}, "something lies outside"


@many
@given(changes=CHANGES)
def test_class_table(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    file = tmp_path / "classes.csv"
    file.write_bytes(damaged("code,class\n1,wheat\n2,Gerste\n3,maïs\n4,\n".encode(), changes))
    survives(lambda: read_mapping(file))


@many
@given(changes=CHANGES)
def test_configuration(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(damaged((ROOT / "config.yaml").read_bytes(), changes))
    survives(lambda: load(file))


@many
@given(content=st.binary(max_size=300))
def test_configuration_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    survives(lambda: read_yaml(file))


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=8),
    st.sampled_from([[], {}, [1, "a"], {"href": 5}, "2020-13-45T99:99:99Z", "S2A_MSIL2A_20221345T250000_N0500"]),
)  # fmt: skip


NAME = r"S2A_MSIL1C_[0-9]{8}T[0-9]{6}_N[0-9]{4}_R[0-9]{3}_T[0-9]{2}[A-Z]{3}_[0-9]{8}T[0-9]{6}"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside a JSON value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += leaves(inner, (*path, key))
    return found


@pytest.mark.parametrize("preset", sorted(PRESETS))
@many
@given(data=st.data())
def test_stac_item(real_data: Path, preset: str, data: st.DataObject) -> None:
    """Every entry of two real items replaced by something odd, or missing."""
    file = data.draw(st.sampled_from(sorted((real_data / "stac-items").glob("*.json"))))
    item = json.loads(file.read_text())
    changed = copy.deepcopy(item)
    where = data.draw(st.sampled_from(leaves(item)))
    inner = changed
    for key in where[:-1]:
        inner = inner[key]
    if data.draw(st.booleans()) and isinstance(inner, dict):
        del inner[where[-1]]
    else:
        inner[where[-1]] = data.draw(ODD)

    def parse() -> None:
        found = read_item(changed, "L2A", PRESETS[preset])
        if found is None:
            return
        for asset in ("red", "B04", "SCL", "nothing"):
            for ask in (stated_bytes, stated_checksum):
                survives(lambda ask=ask, asset=asset: ask(found, asset))  # type: ignore[misc]
            survives(lambda asset=asset: address(found, asset, PRESETS[preset]))  # type: ignore[misc]
            survives(lambda asset=asset: stated_radiometry(found, asset, PRESETS[preset]))  # type: ignore[misc]
        survives(lambda: found.cloud_cover)
        survives(lambda: found.footprint)
        survives(lambda: found.sensed)

    survives(parse)


@many
@given(
    text=st.text(max_size=80)
    | st.from_regex(r"S2A_MSIL1C_\d{8}T\d{6}_N\d{4}_R\d{3}_T\d{2}[A-Z]{3}_\d{8}T\d{6}", fullmatch=True)
)
def test_product_name(text: str) -> None:
    name = ProductName.parse(text)
    assert name is None or str(name) == text


@many
@given(changes=CHANGES)
def test_grid_and_record_of_the_store(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    box = GeoBox((40, 50), (10, 0, 500000, 0, -10, 5400000), "EPSG:32632")
    Grid("32UPU", {"B02": box}).to_json(tmp_path / "grid.json")
    (tmp_path / "damaged.json").write_bytes(damaged((tmp_path / "grid.json").read_bytes(), changes))
    survives(lambda: Grid.from_json(tmp_path / "damaged.json"))
    (tmp_path / "scene.json").write_bytes(damaged((tmp_path / "grid.json").read_bytes(), changes))
    survives(lambda: SceneRecord.read(tmp_path))
