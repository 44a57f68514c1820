from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import odc.stac
import pystac
import pytest
import rasterio
from shapely.geometry import mapping

from cloudrobust.config.sources import StacSource as StacSourceConfig
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.failures import JobFailure
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.index import read_index, write_index
from cloudrobust.scenes.safe.scene import SafeScene
from cloudrobust.scenes.source import create
from cloudrobust.scenes.stac import catalogue
from cloudrobust.scenes.stac.items import read_item
from cloudrobust.scenes.stac.presets import PRESETS
from cloudrobust.scenes.stac.source import StacSource
from peers import archive
from peers.faulty import Fault
from peers.signed import SignedProxy

from .conftest import FIRST, LAST, MONTH, TILE, Archive, stac_config


def source_of(server: SignedProxy, made: Archive, store: Path, style: str = "plain", **fields: Any) -> StacSource:
    server.faults.clear()
    server.requests.clear()
    config = stac_config(server, style, **{"store": store, "margin": 0, "first_wait": 0.02, "attempts": 3, **fields})
    return StacSource(config, made.area)


@pytest.mark.parametrize(
    ("style", "guard"),
    [("earth-search", None), ("planetary-computer", "sas"), ("cdse", "oidc")],
)
def test_every_preset_reads_its_catalogue(
    stac: SignedProxy, made: Archive, tmp_path: Path, style: str, guard: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(stac, made, tmp_path, style)
    monkeypatch.setattr(stac, "guarded", guard)
    # the token ends while scenes are fetched: it is replaced, long before its stated end
    stac.faults.append(Fault("kill", r"GET /files.*B11", act=stac.expire))
    grants = stac.grants
    assert source.grid(TILE).geoboxes["B02"] == made.source.grid(TILE).geoboxes["B02"]
    for level in PRESETS[style].collections:
        index = fetch_month(source, TILE, level, MONTH, FIRST, date(2022, 5, 8))
        assert [row.id for row in index.itertuples()] == [p.stem for p in made.products if level in p.name][:2]
        for row in index.itertuples():
            scene, original = open_scene(row, source.store), SafeScene(made.source.folder / f"{row.id}.SAFE")
            for band in scene.bands:
                window = scene.window(band)
                np.testing.assert_array_equal(scene.read(band, window), original.read(band, window))
            assert (row.offset, row.baseline, row.orbit) == (-1000, "04.00", original.orbit)
    assert (stac.grants - grants >= 2) == (guard is not None)


def test_jpeg_2000_is_compared_with_the_stated_checksum(stac: SignedProxy, made: Archive, tmp_path: Path) -> None:
    source = source_of(stac, made, tmp_path, "cdse", missing="gap")
    # the decoder would take these bytes for an image
    stac.faults.append(Fault("corrupt", r"20220508T.*_B09_60m\.jp2", times=1000))
    index = fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST)
    (lost,) = index.attrs["missing"]
    assert "20220508" in lost["id"]
    assert "MD5 checksum that the catalogue states" in lost["reason"]


def test_pages_of_a_search_are_followed(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "PAGE", 2)
    source = source_of(stac, made, tmp_path)
    assert len(source.search(TILE, "L2A", FIRST, LAST)) == 3
    assert stac.count("POST /search") == 2


def test_days_are_those_of_the_datatake(stac: SignedProxy, made: Archive, tmp_path: Path) -> None:
    source = source_of(stac, made, tmp_path)
    day = date(2022, 5, 8)
    assert [f.time.date() for f in source.search(TILE, "L2A", day, day)] == [day]
    assert source.search(TILE, "L2A", date(2022, 5, 9), date(2022, 5, 10)) == []


def test_other_tiles_and_empty_areas_have_no_scene(stac: SignedProxy, made: Archive, tmp_path: Path) -> None:
    source = source_of(stac, made, tmp_path)
    assert source.search("33TVM", "L2A", FIRST, LAST) == []
    with pytest.raises(InputError, match="has no scene of tile 33TVM"):
        source.grid("33TVM")
    nothing = StacSource(source.config, made.area.__class__(made.area.shapes.iloc[:0]))
    assert nothing.search(TILE, "L2A", FIRST, LAST) == []


def test_an_api_that_does_not_filter_is_refused(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = stac.respond

    def without_query(method: str, path: str, *rest: Any) -> Any:
        answer = original(method, path, *rest)
        if method == "GET" and path == "/":
            landing = json.loads(answer.body)
            landing["conformsTo"] = [c for c in landing["conformsTo"] if "query" not in c]
            return answer.__class__(answer.status, answer.headers, json.dumps(landing).encode())
        return answer

    monkeypatch.setattr(stac, "respond", without_query)
    with pytest.raises(InputError, match=r"does not filter by properties .conformance class QUERY"):
        source_of(stac, made, tmp_path).search(TILE, "L2A", FIRST, LAST)


def test_cloud_cover_is_checked_again_here(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    covers = sorted(SafeScene(p).metadata.cloud_cover for p in made.products if "L2A" in p.name)
    limit = (covers[0] + covers[1]) / 2
    source = source_of(stac, made, tmp_path, max_cloud_cover=limit)
    original = stac.respond

    def deaf(method: str, path: str, headers: Any, body: bytes) -> Any:
        """An API that claims to filter and does not."""
        if path == "/search":
            query = json.loads(body)
            assert query["query"]["eo:cloud_cover"] == {"lte": limit}
            query.pop("query")
            body = json.dumps(query).encode()
            headers = {**headers, "Content-Length": str(len(body))}
        return original(method, path, headers, body)

    monkeypatch.setattr(stac, "respond", deaf)
    assert [f.cloud_cover for f in source.search(TILE, "L2A", FIRST, LAST)] == [covers[0]]  # type: ignore[attr-defined]


def test_a_json_error_with_status_200_is_no_empty_result(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(stac, made, tmp_path)
    _ = source.catalogue
    original = stac.respond

    def broken(method: str, path: str, *rest: Any) -> Any:
        answer = original(method, path, *rest)
        return answer.__class__(200, answer.headers, b'{"code": "Busy"}') if path == "/search" else answer

    monkeypatch.setattr(stac, "respond", broken)
    with pytest.raises(JobFailure, match="something else than a list of scenes, 3 times"):
        source.search(TILE, "L2A", FIRST, LAST)


def test_a_level_that_the_catalogue_lacks_is_an_error(stac: SignedProxy, made: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no L1C; use another source"):
        source_of(stac, made, tmp_path, "earth-search").search(TILE, "L1C", FIRST, LAST)


def read_by_gdal(url: str, place: tuple[slice, slice], file: Path) -> Any:
    """A window read over HTTP in a process of its own: here GDAL would wait for a server that waits for Python."""
    code = (
        "import sys, numpy, rasterio\n"
        "from rasterio.windows import Window\n"
        "with rasterio.open('/vsicurl/' + sys.argv[1]) as image:\n"
        "    window = Window.from_slices(*(tuple(map(int, w.split(':'))) for w in sys.argv[2:4]))\n"
        "    numpy.save(sys.argv[4], image.read(1, window=window))\n"
    )
    rows, columns = (f"{part.start}:{part.stop}" for part in place)
    subprocess.run([sys.executable, "-c", code, url, rows, columns, str(file)], check=True, timeout=120)
    return np.load(file)


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_odc_stac_and_gdal_read_the_same_numbers_from_the_same_items(
    stac: SignedProxy, made: Archive, tmp_path: Path, level: str
) -> None:
    source = source_of(stac, made, tmp_path)
    found = source.search(TILE, level, FIRST, LAST)
    scene = open_scene(source.fetch(found[0]))
    item = pystac.Item.from_dict(dict(found[0].item))  # type: ignore[attr-defined]
    for band in ("B04", "B11", "SCL" if level == "L2A" else "B10"):
        window = scene.window(band)
        rows, columns = window.toslices()
        ground = scene.geoboxes[band][rows, columns]
        loaded = odc.stac.load([item], bands=[band], geobox=ground, dtype="uint16")[band].values[0]
        by_gdal = read_by_gdal(item.assets[band].href, (rows, columns), tmp_path / f"{band}.npy")
        ours = scene.read_classification(window) if band == "SCL" else scene.read_raw(band, window)
        np.testing.assert_array_equal(ours, loaded)
        np.testing.assert_array_equal(ours, by_gdal)


def test_a_larger_area_fetches_the_scene_again_and_a_smaller_one_does_not(
    stac: SignedProxy, made: Archive, tmp_path: Path
) -> None:
    source = source_of(stac, made, tmp_path)
    found = source.search(TILE, "L2A", FIRST, LAST)[0]
    place = source.fetch(found)
    small = open_scene(place).window("B02")
    stac.requests.clear()
    fewer = StacSource(source.config, made.area.__class__(made.area.shapes.iloc[:2]))
    assert fewer.fetch(found) == place
    assert stac.requests == []
    everything = StacSource(source.config, made.area.__class__(made.parcels.geometry))
    assert everything.fetch(found) == place
    assert open_scene(place).window("B02").width > small.width
    assert source.fetch(found) == place


def test_a_damaged_scene_of_the_store_is_fetched_again(
    stac: SignedProxy, made: Archive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(stac, made, tmp_path)
    found = source.search(TILE, "L2A", FIRST, LAST)[0]
    place = source.fetch(found)
    content = bytearray((place / "B05.tif").read_bytes())
    content[-20] ^= 1
    (place / "B05.tif").write_bytes(content)
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        source.fetch(found)
    assert "B05.tif is missing or damaged; the scene is fetched again" in caplog.text
    assert (place / "B05.tif").read_bytes() != content


# -- what the catalogue says about numbers ---------------------------------------------------------


@pytest.fixture
def shifted(made: Archive) -> Any:
    """Serves images of the second date with the offset applied already, as Earth Search does, and lets the flag lie."""
    served = made.root / "cogs"
    (product,) = (p for p in made.products if "MSIL2A_20220508" in p.name)
    kept = {}
    for path in (served / product.stem).glob("B*.tif"):
        kept[path] = path.read_bytes()
        with rasterio.open(path) as image:
            pixels = image.read(1).astype(int)
            geobox = SafeScene(product).geoboxes[path.stem]
        archive.write_cog(path, np.where(pixels == 0, 0, np.clip(pixels - 1000, 1, None)).astype("uint16"), geobox)
    yield product.stem
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize("policy", ["trust", "correct", "reject"])
def test_a_wrong_statement_about_the_offset_is_noticed(
    stac: SignedProxy,
    made: Archive,
    tmp_path: Path,
    shifted: str,
    policy: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = source_of(stac, made, tmp_path, "earth-search", offset_check=policy, missing="gap")
    with caplog.at_level(logging.WARNING, "cloudrobust"):
        index = fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST)
    assert caplog.text.count("its numbers are already shifted, but the offset is stated to be -1000") == 1
    assert shifted in caplog.text
    if policy == "reject":
        assert shifted not in set(index["id"])
        assert "already shifted" in index.attrs["missing"][0]["reason"]
        return
    (row,) = index[index["id"] == shifted].itertuples()
    assert row.offset == {"trust": -1000, "correct": 0}[policy]
    assert set(index.loc[index["id"] != shifted, "offset"]) == {-1000}
    scene = open_scene(row, source.store)
    original = SafeScene(made.source.folder / f"{shifted}.SAFE")
    window = scene.window("B08")
    difference = np.median(scene.read("B08", window) - original.read("B08", window))
    assert difference == {"trust": -1000, "correct": 0}[policy]
    assert scene.record.source["radiometry"]["contradiction"] == "already shifted"


def test_of_two_processings_the_newer_is_fetched_and_the_other_recorded(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(stac, made, tmp_path / "store")
    found = source.search(TILE, "L2A", FIRST, LAST)
    old = dict(found[0].item)  # type: ignore[attr-defined]
    old = {**old, "id": old["id"].replace("N0400", "N0301").replace("T152231", "T120000")}
    both = [f.item for f in found] + [old]  # type: ignore[attr-defined]
    monkeypatch.setattr(source.catalogue, "items", lambda *_, **__: both)
    index = fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST)
    assert len(index) == 3
    write_index(index, tmp_path / "index.parquet")
    kept = read_index(tmp_path / "index.parquet").attrs
    assert kept["left_out"] == [{"id": old["id"], "reason": "a newer processing of the acquisition is there"}]


def test_an_item_without_a_product_name_is_understood_by_its_properties() -> None:
    item = {
        "id": "S2B_32UPU_20220508_0_L2A", "geometry": mapping(made_box()), "assets": {},
        "properties": {
            "grid:code": "MGRS-32UPU", "s2:datatake_id": "GS2B_20220508T101031_026931_N04.00",
            "s2:processing_baseline": "04.00", "platform": "sentinel-2b", "sat:relative_orbit": 22,
        },
    }  # fmt: skip
    found = read_item(item, "L2A", PRESETS["earth-search"])
    assert found is not None
    assert (found.tile, found.platform, found.orbit, found.baseline) == ("32UPU", "S2B", 22, "04.00")
    assert found.time.isoformat() == "2022-05-08T10:10:31"
    del item["properties"]["s2:datatake_id"]  # type: ignore[attr-defined]
    assert read_item(item, "L2A", PRESETS["earth-search"]) is None


def made_box() -> Any:
    from shapely.geometry import box

    return box(11, 48, 11.1, 48.1)


def test_credentials_of_the_data_space_are_asked_for(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDSE_PASSWORD")
    source = source_of(stac, made, tmp_path, "cdse")
    with pytest.raises(InputError, match="set the environment variables CDSE_USERNAME and CDSE_PASSWORD"):
        fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST)


def test_wrong_credentials_end_the_job(
    stac: SignedProxy, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDSE_PASSWORD", "wrong")
    source = source_of(stac, made, tmp_path, "cdse", missing="gap")
    with pytest.raises(JobFailure, match="no access to the files: the service answers 401") as caught:
        fetch_month(source, TILE, "L2A", MONTH, FIRST, LAST)
    assert "wrong" not in str(caught.value)


def test_plain_has_no_address_of_its_own() -> None:
    with pytest.raises(InputError, match=r"source\.url: the preset plain has no address"):
        create(StacSourceConfig(preset="plain"))
    with pytest.raises(InputError, match="'B99' is no band"):
        create(StacSourceConfig(preset="plain", url="http://127.0.0.1:1", assets={"B99": "x"}))
