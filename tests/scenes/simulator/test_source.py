"""The archive writes real products, once, and the same ones whoever asks."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from cloudrobust.config.sources import SimulatorSource
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.simulator.acquisitions import at
from cloudrobust.scenes.simulator.source import SimulatedArchive
from cloudrobust.scenes.simulator.truth import Truth, read_truth, write_truth
from cloudrobust.scenes.source import Found, create

TILE = "32UPU"


@pytest.fixture
def archive(config: SimulatorSource) -> SimulatedArchive:
    source = create(config)
    assert isinstance(source, SimulatedArchive)
    return source


def january(archive: SimulatedArchive, level: str) -> list[Found]:
    return archive.search(TILE, level, date(2022, 1, 1), date(2022, 1, 31))


def image_digests(product: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(product.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_numbers_survive_the_offset_of_every_baseline(archive: SimulatedArchive, level: str) -> None:
    """What is read from products with and without the radiometric offset is what was rendered."""
    baselines = {found.baseline: found for found in january(archive, level)}
    assert set(baselines) == {"03.01", "04.00", "05.00"}
    for baseline, found in baselines.items():
        scene = open_scene(archive.fetch(found))
        assert scene.baseline == baseline
        acquisition = at(archive.config, found.time)
        rendered = archive.renderer.level1(acquisition) if level == "L1C" else archive.renderer.level2(acquisition)
        for band in ("B02", "B11", "B09"):
            lowest = 1 if baseline == "03.01" else -999  # what the raw numbers can hold
            np.testing.assert_array_equal(scene.read(band).filled(0), np.maximum(rendered[band], lowest))
        assert scene.read_raw("B02").min() >= 1


def test_a_level_2_product_has_its_classification(archive: SimulatedArchive) -> None:
    found = january(archive, "L2A")[2]
    scene = open_scene(archive.fetch(found))
    classes, probability = archive.renderer.scene_classification(at(archive.config, found.time))
    np.testing.assert_array_equal(scene.read_classification(), classes)
    np.testing.assert_array_equal(scene.read_cloud_probability(), probability)


def test_found_and_written_products_agree(archive: SimulatedArchive) -> None:
    found = january(archive, "L1C")[0]
    path = archive.fetch(found)
    assert path.name == f"{found.id}.SAFE"
    assert path.is_relative_to(archive.store)
    scene = open_scene(path)
    assert (scene.id, scene.tile, scene.level, scene.time) == (found.id, TILE, "L1C", found.time)
    assert (scene.platform, scene.orbit) == (found.platform, found.orbit)
    grid = archive.grid(TILE)
    grid.check(scene.geoboxes, scene.id)
    assert set(grid.geoboxes) >= set(scene.geoboxes)
    assert january(archive, "L1C")[0].path == path


def test_a_product_is_written_once(archive: SimulatedArchive) -> None:
    found = january(archive, "L1C")[0]
    manifest = archive.fetch(found) / "manifest.safe"
    before = manifest.stat().st_mtime_ns
    SimulatedArchive(archive.config).fetch(found)
    assert manifest.stat().st_mtime_ns == before


def test_the_same_seed_writes_the_same_bytes(archive: SimulatedArchive, tmp_path: Path) -> None:
    found = january(archive, "L2A")[1]
    other = SimulatedArchive(archive.config.model_copy(update={"store": tmp_path}))
    assert image_digests(other.fetch(found)) == image_digests(archive.fetch(found))


def test_another_configuration_never_meets_old_products(archive: SimulatedArchive) -> None:
    for change in ({"seed": 2}, {"cloudiness": 0.3}, {"size": 1860}):
        other = SimulatedArchive(archive.config.model_copy(update=change))
        assert other.store == archive.store
        assert other.folder != archive.folder
    moved = SimulatedArchive(archive.config.model_copy(update={"store": Path("elsewhere")}))
    assert moved.folder.name == archive.folder.name


def test_the_truth_lies_beside_the_products(archive: SimulatedArchive) -> None:
    found = january(archive, "L1C")[3]
    archive.fetch(found)
    path = archive.truth_path(TILE, found.time)
    assert path.parent == archive.folder / "truth"
    assert path.name == "32UPU_20220118T101031.tif"
    truth, true = read_truth(path), archive.renderer.truth(at(archive.config, found.time))
    np.testing.assert_array_equal(truth.classes, true.classes)
    np.testing.assert_allclose(truth.thickness, true.thickness, rtol=0.02, atol=0.02)


def test_truth_survives_writing(tmp_path: Path, archive: SimulatedArchive) -> None:
    thickness = np.linspace(0, 60, 180 * 180, dtype=np.float32).reshape(180, 180)
    classes = np.random.default_rng(0).integers(0, 5, (180, 180)).astype(np.uint8)
    write_truth(tmp_path / "truth.tif", Truth(classes, thickness), archive.grid(TILE).geoboxes["B02"])
    back = read_truth(tmp_path / "truth.tif")
    np.testing.assert_array_equal(back.classes, classes)
    np.testing.assert_allclose(back.thickness, thickness, rtol=0.011, atol=0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["truth.tif"]


def test_searching_needs_no_rendering(tmp_path: Path) -> None:
    source = SimulatedArchive(SimulatorSource(store=tmp_path / "never"))
    assert len(source.search(TILE, "L2A", date(2022, 1, 1), date(2022, 12, 31))) == 73
    assert source.search(TILE, "L1C", date(2022, 1, 2), date(2022, 1, 7)) == []
    assert not (tmp_path / "never").exists()


def test_another_tile_is_refused(archive: SimulatedArchive) -> None:
    with pytest.raises(InputError, match=r"tiles: .*32UPU, not in 33UVP"):
        archive.grid("33UVP")


def test_processes_may_fetch_at_the_same_time(tmp_path: Path) -> None:
    """Two fresh processes meet at the landscape, the canopy table and the truth of an empty store."""
    code = (
        "import sys; from datetime import date; from cloudrobust.config.sources import SimulatorSource as S;"
        "from cloudrobust.scenes.source import create;"
        "a = create(S(store=sys.argv[1], size=1200, parcels=20));"
        "[a.fetch(f) for f in a.search('32UPU', sys.argv[2], date(2022, 6, 1), date(2022, 6, 8))]"
    )
    jobs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), level], env=_environment())
        for level in ("L1C", "L2A")
    ]
    assert [job.wait(60) for job in jobs] == [0, 0]
    products = sorted(tmp_path.rglob("*.SAFE"))
    assert len(products) == 2
    for product in products:
        assert open_scene(product).read("B08").shape == (120, 120)
    assert not [p for p in tmp_path.rglob("*") if ".part" in p.name]


def _environment() -> dict[str, str]:
    library = str(Path(__file__).resolve().parents[3] / "workflow")
    return {**os.environ, "PYTHONPATH": library}
