"""Steps of every kind through the real rules: prefixes are shared, and each chain ends in a series."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import xarray as xr

from .project import SMALL, Project

HALVED = '''"""A user's own step."""


def apply(cube, factor):
    return cube.assign(reflectance=cube["reflectance"] * factor)
'''

STEPS = SMALL["steps"] | {
    "cloudless": {"do": "mask", "method": "s2cloudless"},
    "monthly": {"do": "composite", "window": "month", "method": "median"},
    "greenness": {"do": "index", "names": ["NDVI"]},
    "mean": {"do": "aggregate"},
    "spectrum": {"do": "mask", "method": "parcel"},
    "halved": {"do": "custom", "file": "halved.py", "parameters": {"factor": 0.5}},
}
BRANCHES = {
    "raw": {"level": "L1C"},
    "own": {"level": "L1C", "steps": ["halved"]},
    "index": {"level": "L2A", "steps": ["clear", "monthly", "greenness"]},
    "matched": {"level": "L2A", "steps": ["cloudless"]},
    "without-pixels": {"level": "L2A", "steps": ["clear", "spectrum"]},
    "pixels": {"level": "L2A", "steps": ["clear", "equal", "mean"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    config = copy.deepcopy(SMALL) | {
        "period": {"start": "2022-05-01", "end": "2022-05-31"},
        "source": SMALL["source"] | {"size": 1200, "parcels": 40},
        "steps": STEPS,
        "branches": BRANCHES,
        "comparison": {"raw": "raw", "preprocessed": "index"},
    }
    project = Project(Path(tmp_path_factory.mktemp("steps")) / "project", config)
    (project.folder / "halved.py").write_text(HALVED)
    return project


def test_every_chain_ends_in_a_series_and_shares_its_prefixes(project: Project) -> None:
    planned = project.planned()
    assert planned["fetch_scenes"] == 2
    assert planned["mask_scenes"] == 2
    # The bare levels, the mask of `index`, the matched mask; pixels are averaged by their own rule.
    assert planned["observe_parcels"] == 3
    assert planned["apply_step"] == 4
    assert planned["aggregate_pixels"] == 1
    targets = [
        f"results/series/{chain}/series.nc"
        for chain in (
            "L1C/halved",
            "L2A/clear/monthly/greenness",
            "L2A/cloudless",
            "L2A/clear/equal/mean",
            "L2A/clear/spectrum",
        )
    ]
    result = project.snakemake("--", *targets)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    raw, halved, index, matched, pixels, tested = (
        xr.open_dataset(project.folder / target).load() for target in ("results/series/L1C/series.nc", *targets)
    )
    xr.testing.assert_allclose(halved["reflectance"], raw["reflectance"] * 0.5)
    assert index["band"].values.tolist()[-1] == "NDVI"
    assert index.sizes["time"] == 1
    assert 0 < matched["observed"].mean().item() < 1
    assert set(pixels["parcel"].values.tolist()) == set(raw["parcel"].values.tolist())
    assert pixels.attrs["chain"] == "L2A/clear/equal/mean"
    # The means of L1C are tested for an L2A series; beside it each series says what share of it is filled in.
    assert tested["cloud_probability"].dims == ("parcel", "time")
    assert 0 < tested["observed"].mean().item() < 1
    assert [one.attrs["filled_fraction"] for one in (raw, halved, index, matched, tested)] == [0] * 5
    assert 0 < pixels.attrs["filled_fraction"] < 1


def test_blocks_of_pixels_computed_by_dask_rerun_nothing_and_are_the_same(project: Project) -> None:
    chain = "results/series/L2A/clear/equal/mean/series.nc"
    assert project.snakemake("--", chain).returncode == 0
    before = (project.folder / chain).read_bytes()
    with project.configured(dask={"kind": "local", "workers": 1, "memory": "1.5GB"}):
        result = project.snakemake("--dry-run", "--", chain)
        assert "Nothing to be done" in result.stdout + result.stderr
        result = project.snakemake("--force", "--", chain)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]
    assert "dask: local, 1 workers" in result.stdout + result.stderr
    assert (project.folder / chain).read_bytes() == before


def test_editing_a_users_own_file_reruns_its_step_and_a_comment_does_not(project: Project) -> None:
    chain = "results/series/L1C/halved/series.nc"
    assert project.snakemake("--", chain).returncode == 0
    own = project.folder / "halved.py"
    own.write_text(HALVED.replace("def apply", "# why\ndef apply"))
    assert project.planned(chain) == {}
    own.write_text(HALVED.replace("* factor", "* factor * factor"))
    assert project.planned(chain) == {"apply_step": 1}


def test_a_missing_file_of_a_users_own_step_is_named_before_any_work(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", copy.deepcopy(SMALL) | {"steps": STEPS, "branches": BRANCHES | {
        "preprocessed": SMALL["branches"]["preprocessed"]}})  # fmt: skip
    result = project.snakemake("--dry-run")
    assert result.returncode != 0
    assert "steps.halved.file: there is no file halved.py; check the path" in result.stderr
