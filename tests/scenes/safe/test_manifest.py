from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cloudrobust.errors import InputError
from cloudrobust.scenes.safe.manifest import ManifestEntry, complaint, file_checksum, read_manifest

MANIFEST = """<?xml version="1.0"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1"><dataObjectSection>
<dataObject ID="a"><byteStream mimeType="text/xml" size="3">
<fileLocation locatorType="URL" href="./a/b.xml"/><checksum checksumName="MD5">ABC</checksum></byteStream></dataObject>
<dataObject ID="b"><byteStream><fileLocation href="c.jp2"/><checksum checksumName="SHA3-256">12</checksum></byteStream>
</dataObject>
<dataObject ID="c"><byteStream><fileLocation href="no-checksum.jp2"/></byteStream></dataObject>
</dataObjectSection></xfdu:XFDU>
"""


def test_entries_of_both_generations(tmp_path: Path) -> None:
    (tmp_path / "manifest.safe").write_text(MANIFEST)
    assert read_manifest(tmp_path) == {
        "a/b.xml": ManifestEntry("a/b.xml", "MD5", "abc", 3),
        "c.jp2": ManifestEntry("c.jp2", "SHA3-256", "12", None),
    }


def test_product_without_manifest_has_no_entries(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == {}


def test_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.safe").write_text(MANIFEST[:200])
    with pytest.raises(InputError, match=r"manifest\.safe: is not valid XML"):
        read_manifest(tmp_path)


def test_size_then_checksum_are_compared(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    good = hashlib.md5(b"abc").hexdigest()
    assert complaint(tmp_path, ManifestEntry("x", "MD5", good, 3)) is None
    assert complaint(tmp_path, ManifestEntry("x", "MD5", good, None)) is None
    assert complaint(tmp_path, ManifestEntry("x", "MD5", good, 4)) == "has 3 bytes, the manifest says 4"
    assert "differs" in (complaint(tmp_path, ManifestEntry("x", "MD5", good[::-1], 3)) or "")


def test_unknown_checksum_is_an_error_not_a_pass(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with pytest.raises(InputError, match="uses the checksum 'CRC'"):
        file_checksum(tmp_path / "x", "CRC")
