from __future__ import annotations

import errno
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from shapely.geometry import box

from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.failures import JobFailure
from cloudrobust.scenes.fetch import describe
from cloudrobust.scenes.images import geotiff
from cloudrobust.scenes.index import COLUMNS, to_index
from cloudrobust.scenes.store.folder import Store, covers
from cloudrobust.scenes.store.record import Layer, SceneRecord

from ..small_scenes import small_geoboxes

ID = "S2A_MSIL2A_20220505T102411_N0400_R065_T32UPU_20220505T162411"
GRID = small_geoboxes()["B02"]
WINDOW = Window(8, 16, 40, 30)


def pixels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 9000, (WINDOW.height, WINDOW.width), dtype=np.uint16)


def layer(geobox: GeoBox = GRID, window: Window = WINDOW) -> Layer:
    return Layer("", geobox, window, 0, "", "somewhere")


def record(layers: dict[str, Layer]) -> SceneRecord:
    return SceneRecord(
        id=ID, level="L2A", tile="32UPU", time=datetime(2022, 5, 5, 10, 24, 11), platform="S2A", orbit=65,
        baseline="04.00", quantification=10000, cloud_cover=12.5, offsets={"B02": -1000}, footprint=box(11, 48, 12, 49),
        layers=layers, source={"kind": "test"},
    )  # fmt: skip


def put(store: Store, seed: int = 0) -> Path:
    with store.part(ID) as part:
        with part.writing("B02") as path:
            rows, columns = WINDOW.toslices()
            geotiff.write(path, pixels(seed), GRID[rows, columns])
            kept = part.keep("B02", path, layer())
        return part.publish(record({"B02": kept}))


def test_a_scene_comes_back_as_it_went_in(tmp_path: Path) -> None:
    store = Store(tmp_path)
    place = put(store)
    assert place == tmp_path / "L2A" / "32UPU" / f"{ID}.scene"
    scene = open_scene(place)
    assert (scene.id, scene.tile, scene.time, scene.bands) == (ID, "32UPU", datetime(2022, 5, 5, 10, 24, 11), ("B02",))
    assert scene.geoboxes == {"B02": GRID}
    np.testing.assert_array_equal(scene.read_raw("B02", WINDOW), pixels())
    np.testing.assert_array_equal(scene.read("B02", Window(10, 20, 3, 2)), pixels()[4:6, 2:5].astype(int) - 1000)
    assert store.find("L2A", "32UPU", ID) == scene.record  # type: ignore[union-attr]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".locks", ".parts", "L2A"]
    assert list((tmp_path / ".parts").iterdir()) == []


def test_its_row_in_the_index_has_every_column(tmp_path: Path) -> None:
    row = describe(put(Store(tmp_path)), tmp_path)
    assert set(COLUMNS) | {"geometry", "spent"} == set(row)
    frame = to_index([row])
    assert frame["file"].iloc[0] == f"L2A/32UPU/{ID}.scene"
    assert open_scene(frame.iloc[0], tmp_path).id == ID


@pytest.mark.parametrize("damage", ["shorter", "other", "gone", "no json", "other format"])
def test_a_damaged_scene_counts_as_not_there(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    place = put(store)
    image, note = place / "B02.tif", place / "scene.json"
    content = image.read_bytes()
    if damage == "shorter":
        image.write_bytes(content[:-1])
    elif damage == "other":
        image.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "gone":
        image.unlink()
    elif damage == "no json":
        note.write_text(note.read_text()[:100])
    else:
        note.write_text(json.dumps({**json.loads(note.read_text()), "format": 99}))
    assert store.find("L2A", "32UPU", ID) is None


def test_a_layer_is_finished_only_with_its_note(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.part(ID) as part:
        with part.writing("B02") as path:
            geotiff.write(path, pixels(), GRID[WINDOW.toslices()])
            kept = part.keep("B02", path, layer())
        assert part.finished("B02", lambda _: True) == kept
        assert part.finished("B02", lambda _: False) is None
        assert part.finished("B03", lambda _: True) is None
    with store.part(ID) as part:  # another run
        assert part.finished("B02", lambda _: True) == kept
        (part.folder / "B02.tif").write_bytes(b"half")
        assert part.finished("B02", lambda _: True) is None
        with pytest.raises(ConnectionError), part.writing("B03") as path:
            break_off(path)
        assert not list(part.folder.glob("B03*"))


def break_off(path: Path) -> None:
    path.write_bytes(b"half")
    raise ConnectionError


def test_a_piece_is_kept_for_the_same_request_only(tmp_path: Path) -> None:
    with Store(tmp_path).part(ID) as part:
        path = part.keep_piece("10m-0-0", b"content", "request", {"units": 1.5})
        assert part.finished_piece("10m-0-0", "other request") is None
        found = part.finished_piece("10m-0-0", "request")
        assert found is not None
        assert (found[0].read_bytes(), found[1]["units"]) == (b"content", 1.5)
        path.write_bytes(b"conten!")
        assert part.finished_piece("10m-0-0", "request") is None


def test_a_scene_is_replaced_as_a_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    place = put(store, seed=1)
    np.testing.assert_array_equal(open_scene(place).read_raw("B02", WINDOW), pixels(1))
    assert sorted(p.name for p in place.iterdir()) == ["B02.tif", "scene.json"]
    assert list((tmp_path / ".parts").iterdir()) == []


def test_covers_compares_every_layer() -> None:
    known = record({"B02": layer()})
    assert covers(known, {"B02": Window(10, 20, 3, 2)})
    assert covers(known, {})
    assert not covers(known, {"B02": Window(0, 0, 50, 50)})
    assert not covers(known, {"B03": WINDOW})


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "can't be written to")]
)
def test_a_disk_that_takes_nothing_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "on demand")

    monkeypatch.setattr("cloudrobust.scenes.store.folder.checksum", full)
    with pytest.raises(JobFailure, match=sentence):
        put(Store(tmp_path))
    monkeypatch.undo()
    assert open_scene(put(Store(tmp_path))).id == ID


def test_a_layer_that_is_not_there_is_named(tmp_path: Path) -> None:
    scene = open_scene(put(Store(tmp_path)))
    with pytest.raises(InputError, match="the L2A scene holds no SCL; it holds B02"):
        scene.read_classification()
    (scene.path / "B02.tif").unlink()
    with pytest.raises(InputError, match="is missing; delete the scene's folder"):
        scene.read("B02", WINDOW)
