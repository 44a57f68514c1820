"""One simulated archive, and three services on loopback that have it: a mirror, a STAC API, Sentinel Hub's double."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from cloudrobust.config.sources import RemoteSource, SafeSource, SentinelHubSource, SimulatorSource, StacSource
from cloudrobust.scenes.area import Area
from cloudrobust.scenes.simulator import SimulatedArchive
from cloudrobust.scenes.source import Source, create
from peers import archive, pgstac
from peers.faulty import FaultyServer
from peers.sentinelhub_double import CLIENT, SECRET, SentinelHubDouble
from peers.signed import SignedProxy

TILE = "32UPU"
MONTH = "2022-05"
FIRST, LAST = date(2022, 5, 1), date(2022, 5, 12)


@dataclass(frozen=True)
class Archive:
    """What the simulator has written.

    Attributes
    ----------
    root: everything that is served lies below.
    source: the simulator.
    products: `.SAFE` folders, sorted by name: three acquisitions at both levels.
    parcels: of the landscape.
    """

    root: Path
    source: SimulatedArchive
    products: tuple[Path, ...]
    parcels: gpd.GeoDataFrame

    @property
    def area(self) -> Area:
        """Some parcels of one corner, so that the window is smaller than the scene."""
        corner = self.parcels.cx[: self.parcels.total_bounds[0] + 900, self.parcels.total_bounds[3] - 700 :]
        return Area(corner.geometry)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The archive, and beside it its images as COGs."""
    root = tmp_path_factory.mktemp("served")
    source = SimulatedArchive(SimulatorSource(store=root / "safe", size=1920, parcels=60))
    products = []
    for level in ("L1C", "L2A"):
        products += [source.fetch(found) for found in source.search(TILE, level, FIRST, LAST)]
    parcels = source.renderer.landscape.parcels
    return Archive(root, source, tuple(sorted(products)), parcels)


@pytest.fixture(scope="session")
def stac(made: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedProxy]:
    """A real STAC API with the archive in every style, behind a proxy that can misbehave."""
    if not pgstac.available():
        message = "no STAC API server; tests/peers/install_pgstac.sh installs one"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    proxy = SignedProxy(0)
    url = f"{proxy.url}/files"
    items: list[Any] = []
    for product in made.products:
        files = archive.write_cogs(product, made.root / "cogs")
        items += archive.items(product, files, made.root, url)
    place = tmp_path_factory.mktemp("stac")
    with proxy.running(), pgstac.stac_server(place, made.root, archive.collections(), items) as port:
        proxy.upstream = port
        yield proxy


@pytest.fixture(scope="session")
def hub(made: Archive) -> Iterator[SentinelHubDouble]:
    """Sentinel Hub's double with the archive."""
    with SentinelHubDouble(list(made.products)).running() as double:
        assert isinstance(double, SentinelHubDouble)
        yield double


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Accounts of nobody, and a home without profiles."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in {
        "SH_CLIENT_ID": CLIENT, "SH_CLIENT_SECRET": SECRET, "OAUTHLIB_INSECURE_TRANSPORT": "1",
        "CDSE_USERNAME": "somebody", "CDSE_PASSWORD": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@dataclass
class Service:
    """One of the three, as the tests use it.

    Attributes
    ----------
    kind: safe, stac or sentinelhub.
    server: to misbehave; None for a mirror, whose files are damaged instead.
    make: a source with fields of its configuration as keywords, and perhaps another area.
    folder: of the mirror.
    """

    kind: str
    server: FaultyServer | None
    make: Callable[..., Source]
    folder: Path | None = None


@pytest.fixture
def service(request: pytest.FixtureRequest, made: Archive, tmp_path: Path) -> Iterator[Service]:
    """The service that a test's parameter names."""
    kind = request.param
    quick = {"margin": 60.0, "first_wait": 0.02, "timeout": 5.0, "attempts": 3}
    if kind == "safe":
        folder = tmp_path / "mirror"
        shutil.copytree(made.source.folder, folder, ignore=shutil.ignore_patterns("truth", "landscape"))

        def mirror(area: Area | None = None, **fields: Any) -> Source:
            return create(SafeSource(store=folder, unpacked=tmp_path / "unpacked", **fields), area)

        yield Service(kind, None, mirror, folder)
        return
    server: FaultyServer = request.getfixturevalue({"stac": "stac", "sentinelhub": "hub"}[kind])

    def remote(area: Area | None = None, **fields: Any) -> Source:
        common = {"url": server.url, "store": tmp_path / "store", **quick, **fields}
        config: RemoteSource
        if kind == "stac":
            config = stac_config(server, **common)
        else:
            assert isinstance(server, SentinelHubDouble)
            config = SentinelHubSource(token_url=server.token_url, **common)
        return create(config, area if area is not None else made.area)

    server.faults.clear()
    server.requests.clear()
    yield Service(kind, server, remote)
    server.faults.clear()


def stac_config(server: FaultyServer, style: str = "plain", **fields: Any) -> StacSource:
    """A source of the STAC API's collections in one style."""
    collections = {level: archive.collection_id(style, level) for level in archive.PRESETS[style].collections}
    return StacSource(
        preset=style, **{"url": server.url, "collections": collections, "token_url": f"{server.url}/token", **fields}
    )
