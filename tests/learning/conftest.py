"""A small made-up study: three crops that green up at different times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from cloudrobust.config.training import Training

CLASSES = ("barley", "maize", "wheat")
BANDS = ("B02", "B04", "B08", "B11")


@dataclass
class Files:
    """Paths of a series and its split, and what they hold."""

    series: Path
    split: Path

    def write(self, cube: xr.Dataset, split: pd.DataFrame) -> Files:
        cube.to_netcdf(self.series)
        split.to_parquet(self.split)
        return self

    def read(self) -> tuple[xr.Dataset, pd.DataFrame]:
        return xr.load_dataset(self.series), pd.read_parquet(self.split)


def crops(parcels: int, dates: int, gaps: float, seed: int = 0, step: int = 10) -> tuple[xr.Dataset, pd.DataFrame]:
    """Series (parcel, time, band) with a share of dates missing, and a split."""
    random = np.random.default_rng(seed)
    label = np.arange(parcels) % 3
    day = np.arange(dates) * step + 20.0
    peak = np.array([130.0, 220.0, 175.0])[label] + random.normal(0, 8, parcels)
    green = np.exp(-(((day - peak[:, None]) / 35) ** 2))
    shape = np.array([-0.05, -0.1, 0.4, -0.1])
    values = 0.2 + green[:, :, None] * shape + random.normal(0, 0.03, (parcels, dates, 4))
    missing = random.random((parcels, dates)) < gaps
    values[missing] = np.nan
    ids = np.array([f"p{n:03d}" for n in range(parcels)])
    cube = xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values.astype(np.float32)),
            "observed": (("parcel", "time"), (~missing).astype(np.int8)),
        },
        {"parcel": ids, "time": pd.Timestamp("2018-01-01") + pd.to_timedelta(day, "D"), "band": list(BANDS)},
        {"level": "L1C", "chain": "L1C"},
    )
    part = np.array(["train", "train", "test", "validation"])[np.arange(parcels) // 3 % 4]
    split = pd.DataFrame({"parcel": ids, "class": np.array(CLASSES)[label], "part": part, "block": "b"})
    return cube, split


@pytest.fixture
def files(tmp_path):
    """Function that writes a made-up study; see `crops`."""

    def write(parcels: int = 96, dates: int = 24, gaps: float = 0.0, **more: int) -> Files:
        return Files(tmp_path / "series.nc", tmp_path / "split.parquet").write(*crops(parcels, dates, gaps, **more))

    return write


@pytest.fixture
def training():
    """Function that gives settings of a short training."""

    def settings(**changes: object) -> Training:
        return Training(**{"seeds": (1,), "epochs": 3, "batch": 16, "dates": 70, "device": "cpu", **changes})

    return settings


@pytest.fixture(autouse=True)
def one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
