"""What the page's map and panels are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from ...evaluation.explanations.clouds import marked_dates
from ..numbers import model_name
from ..palette import BANDS, band_colour, class_colours
from .packing import integers, outlines

Key = tuple[str, str]
TOLD = ("likely", "answered_by")


def parcel_content(
    parcels: gpd.GeoDataFrame,
    answers: Mapping[Key, pd.DataFrame],
    seeds_right: Mapping[Key, pd.Series],
    start: int = 0,
) -> dict[str, Any]:
    """Every parcel once, column by column, and what each run says of it.

    Parameters
    ----------
    parcels
        `parcel`, `class`, `area`, `status`, `reason`, `geometry`.
    answers
        By branch and model, of `report.answer_files.parcel_answers`, one row a parcel.
    seeds_right
        By branch and model: share of seeds that are right, by id of the scored parcels.
    start
        Position of the run that the map shows first.
    """
    # A run without answers out of fold knows the part of its own answers only.
    known = pd.concat([frame.set_index("parcel")["part"] for frame in answers.values()])
    part = known[known != "none"].groupby(level=0).first()
    ids = parcels["parcel"].astype(str)
    said = {name for frame in answers.values() for name in frame["predicted"].dropna()}
    classes = sorted(said | set(parcels["class"].dropna()))
    number = {name: n for n, name in enumerate(classes)}
    parts = ["train", "validation", "test", "none"]
    reasons = sorted(set(parcels["reason"].fillna("").astype(str)))
    # Sets of likely classes and names of models: each once, and its number for every parcel.
    words = sorted({word for frame in answers.values() for name in TOLD for word in frame[name].dropna()})
    place = {word: n for n, word in enumerate(words)}
    shown = outlines(parcels)
    content: dict[str, Any] = {
        "classes": classes,
        "colours": [class_colours(classes)[name] for name in classes],
        "parts": parts,
        "reasons": reasons,
        "words": words,
        "id": ids.tolist(),
        "class": [number.get(name, -1) for name in parcels["class"]],
        "area": [None if not np.isfinite(a) else round(a) for a in parcels["area"].astype(float)],
        "part": [parts.index(p) if p in parts else 3 for p in part.reindex(ids).fillna("none")],
        "status": parcels["status"].astype(str).tolist(),
        "reason": [reasons.index(r) for r in parcels["reason"].fillna("").astype(str)],
        **shown,
        "start": start,
        "runs": [],
    }
    for (branch, model), frame in answers.items():
        rows = frame.set_index("parcel").reindex(ids)
        right = seeds_right[branch, model].reindex(ids).to_numpy(float)
        content["runs"].append(
            {
                "branch": branch,
                "model": model,
                "name": f"{model_name(model)}, {branch}",
                **{
                    key: [number.get(name, -1) for name in rows[column]]
                    for key, column in (("predicted", "predicted"), ("second", "second"), ("third", "third"))
                },
                **{
                    key: _thousandths(rows[column])
                    for key, column in (
                        ("p1", "probability"), ("p2", "probability_2"), ("p3", "probability_3"), ("entropy", "entropy"),
                        ("disagreement", "disagreement"),
                    )
                },
                "likely": [place.get(word, -1) for word in rows["likely"]],
                "likely_count": [-1 if pd.isna(n) else int(n) for n in rows["likely_count"]],
                "by": [place.get(word, -1) for word in rows["answered_by"]],
                "out_of_fold": bool(rows["fold"].notna().any()),
                "clear": [None if pd.isna(n) else int(n) for n in rows["clear_dates"]],
                "right": [-1 if not np.isfinite(share) else round(1000 * share) for share in right],
            }
        )  # fmt: skip
    return content


def _thousandths(values: pd.Series) -> list[int]:
    numbers = values.to_numpy(float)
    return np.where(np.isfinite(numbers), np.round(1000 * np.nan_to_num(numbers)), -1).astype(int).tolist()


def series_content(
    series: Mapping[str, xr.Dataset], clouds: xr.Dataset, order: Sequence[str], limit: int
) -> dict[str, Any]:
    """Series of at most `limit` parcels (the first of `order`) in every branch, with the dates that are marked.

    Reflectance is rounded to a thousandth.
    """
    wanted = list(order[:limit])
    content: dict[str, Any] = {"branches": {}, "limit": limit, "left_out": max(len(order) - limit, 0)}
    for branch, cube in series.items():
        held = set(cube["parcel"].values.astype(str))
        parcels = [parcel for parcel in wanted if parcel in held]
        time = cube["time"].values.astype("datetime64[ns]")
        bands = [str(band) for band in cube["band"].values]
        marked, word = marked_dates(cube, clouds, np.array(parcels, dtype=str), time)
        values = cube["reflectance"].sel(parcel=parcels).transpose("parcel", "band", "time").values
        content["branches"][branch] = {
            "parcels": parcels,
            "time": np.datetime_as_string(time, unit="D").tolist(),
            "bands": bands,
            "colours": [band_colour(band) for band in bands],
            "order": sorted(range(len(bands)), key=lambda n: list(BANDS).index(bands[n]) if bands[n] in BANDS else 99),
            "marked": integers(marked, 1),
            "word": word,
            "values": integers(values, 1000, along=1),
        }
    return content


def attention_content(explained: Mapping[Key, xr.Dataset]) -> dict[str, Any]:
    """What each input date receives of a Transformer's attention, in thousandths, for many parcels."""
    content: dict[str, Any] = {}
    for (branch, model), dataset in explained.items():
        if "attended" not in dataset:
            continue
        time = dataset["attended_time"].values.astype("datetime64[D]")
        content[f"{branch}/{model}"] = {
            "parcels": dataset["attended_parcel"].values.astype(str).tolist(),
            "layers": dataset.sizes["layer"],
            "heads": dataset.sizes["head"],
            "dates": dataset.sizes["date"],
            "days": integers(np.where(np.isnat(time), np.nan, (time - np.datetime64("2000-01-01")).astype(float)), 1),
            "values": integers(dataset["attended"].values, 1000),
        }
    return content
