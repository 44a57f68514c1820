"""What archives state about their numbers, and whether the numbers agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cloudrobust.scenes.radiometry import (
    OFFSET,
    VISIBLE,
    Darkness,
    Statement,
    contradiction,
    corrected,
    stated_by_baseline,
    stated_by_flag,
    stated_by_scale,
)
from cloudrobust.scenes.safe.metadata import read_metadata

from .real_scenes import read_slovenia, slovenia_files

AS_DELIVERED = Statement(OFFSET, 10000, "")
APPLIED = Statement(0, 10000, "")


def darkness(bands: dict[str, np.ndarray]) -> dict[str, Darkness]:
    counts = {band: Darkness() for band in bands}
    for band, raw in bands.items():
        for block in np.array_split(raw, 3):
            counts[band].see(block)
    return counts


def test_statements_of_catalogues_are_understood() -> None:
    assert stated_by_scale(1e-4, -0.1, "x").offset == -1000
    assert stated_by_scale(1e-4, 0.0, "x").quantification == 10000
    assert [stated_by_baseline(b, "x").offset for b in ("02.12", "03.01", "04.00", "05.10")] == [0, 0, -1000, -1000]
    assert stated_by_flag(True, "05.09", "x").offset == 0
    assert stated_by_flag(False, "05.09", "x").offset == -1000
    assert stated_by_flag(False, "03.01", "x").offset == 0  # there was none to apply


def test_the_baseline_agrees_with_the_offset_in_real_metadata(real_data: Path) -> None:
    """Also for a scene of 2018 that was processed again, and for the days around 2022-01-25: dates do not count."""
    seen = set()
    for path in (real_data / "safe-metadata").glob("*.xml"):
        metadata = read_metadata(path)
        assert stated_by_baseline(metadata.baseline, "").offset == metadata.offset
        seen.add(metadata.offset)
    assert seen == {0, -1000}


@pytest.mark.parametrize("cloudy", [False, True])
def test_real_scenes_contradict_a_wrong_statement_only(real_data: Path, cloudy: bool) -> None:
    """Real numbers of five scenes without an offset, and the same with +1000, under right and wrong statements."""
    for path in slovenia_files(real_data):
        if (path.stem in ("20150820",)) != cloudy:
            continue
        _, bands, _ = read_slovenia(path)
        plain = {band: np.asarray(bands[band], dtype=np.uint16) for band in VISIBLE}
        added = {band: np.where(raw == 0, 0, raw + 1000).astype(np.uint16) for band, raw in plain.items()}
        # right statements are never doubted
        assert contradiction(APPLIED, "02.04", darkness(plain)) is None
        assert contradiction(APPLIED, "05.00", darkness(plain)) is None or cloudy
        assert contradiction(AS_DELIVERED, "05.00", darkness(added)) is None
        # wrong ones are, where there is anything but bright cloud
        wrong = contradiction(AS_DELIVERED, "05.00", darkness(plain)), contradiction(APPLIED, "05.00", darkness(added))
        assert wrong == ((None, None) if cloudy else ("already shifted", "not yet shifted"))


def test_without_a_valid_pixel_nothing_is_doubted() -> None:
    nothing = {band: np.zeros((4, 4), np.uint16) for band in VISIBLE}
    assert contradiction(AS_DELIVERED, "04.00", darkness(nothing)) is None
    assert contradiction(AS_DELIVERED, "04.00", {}) is None


def test_negative_reflectance_in_one_band_is_no_contradiction() -> None:
    """An overcorrected haze makes blue negative, not all three."""
    values = np.random.default_rng(0).integers(1100, 3000, (100, 100)).astype(np.uint16)
    hazy = values - np.uint16(400) * (values < 1300)
    assert contradiction(AS_DELIVERED, "04.00", darkness({"B02": hazy, "B03": values, "B04": values})) is None


@pytest.mark.parametrize(
    ("statement", "suspicion", "offset"), [(AS_DELIVERED, "already shifted", 0), (APPLIED, "not yet shifted", -1000)]
)
def test_a_corrected_statement_says_so(statement: Statement, suspicion: object, offset: int) -> None:
    better = corrected(statement, suspicion)  # type: ignore[arg-type]
    assert better.offset == offset
    assert "corrected" in better.origin
