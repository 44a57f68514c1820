"""A study of real GeoTIFFs as they lie, with masks from elsewhere, through Snakemake: equal to exactextract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from exactextract import exact_extract

from cloudrobust.scenes.bands import BANDS
from scenes.real_scenes import slovenia_files

from .project import Project


def study(folder: Path) -> dict[str, Any]:
    mask = {"do": "mask", "method": "raster", "folder": str(folder), "pattern": "{time:%Y%m%d}_cloudprob.tif",
            "above": 0.4, "minimum_clear": 0}  # fmt: skip
    return {
        # One month, a clear scene and a cloudy one; tests/parcels/test_real_scenes.py looks at all five.
        "period": {"start": "2015-07-01", "end": "2015-07-31"},
        "source": {"kind": "rasters", "store": str(folder), "pattern": "{time:%Y%m%d}.tif", "level": "L1C"},
        "parcels": {"file": str(folder / "landuse.gpkg"), "id": "index", "label": "LULC_NAME", "buffer": 0,
                    "minimum_inside": 0, "minimum_pixels": 0.01, "minimum_class_size": 3},
        "split": {"method": "random"},
        "steps": {"clear": mask},
        "branches": {"raw": {"level": "L1C"}, "preprocessed": {"level": "L1C", "steps": ["clear"]}},
        "models": {"forest": {"trees": 5}},
    }  # fmt: skip


def expected(files: list[Path], fields: gpd.GeoDataFrame, folder: Path, masked: bool) -> np.ndarray:
    """(parcel, time, band) exactextract's means of the files, without the pixels of a probability above 0.4."""
    means = []
    for file in files:
        with rasterio.open(file) as image, rasterio.open(file.with_name(f"{file.stem}_cloudprob.tif")) as clouds:
            pixels = image.read().astype("float64")
            pixels[:, (clouds.read(1) > 0.4) if masked else np.zeros(image.shape, bool)] = 0  # 0 is no data
            profile = image.profile | {"dtype": "float64"}
        with rasterio.open(folder / "copy.tif", "w", **profile) as copy:
            copy.write(pixels)
        peer = exact_extract(folder / "copy.tif", fields, ["mean"], output="pandas")
        means.append(peer[[f"band_{number}_mean" for number in range(1, 14)]].apply(pd.to_numeric).to_numpy() / 10000)
    return np.stack(means, axis=1)


def test_the_slovenian_files_as_they_lie_give_exactextracts_means(tmp_path: Path, real_data: Path) -> None:
    folder = real_data / "slovenia-l1c-2015"
    project = Project(tmp_path / "project", study(folder))
    chains = {"L1C": False, "L1C/clear": True}
    made = project.snakemake("--", *(f"results/series/{chain}/series.nc" for chain in chains))
    assert made.returncode == 0, made.stdout[-4000:] + made.stderr[-8000:]
    files = slovenia_files(real_data)[:2]
    landuse = gpd.read_file(folder / "landuse.gpkg").set_index("index")
    landuse.index = landuse.index.astype(str)
    for chain, masked in chains.items():
        with xr.open_dataset(project.folder / "results" / "series" / chain / "series.nc") as series:
            assert series["time"].dt.strftime("%Y%m%d").values.tolist() == [file.stem for file in files]
            assert series["band"].values.tolist() == list(BANDS)
            assert series.sizes["parcel"] == 88
            crs = rasterio.open(files[0]).crs
            fields = landuse.loc[series["parcel"].values.astype(str), ["geometry"]].to_crs(crs).reset_index(drop=True)
            means = expected(files, fields, tmp_path, masked)
            got = series["reflectance"].transpose("parcel", "time", "band").values
        assert np.isnan(means).any() == masked
        np.testing.assert_allclose(got, means, atol=1e-6, rtol=0, equal_nan=True)
