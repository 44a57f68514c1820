"""A made-up explanation: two parcels, one of them shown one by one, every number known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from cloudrobust.evaluation.explanations.names import GATES

DATES, SHOWN = 12, 10
PARCELS = ["f01", "f02"]
BANDS = ["B02", "B04", "B08"]
LAYERS, HEADS, UNITS = 2, 3, 4


def explanation() -> xr.Dataset:
    """Of `f01` the last two dates are not shown; every third shown date is cloudy; head h attends date h alone."""
    generator = np.random.default_rng(3)
    time = np.broadcast_to(pd.date_range("2022-03-01", periods=DATES, freq="15D").values, (2, DATES))
    shown = np.ones((2, DATES), bool)
    shown[0, SHOWN:] = False
    marked = np.zeros((2, DATES), np.float32)
    marked[:, ::3] = 1
    attention = np.zeros((1, LAYERS, HEADS, DATES, DATES), np.float32)
    for head in range(HEADS):
        attention[0, :, head, :, head] = 1
    received = np.zeros((2, LAYERS, HEADS, DATES), np.float32)
    received[:, :, np.arange(HEADS), np.arange(HEADS)] = 1
    flat = ("parcel", "date", "band")
    return xr.Dataset(
        {
            "reflectance": (flat, generator.uniform(0.05, 0.5, (2, DATES, 3)).astype(np.float32)),
            "gradient": (flat, generator.normal(size=(2, DATES, 3)).astype(np.float32)),
            "integrated": (flat, generator.normal(size=(2, DATES, 3)).astype(np.float32)),
            "change": ("parcel", [2.5, 1.0]),
            "gap": ("parcel", [0.012, 0.03]),
            "points": ("parcel", [16, 64]),
            "shown": (flat[:2], shown),
            "marked": (flat[:2], marked),
            "class": ("parcel", np.array(["maize", "wheat"], object)),
            "predicted": ("parcel", np.array(["maize", "maize"], object)),
            "attention": (("pictured", "layer", "head", "output", "date"), attention),
            "received": (("parcel", "layer", "head", "date"), received),
            "activation": (
                ("pictured", "direction", "gate", "date", "unit"),
                generator.uniform(0.1, 0.9, (1, 2, len(GATES), DATES, UNITS)).astype(np.float32),
            ),
        },
        {
            "parcel": np.array(PARCELS, object),
            "band": BANDS,
            "time": (("parcel", "date"), time),
            "pictured": np.array(PARCELS[:1], object),
            "gate": list(GATES),
        },
        {"marked": "cloudy", "gradient_of": "logit", "tolerance": 0.05},
    )
