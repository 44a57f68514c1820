"""A made-up page: a chequerboard of parcels whose every number is known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from cloudrobust.evaluation.verdict import judge
from cloudrobust.report.page.content import attention_content, parcel_content, series_content
from cloudrobust.report.page.sections.answer import verdict_rows
from cloudrobust.report.page.tables import html_table
from cloudrobust.report.page.write import Page

CROPS = ("maize", "winter wheat", "grassland")
SIDE = 400.0
BRANCHES = ("raw", "preprocessed")


def parcels(across: int) -> gpd.GeoDataFrame:
    """`across` x `across` squares of 16 hectares, ids P0, P1, ... row by row from the south-west."""
    n = np.arange(across * across)
    x, y = 500_000 + n % across * (SIDE + 10), 5_400_000 + n // across * (SIDE + 10)
    frame = pd.DataFrame({"parcel": [f"P{k}" for k in n], "class": np.array(CROPS, object)[n % 3], "area": SIDE**2})
    frame["status"], frame["reason"] = "usable", ""
    frame.loc[0, ["class", "status", "reason"]] = [None, "unlabelled", "no label"]
    return gpd.GeoDataFrame(frame, geometry=shapely.box(x, y, x + SIDE, y + SIDE), crs=32632)


def answers(frame: gpd.GeoDataFrame, wrong_every: int) -> pd.DataFrame:
    """Right answers with .9, but each `wrong_every`-th parcel is called grassland with .6."""
    n = np.arange(len(frame))
    wrong = n % wrong_every == 1
    said = frame["class"].fillna("maize").to_numpy(object)
    said[wrong] = "grassland"
    p = np.where(wrong, 0.6, 0.9)
    rest = (1 - p) / 2
    return pd.DataFrame(
        {
            "parcel": frame["parcel"], "declared": frame["class"], "predicted": said, "probability": p,
            "second": "winter wheat", "probability_2": rest, "third": "maize", "probability_3": rest,
            "entropy": 0.25, "disagreement": 1 / 3, "clear_dates": 7, "likely": [f"{c} or maize" for c in said],
            "likely_count": 2, "answered_by": "fold 1 of 5: Transformer", "fold": 1,
            "part": np.where(n % 4 == 0, "test", "train"),
        }
    )  # fmt: skip


def series(frame: gpd.GeoDataFrame, dates: int = 20) -> xr.Dataset:
    """B04 and B08 of all parcels; every fourth date is cloudy."""
    time = pd.date_range("2022-03-01", periods=dates, freq="10D")
    values = np.full((len(frame), dates, 2), 0.1, np.float32)
    values[:, :, 1] = 0.4
    clear = np.ones((len(frame), dates), np.float32)
    clear[:, ::4] = 0.1
    values[:, ::4] = 0.8
    return xr.Dataset(
        {
            "reflectance": (("parcel", "time", "band"), values),
            "observed": (("parcel", "time"), np.ones(clear.shape, np.int8)),
            "clear_fraction": (("parcel", "time"), clear),
        },
        {"parcel": frame["parcel"].to_numpy(object), "time": time, "band": ["B04", "B08"]},
    )


def attended(cube: xr.Dataset) -> xr.Dataset:
    """One layer with two heads: the first looks at the first date alone, the second at all alike."""
    shape = (cube.sizes["parcel"], 1, 2, cube.sizes["time"])
    values = np.zeros(shape, np.float32)
    values[:, 0, 0, 0], values[:, 0, 1] = 1, 1 / shape[3]
    time = np.broadcast_to(cube["time"].values, (shape[0], shape[3]))
    return xr.Dataset(
        {"attended": (("attended_parcel", "layer", "head", "date"), values),
         "attended_time": (("attended_parcel", "date"), time)},
        {"attended_parcel": cube["parcel"].values},
    )  # fmt: skip


def verdicts() -> pd.DataFrame:
    """Three models of which one surely gains, one cannot be told and one did not finish learning."""
    generator = np.random.default_rng(0)
    shares = {"transformer": (0.9, 0.6), "A & <B>": (0.8, 0.8), "lstm": (0.9, 0.5)}
    pairs = {name: tuple(generator.random((3, 200)) < share for share in both) for name, both in shares.items()}
    return judge(pairs, np.arange(200) // 5, 0.01, {"lstm": "Training had not converged"}, resamples=200)


def page(across: int = 12, limit: int = 60) -> Page:
    """The page of `across`² parcels in two branches, with the series of `limit` of them."""
    frame = parcels(across)
    said = {("raw", "transformer"): answers(frame, 10), ("preprocessed", "transformer"): answers(frame, 5)}
    right = {
        key: pd.Series((f["declared"] == f["predicted"]).astype(float).to_numpy(), f["parcel"])
        for key, f in said.items()
    }
    few = frame.iloc[:limit]
    cube = series(few)
    return Page(
        title="Made-up study",
        question="Do deep models need preprocessed series?",
        answer="On made-up parcels, nobody knows.",
        cautions=["These numbers mean nothing."],
        forest=verdict_rows(verdicts()),
        tables={"answer": [html_table(pd.DataFrame({"model": ["A & <B>"], "raw": [".500"]}), "Scores")]},
        pictures=[],
        parcels=parcel_content(frame, said, right),
        series=series_content(dict.fromkeys(BRANCHES, cube), cube, few["parcel"].tolist(), limit),
        attention=attention_content({("raw", "transformer"): attended(cube)}),
        details="The models were not asked.",
        configuration='{"title": "Made-up study"}',
    )
