"""The acceptance test: one study, run by Snakemake from each kind of archive, gives the same series to the last DN."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from sentinelhub import SHConfig

from peers import archive, pgstac
from peers.sentinelhub_double import CLIENT, SECRET, SentinelHubDouble
from peers.signed import SignedProxy
from workflow.project import ROOT, SMALL, Project

DEFAULT = os.environ.get("CLOUDROBUST_DEFAULT_STUDY", "")
"""If set, the test runs on the default study and all its parcels: by hand, it takes a quarter of an hour or more. A
folder's name is that of its archive, where that has been simulated already (results/archive)."""

# The parcels lie in one corner, so that what is stored is less than the tile; the days of the selection begin and end
# within months; one mask needs the other level, one reaches farther than all others, one needs the sun.
STUDY: dict[str, Any] = SMALL | {
    "period": {"start": "2022-04-26", "end": "2022-05-20"},
    "source": SMALL["source"] | {"size": 2400, "parcels": 110},
    "parcels": {"file": "corner.gpkg", "minimum_class_size": 3},
    "steps": {
        "season": {"do": "select", "start": "05-03", "end": "05-16"},
        "clear": {
            "do": "mask",
            "methods": [
                "scl",
                "s2cloudless",
                {"do": "shadow", "by": "projection", "clouds": "scl", "heights": [200, 500]},
            ],
            "dilate": 20,
        },
        "equal": {"do": "interpolate", "every": "10d"},
    },
    "branches": {
        "raw": {"level": "L1C"},
        "preprocessed": {"level": "L2A", "steps": ["season", "clear", "equal"]},
    },
    "models": {"tempcnn": {}},
    "training": {"seeds": [0], "epochs": 1, "dates": 4},
}
if DEFAULT:
    STUDY = yaml.safe_load((ROOT / "config.yaml").read_text())
    STUDY["parcels"]["file"] = "corner.gpkg"
PREPROCESSED = "/".join(["L2A", *STUDY["branches"]["preprocessed"]["steps"]])
CHAINS = ("L1C", PREPROCESSED.rpartition("/")[0], PREPROCESSED)
TARGETS = [f"results/series/{chain}/series.nc" for chain in CHAINS]
STORE = Path(STUDY["source"].get("store", "results/archive"))


@dataclass(frozen=True)
class Simulated:
    """The study from the simulator's own files.

    Attributes
    ----------
    project: where it ran.
    products: `.SAFE` folders that it needed.
    """

    project: Project
    products: tuple[Path, ...]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    project = Project(tmp_path_factory.mktemp("simulated") / "project", STUDY)
    if DEFAULT and Path(DEFAULT).is_dir():
        shutil.copytree(DEFAULT, project.folder / STORE)
    with project.configured(parcels={}):
        made = project.snakemake("--", "results/landscape/parcels.gpkg")
        assert made.returncode == 0, made.stderr
    parcels = gpd.read_file(project.folder / "results" / "landscape" / "parcels.gpkg")
    left, _, _, top = parcels.total_bounds
    corner = parcels if DEFAULT else parcels.cx[: left + 1100, top - 1100 :]
    assert len(corner) > 15
    corner.to_file(project.folder / "corner.gpkg")
    result = project.snakemake("--", *TARGETS, timeout=7200)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return Simulated(project, tuple(sorted((project.folder / STORE).rglob("*.SAFE"))))


@pytest.fixture(scope="module")
def sources(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """The key `source` of the study for each kind of archive."""
    if not pgstac.available():
        message = "no STAC API server; tests/peers/install_pgstac.sh installs one"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    root = tmp_path_factory.mktemp("served")
    mirror = root / "mirror"
    for number, product in enumerate(simulated.products):
        if number % 2:
            shutil.copytree(product, mirror / str(number) / product.name)
            continue
        (mirror / "zipped").mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(mirror / "zipped" / f"{product.stem}.zip", "w") as target:
            for file in sorted(product.rglob("*")):
                target.write(file, file.relative_to(product.parent))
    proxy, double = SignedProxy(0), SentinelHubDouble(list(simulated.products))
    items: list[Any] = []
    for product in simulated.products:
        files = archive.write_cogs(product, root / "cogs")
        items += archive.items(product, files, root, f"{proxy.url}/files", ["plain"])
    place = tmp_path_factory.mktemp("stac")
    with (
        double.running(),
        proxy.running(),
        pgstac.stac_server(place, root, archive.collections(), items) as port,
    ):
        proxy.upstream = port
        collections = {level: archive.collection_id("plain", level) for level in ("L1C", "L2A")}
        yield {
            "safe": {"kind": "safe", "store": str(mirror)},
            "stac": {"kind": "stac", "preset": "plain", "url": proxy.url, "collections": collections},
            "sentinelhub": {
                "kind": "sentinelhub", "url": double.url, "token_url": double.token_url, "profile": "mine",
            },
        }  # fmt: skip


@pytest.fixture
def project(simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder for the study; the credentials stand in a profile of sentinelhub-py only."""
    monkeypatch.delenv("SH_CLIENT_ID")
    monkeypatch.delenv("SH_CLIENT_SECRET")
    SHConfig(use_defaults=True, sh_client_id=CLIENT, sh_client_secret=SECRET).save("mine")
    project = Project(tmp_path / "project", STUDY)
    shutil.copy(simulated.project.folder / "corner.gpkg", project.folder)
    return project


@pytest.mark.parametrize("kind", ["safe", "stac", "sentinelhub"])
def test_a_study_from_each_archive_gives_the_series_of_the_simulators_files(
    kind: str, simulated: Simulated, sources: dict[str, dict[str, Any]], project: Project
) -> None:
    project.config["source"] = sources[kind]
    project.write(project.config)
    # the pictures look beyond the parcels too
    pictures = ["results/report/figures/chips.png"] if kind == "stac" else []
    result = project.snakemake("--", *TARGETS, "results/scenes/ledger.csv", *pictures, timeout=7200)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    for target in TARGETS:
        ours, expected = (xr.load_dataset(p.folder / target) for p in (project, simulated.project))
        xr.testing.assert_equal(ours, expected)
        assert np.isfinite(ours["reflectance"]).any()
    ledger = pd.read_csv(project.folder / "results" / "scenes" / "ledger.csv")
    assert ledger["found"].sum() == ledger["used"].sum() == len(simulated.products)
    assert (ledger["requests"].sum() > 0) == (kind != "safe")
    assert (ledger["processing_units"].sum() > 0) == (kind == "sentinelhub")
