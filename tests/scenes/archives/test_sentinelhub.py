from __future__ import annotations

import io
import logging
import tarfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from sentinelhub import SHConfig

from cloudrobust.config.sources import SentinelHubSource as SentinelHubSourceConfig
from cloudrobust.errors import InputError
from cloudrobust.scenes import open_scene
from cloudrobust.scenes.failures import JobFailure
from cloudrobust.scenes.fetch import fetch_month
from cloudrobust.scenes.mgrs import geoboxes_of, tile_box
from cloudrobust.scenes.safe.scene import SafeScene
from cloudrobust.scenes.sentinelhub import plan, source
from cloudrobust.scenes.sentinelhub.answer import read
from cloudrobust.scenes.sentinelhub.cost import cost_of, processing_units
from cloudrobust.scenes.sentinelhub.plan import MOST, Group, Piece, groups, pieces
from cloudrobust.scenes.sentinelhub.source import SentinelHubSource
from peers.faulty import Fault
from peers.sentinelhub_double import SentinelHubDouble, _tar

from .conftest import FIRST, LAST, MONTH, TILE, Archive


def source_of(double: SentinelHubDouble, made: Archive, store: Path, **fields: Any) -> SentinelHubSource:
    double.faults.clear()
    double.requests.clear()
    double.bodies.clear()
    common = {"url": double.url, "token_url": double.token_url, "margin": 0, "first_wait": 0.02, "attempts": 3}
    return SentinelHubSource(SentinelHubSourceConfig(store=store, **{**common, **fields}), made.area)


def test_an_expired_token_is_replaced_in_mid_run(hub: SentinelHubDouble, made: Archive, tmp_path: Path) -> None:
    hub_source = source_of(hub, made, tmp_path)
    hub.faults.append(Fault("kill", "POST /api/v1/process", skip=4, act=hub.expire))
    assert len(fetch_month(hub_source, TILE, "L2A", MONTH, FIRST, LAST)) == 3
    assert hub.count("POST /auth/token") == 2


def test_a_token_is_fetched_patiently(hub: SentinelHubDouble, made: Archive, tmp_path: Path) -> None:
    hub_source = source_of(hub, made, tmp_path)
    hub.faults.append(Fault("status", "/auth/token", status=503))
    hub.faults.append(Fault("page", "/auth/token"))
    assert len(hub_source.search(TILE, "L2A", FIRST, LAST)) == 3
    assert hub.count("POST /auth/token") == 3


def test_wrong_credentials_end_the_job_and_are_not_told(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SH_CLIENT_SECRET", "mistyped-secret")
    with pytest.raises(JobFailure, match="does not accept the credentials; check the profile") as caught:
        source_of(hub, made, tmp_path).search(TILE, "L2A", FIRST, LAST)
    assert "mistyped" not in str(caught.value)
    assert hub.count("POST /auth/token") == 1


def test_credentials_come_from_a_profile_of_sentinelhub_py(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SH_CLIENT_ID")
    monkeypatch.delenv("SH_CLIENT_SECRET")
    with pytest.raises(InputError, match="there are no credentials for Sentinel Hub; set SH_CLIENT_ID"):
        source_of(hub, made, tmp_path).search(TILE, "L2A", FIRST, LAST)
    with pytest.raises(InputError, match=r"source\.profile: sentinelhub-py has no profile 'mine'"):
        source_of(hub, made, tmp_path, profile="mine").search(TILE, "L2A", FIRST, LAST)
    SHConfig(use_defaults=True, sh_client_id="some-client", sh_client_secret="some-secret").save("mine")
    assert len(source_of(hub, made, tmp_path, profile="mine").search(TILE, "L2A", FIRST, LAST)) == 3


@pytest.mark.parametrize(
    ("deployment", "host"), [("sentinelhub", "services.sentinel-hub.com"), ("cdse", "sh.dataspace")]
)
def test_deployments_have_addresses_of_their_own(deployment: Any, host: str, tmp_path: Path) -> None:
    settings = SentinelHubSource(SentinelHubSourceConfig(store=tmp_path, deployment=deployment)).settings
    assert host in settings.sh_base_url
    assert settings.sh_token_url.endswith("/protocol/openid-connect/token")


def test_pages_of_the_catalogue_are_followed_and_sorted(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "page", 1)
    found = source_of(hub, made, tmp_path).search(TILE, "L1C", FIRST, LAST)
    assert [f.time.date() for f in found] == [date(2022, 5, 1), date(2022, 5, 8), date(2022, 5, 11)]
    assert hub.count("catalog") == 3


def test_cloud_cover_is_compared_in_fractions_of_a_percent(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path
) -> None:
    covers = sorted(SafeScene(p).metadata.cloud_cover for p in made.products if "L2A" in p.name)
    limit = covers[1] - 0.001
    found = source_of(hub, made, tmp_path, max_cloud_cover=limit).search(TILE, "L2A", FIRST, LAST)
    assert [f.cloud_cover for f in found] == [covers[0]]  # type: ignore[attr-defined]


def test_requests_name_the_acquisition_and_whole_pixels(hub: SentinelHubDouble, made: Archive, tmp_path: Path) -> None:
    hub_source = source_of(hub, made, tmp_path)
    found = hub_source.search(TILE, "L2A", FIRST, LAST)[1]
    window = open_scene(hub_source.fetch(found)).window("B02")
    assert len(hub.bodies) == 3
    body = next(b for b in hub.bodies if '"B02"' in b["evalscript"])
    data = body["input"]["data"][0]
    assert (data["type"], data["processing"]["harmonizeValues"]) == ("sentinel-2-l2a", False)
    assert data["dataFilter"]["mosaickingOrder"] == "mostRecent"
    span = data["dataFilter"]["timeRange"]
    first, last = (datetime.fromisoformat(span[k].replace("Z", "+00:00")).replace(tzinfo=None) for k in ("from", "to"))
    assert first < found.time < last
    assert (last - first).total_seconds() == 7200
    assert (body["output"]["width"], body["output"]["height"]) == (window.width, window.height)
    assert '"dataMask"' in body["evalscript"]


def test_large_windows_are_put_together_without_seams(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "pieces", lambda group, box, window: pieces(group, box, window, step=16))
    hub_source = source_of(hub, made, tmp_path)
    found = hub_source.search(TILE, "L2A", FIRST, LAST)[0]
    scene, original = open_scene(hub_source.fetch(found)), SafeScene(made.source.folder / f"{found.id}.SAFE")
    assert len(hub.bodies) > 40
    for band in scene.bands:
        window = scene.window(band)
        np.testing.assert_array_equal(scene.read_raw(band, window), original.read_raw(band, window))


def test_harmonised_numbers_are_cut_at_zero_and_zero_stays_a_measurement(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path
) -> None:
    hub_source = source_of(hub, made, tmp_path, harmonize=True)
    found = hub_source.search(TILE, "L2A", FIRST, LAST)[0]
    scene, original = open_scene(hub_source.fetch(found)), SafeScene(made.source.folder / f"{found.id}.SAFE")
    for band in ("B02", "B12", "B09"):
        window = scene.window(band)
        np.testing.assert_array_equal(scene.read(band, window), np.ma.maximum(original.read(band, window), 0))
        assert not np.ma.getmaskarray(scene.read(band, window)).any()


def test_measured_zero_no_data_and_saturation_are_told_apart(tmp_path: Path) -> None:
    box = GeoBox((1, 4), geoboxes_of(*tile_box(TILE))["B02"].affine, "EPSG:32632")
    piece = Piece(Group(10, ("B02",)), box, Window(0, 0, 4, 1))
    bands = np.array([[[0, 0, 65535, 1200]]], np.uint16)
    mask = np.array([[[1, 0, 1, 1]]], np.uint8)
    (tmp_path / "answer").write_bytes(_tar({"bands": bands, "dataMask": mask}))
    assert read(tmp_path / "answer", "B02", piece, harmonized=True).tolist() == [[1000, 0, 65535, 2200]]
    assert read(tmp_path / "answer", "B02", piece, harmonized=False).tolist() == [[0, 0, 65535, 1200]]


@pytest.mark.parametrize(
    ("width", "height", "bands", "bits", "units"),
    [
        (512, 512, 3, 16, 1.0),  # the definition
        (1024, 512, 3, 8, 2.0),
        (512, 512, 12, 16, 4.0),
        (512, 512, 3, 32, 2.0),
        (10, 10, 3, 16, 0.01),  # no smaller area counts
        (10, 10, 1, 16, 0.005),  # no request costs less
        (2500, 2500, 4, 16, 2500**2 / 512**2 * 4 / 3),
    ],
)
def test_processing_units_follow_their_definition(width: int, height: int, bands: int, bits: int, units: float) -> None:
    assert processing_units(width, height, bands, bits) == pytest.approx(units)


def test_a_full_tile_costs_what_its_pieces_cost() -> None:
    boxes = geoboxes_of(*tile_box(TILE))
    whole = [
        piece
        for group in groups("L2A", cloud_probability=True)
        for piece in pieces(
            group, boxes[group.bands[0]], Window(0, 0, boxes[group.bands[0]].shape.x, 10980 * 10 // group.resolution)
        )
    ]
    assert [sum(p.group.resolution == r for p in whole) for r in (10, 20, 60)] == [25, 9, 1]
    pixels = (10980**2 * 4 + 5490**2 * 8 + 1830**2 * 2) / 512**2 / 3
    assert cost_of(whole).units == pytest.approx(pixels, rel=1e-3)


@given(
    row=st.integers(0, 3000), column=st.integers(0, 3000), height=st.integers(1, 6000), width=st.integers(1, 6000),
    step=st.sampled_from([plan.STEP, MOST, 1000]),
)  # fmt: skip
def test_every_pixel_belongs_to_one_piece_of_at_most_2500(
    row: int, column: int, height: int, width: int, step: int
) -> None:
    box = geoboxes_of(*tile_box(TILE))["B02"]
    parts = pieces(Group(10, ("B02",)), box, Window(column, row, width, height), step)
    seen = np.zeros((height // 100 + 1, width // 100 + 1), int)
    for part in parts:
        w = part.window
        assert 0 < w.width <= MOST
        assert 0 < w.height <= MOST
        rows = np.arange(0, height, 100) + row
        columns = np.arange(0, width, 100) + column
        inside = np.outer(
            (rows >= w.row_off) & (rows < w.row_off + w.height),
            (columns >= w.col_off) & (columns < w.col_off + w.width),
        )
        seen[: inside.shape[0], : inside.shape[1]] += inside
    assert sum(p.window.width * p.window.height for p in parts) == height * width
    assert seen[: len(range(0, height, 100)), : len(range(0, width, 100))].min() == 1
    assert seen.max() == 1


def test_a_tar_that_lacks_an_output_is_refused(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = hub.respond

    def lacking(method: str, path: str, *rest: Any) -> Any:
        answer = original(method, path, *rest)
        if path != "/api/v1/process":
            return answer
        stream = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(answer.body)) as full, tarfile.open(fileobj=stream, mode="w") as less:
            for member in full.getmembers():
                if member.name != "SCL.tif":
                    less.addfile(member, full.extractfile(member))
        return answer.__class__(answer.status, answer.headers, stream.getvalue())

    monkeypatch.setattr(hub, "respond", lacking)
    index = fetch_month(source_of(hub, made, tmp_path, missing="gap"), TILE, "L2A", MONTH, FIRST, LAST)
    assert len(index) == 0
    assert {m["reason"] for m in index.attrs["missing"]} == {"20m-0-0: the answer is truncated or corrupt, 3 times"}


def test_nothing_secret_is_logged(
    hub: SentinelHubDouble, made: Archive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "cloudrobust"):
        fetch_month(source_of(hub, made, tmp_path), TILE, "L2A", MONTH, FIRST, date(2022, 5, 2))
    assert "some-secret" not in caplog.text
    assert "Bearer" not in caplog.text
    for path in tmp_path.rglob("scene.json"):
        assert "some-" not in path.read_text()
