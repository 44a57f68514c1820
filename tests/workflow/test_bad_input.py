"""Bad input gets one clear sentence, and nothing that was computed before is lost."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from .project import SMALL, Project

PARCELS = "results/parcels/parcels.parquet"


def config(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(SMALL) | parts


def sentences(project: Project, *arguments: str) -> list[str]:
    """The distinct sentences of a run that must fail."""
    result = project.snakemake(*arguments)
    assert result.returncode != 0
    printed = (result.stdout + result.stderr).splitlines()
    return list(dict.fromkeys(line for line in printed if line.startswith("error: ")))


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"stepz": {}}, "unknown key 'stepz'; did you mean 'steps'?"),
        ({"branches": {"raw": {"level": "L1C", "steps": ["seasn"]}}}, "unknown step 'seasn'; did you mean 'season'?"),
        ({"period": {"start": "2022-06-30", "end": "2022-04-01"}}, "end 2022-04-01 lies before start 2022-06-30"),
        ({"parcels": {"file": "fields.gpkg"}}, "parcels.file: there is no file fields.gpkg; check the path"),
        ({"source": {"kind": "safe", "store": "mirror"}}, "parcels.file: name the vector file with your parcels"),
    ],
)
def test_a_wrong_configuration_stops_before_any_work(tmp_path: Path, parts: dict[str, Any], sentence: str) -> None:
    project = Project(tmp_path / "project", config(**parts))
    said = sentences(project)
    assert len(said) == 1
    assert sentence in said[0]
    assert not (project.folder / "results").exists()


class TestParcelFiles:
    """Mistakes in the user's parcel file, found in the job that reads it."""

    @pytest.fixture(scope="class")
    def project(self, tmp_path_factory: pytest.TempPathFactory) -> Project:
        project = Project(Path(tmp_path_factory.mktemp("parcels")) / "project")
        made = project.snakemake("--", "results/landscape/parcels.gpkg", "results/scenes/grids/32UPU.json")
        assert made.returncode == 0, made.stderr
        return project

    @pytest.fixture
    def fields(self, project: Project) -> gpd.GeoDataFrame:
        return gpd.read_file(project.folder / "results" / "landscape" / "parcels.gpkg")

    def said(self, project: Project, fields: gpd.GeoDataFrame) -> list[str]:
        file = project.folder / "fields.gpkg"
        file.unlink(missing_ok=True)
        fields.to_file(file)
        with project.configured(parcels=SMALL["parcels"] | {"file": "fields.gpkg"}):
            return sentences(project, "--", PARCELS)

    def test_a_file_without_crs(self, project: Project, fields: gpd.GeoDataFrame) -> None:
        said = self.said(project, fields.set_crs(None, allow_override=True))
        assert len(said) == 1
        assert "fields.gpkg" in said[0]
        assert "coordinate reference system" in said[0]

    def test_ids_that_occur_twice(self, project: Project, fields: gpd.GeoDataFrame) -> None:
        fields.loc[1, "parcel"] = fields.loc[0, "parcel"]
        said = self.said(project, fields)
        assert len(said) == 1
        assert f"{fields.loc[0, 'parcel']!r} more than once; ids must be unique" in said[0]

    def test_no_parcel_inside_any_scene(self, project: Project, fields: gpd.GeoDataFrame) -> None:
        said = self.said(project, fields.set_geometry(fields.translate(xoff=100_000)))
        assert len(said) == 1
        assert "lies in tile 32UPU" in said[0]

    def test_geometry_with_nan_and_a_class_of_two_are_named_in_the_ledger_and_go_no_further(
        self, project: Project, fields: gpd.GeoDataFrame
    ) -> None:
        fields.loc[0, "geometry"] = None
        fields.loc[1, "geometry"] = shapely.Polygon([(0, 0), (1, float("nan")), (1, 1), (0, 0)])
        fields["crop"] = fields["crop"].where(~fields.index.isin([2, 3]), "quinoa")
        file = project.folder / "fields.gpkg"
        file.unlink(missing_ok=True)
        fields.to_file(file)
        with project.configured(parcels=SMALL["parcels"] | {"file": "fields.gpkg"}):
            result = project.snakemake("--", PARCELS)
            assert result.returncode == 0, result.stderr
        parcels = gpd.read_parquet(project.folder / PARCELS).set_index("parcel")
        assert len(parcels) == len(fields)
        for row in (0, 1):
            assert parcels.loc[fields.loc[row, "parcel"], "status"] == "excluded"
            assert "geometry" in parcels.loc[fields.loc[row, "parcel"], "reason"]
        for row in (2, 3):
            assert "class 'quinoa' has only" in parcels.loc[fields.loc[row, "parcel"], "reason"]


class TestScenes:
    """Mistakes in the archive, found in the month's job."""

    @pytest.fixture(scope="class")
    def mirror(self, tmp_path_factory: pytest.TempPathFactory) -> Project:
        project = Project(Path(tmp_path_factory.mktemp("mirror")) / "project")
        for month in ("2022-04", "2022-05"):
            made = project.snakemake("--", f"results/scenes/L1C/32UPU/{month}.parquet")
            assert made.returncode == 0, made.stderr
        shutil.copytree(project.folder / "archive", project.folder / "mirror")
        parcels = project.folder / "parcels.gpkg"
        shutil.copy(project.folder / "results" / "landscape" / "parcels.gpkg", parcels)
        shutil.rmtree(project.folder / "results")
        project.config |= {
            "source": {"kind": "safe", "store": "mirror"},
            "parcels": SMALL["parcels"] | {"file": "parcels.gpkg"},
            "branches": {"raw": {"level": "L1C"}},
            "comparison": {"raw": "raw", "preprocessed": "raw"},
        }
        project.write(project.config)
        return project

    def test_a_truncated_image_is_named_and_other_months_are_kept(self, mirror: Project) -> None:
        image = min((mirror.folder / "mirror").rglob("*_20220[5]*_B04.jp2"))
        whole = image.read_bytes()
        image.write_bytes(whole[: len(whole) // 2])
        said = sentences(mirror, "--keep-going", "--", *(f"results/scenes/L1C/32UPU/2022-0{n}.parquet" for n in (4, 5)))
        assert len(said) == 1
        assert image.name in said[0]
        assert (mirror.folder / "results" / "scenes" / "L1C" / "32UPU" / "2022-04.parquet").is_file()
        image.write_bytes(whole)
        assert mirror.snakemake("--", "results/scenes/L1C/32UPU/2022-05.parquet").returncode == 0

    def test_a_season_without_scenes(self, mirror: Project) -> None:
        with mirror.configured(period={"start": "2021-04-01", "end": "2021-05-31"}):
            said = sentences(mirror, "--", "results/series/L1C/series.nc")
        assert len(said) == 1
        assert "no scene of L1C lies between 2021-04-01 and 2021-05-31" in said[0]
