"""Small results of every kind that tables and figures are made from."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from cloudrobust.scenes.bands import BAND, bands_of

CROPS = ["maize", "winter wheat", "grassland", "sugar beet"]
SIDE, FIELD = 6, 200.0


@pytest.fixture
def with_gid() -> Callable[[Figure, str], list[Artist]]:
    """A function that finds the artists of a figure by their group id."""

    def find(figure: Figure, gid: str) -> list[Artist]:
        return figure.findobj(lambda artist: artist.get_gid() == gid)

    return find


@pytest.fixture
def parcels() -> gpd.GeoDataFrame:
    """36 square fields of 200 m: 33 usable, two excluded, one without a label; one has a hole."""
    corners = [(700_000 + FIELD * x, 5_400_000 + FIELD * y) for x in range(SIDE) for y in range(SIDE)]
    fields = [shapely.box(x + 5, y + 5, x + FIELD - 5, y + FIELD - 5) for x, y in corners]
    fields[0] = fields[0].difference(fields[0].buffer(-50))
    count = len(fields)
    frame = gpd.GeoDataFrame(
        {
            "parcel": [f"f{n:02d}" for n in range(count)],
            "class": [CROPS[min(n % 5, 3)] for n in range(count)],
            "area": shapely.area(fields),
            "status": "usable",
            "reason": "",
        },
        geometry=fields,
        crs=32632,
    )
    frame.loc[33:34, ["status", "reason"]] = ["excluded", "smaller than 4 pixels after the buffer"]
    frame.loc[35, ["status", "reason", "class"]] = ["unlabelled", "no label", None]
    return frame


@pytest.fixture
def split(parcels) -> pd.DataFrame:
    """Blocks of 400 m: four parcels each."""
    usable = parcels[parcels["status"] == "usable"]
    points = usable.geometry.representative_point()
    blocks = [f"{int(x // 400)}_{int(y // 400)}" for x, y in zip(points.x, points.y, strict=True)]
    parts = {block: ("train", "test", "validation")[n % 3] for n, block in enumerate(sorted(set(blocks)))}
    table = usable[["parcel", "class"]].assign(part=[parts[block] for block in blocks], block=blocks)
    return pd.DataFrame(table).reset_index(drop=True)


@pytest.fixture
def frames(split) -> dict[tuple[str, str], pd.DataFrame]:
    """Predictions of two models and two branches with three seeds; some are wrong, more of them raw."""
    generator = np.random.default_rng(5)
    runs = {}
    for branch, skill in (("raw", 0.6), ("preprocessed", 0.85)):
        for model in ("lstm", "transformer"):
            parts = []
            for seed in range(3):
                right = generator.random(len(split)) < skill
                wrong = generator.choice(CROPS, len(split))
                part = split[["parcel", "class", "part"]].assign(seed=seed)
                part["predicted"] = np.where(right, part["class"], wrong)
                for crop in CROPS:
                    part[f"p:{crop}"] = (part["predicted"] == crop).astype("float32")
                parts.append(part)
            runs[branch, model] = pd.concat(parts, ignore_index=True)
    return runs


def _series(values: np.ndarray, times: pd.DatetimeIndex, level: str, **others: np.ndarray) -> xr.Dataset:
    bands = list(bands_of(level))
    return xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values[None].astype("float32")),
            **{name: (("parcel", "time"), array[None]) for name, array in others.items()},
        },
        coords={
            "parcel": ["f01"],
            "time": times,
            "band": bands,
            "wavelength": ("band", [BAND[b].wavelength for b in bands]),
        },
        attrs={"level": level},
    )


@pytest.fixture
def series() -> tuple[xr.Dataset, xr.Dataset, xr.Dataset]:
    """Raw (24 dates of a year, every third cloudy), masked (March to October), preprocessed (every 14 days)."""
    times = pd.date_range("2018-01-05T10:21:09", periods=24, freq="15D")
    cloudy = np.arange(24) % 3 == 0
    green = np.exp(-(((times.day_of_year.to_numpy() - 190) / 60) ** 2))
    slope = np.linspace(0.05, 0.4, 13)
    ground = 0.05 + green[:, None] * slope
    raw = _series(np.where(cloudy[:, None], 0.7, ground), times, "L1C", observed=np.ones(24, "int8"))
    season = (times.month >= 3) & (times.month <= 10)
    clear = np.where(cloudy, 0.1, 1.0)
    boa = np.where(cloudy[:, None], np.nan, np.delete(ground, 10, axis=1) * 0.9)
    masked = _series(
        boa[season], times[season], "L2A", observed=(~cloudy[season]).astype("int8"), clear_fraction=clear[season]
    )
    masked["reflectance_std"] = masked["reflectance"] * 0.1
    equal = pd.date_range("2018-03-01", "2018-10-31", freq="14D")
    filled = np.full((len(equal), 12), 0.2)
    observed = (np.arange(len(equal)) % 2).astype("int8")
    preprocessed = _series(filled, equal, "L2A", observed=observed)
    preprocessed.attrs |= {"time_coverage_start": "2018-03-01", "time_coverage_end": "2018-10-31"}
    return raw, masked, preprocessed
