"""How far parcels lie from each other: the distance between the parts of a split."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError

COLUMNS = ("parcel", "part", "to", "distance")
BESIDE = "random"
"""What `compared_distances` calls the split that is only there for comparison."""
NEIGHBOURS = (("test", "train"), ("test", "validation"), ("validation", "train"))
"""From which part to which; the first is the distance over which what was learned is carried."""


def in_metres(parcels: gpd.GeoDataFrame, why: str) -> gpd.GeoSeries:
    """Outlines in a projected system.

    Raises
    ------
    InputError
        If a parcel has no position; `why` names the key that asks for it.
    """
    geometry = parcels.geometry
    lost = geometry.isna() | geometry.is_empty
    if lost.any() or geometry.crs is None:
        raise InputError(
            f"{why}: parcel {parcels['parcel'].iloc[int(lost.to_numpy().argmax())]!r} has no position; "
            "give source.longitude and source.latitude, or use method random"
        )
    return geometry if geometry.crs.is_projected else geometry.to_crs(geometry.estimate_utm_crs())


def nearest(first: gpd.GeoSeries, second: gpd.GeoSeries) -> NDArray[np.float64]:
    """Metres from each outline of `first` to the nearest of `second`; 0 where they touch, infinite without any."""
    distance = np.full(len(first), np.inf)
    if len(first) and len(second):
        tree = shapely.STRtree(second.to_numpy())
        (place, _), found = tree.query_nearest(first.to_numpy(), return_distance=True, all_matches=False)
        distance[place] = found
    return distance


def distances(parcels: gpd.GeoDataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Distance of each parcel of a part to the nearest parcel of another part.

    Parameters
    ----------
    parcels
        `parcel` and `geometry`.
    split
        `parcel`, `part`.

    Returns
    -------
    DataFrame
        `parcel`, `part`, `to` (the other part) and `distance` (metres between the outlines) for the pairs of parts
        `NEIGHBOURS`. Empty where parcels have no position, as those of a table without longitude and latitude.
    """
    geometry = parcels.geometry
    if geometry.crs is None or not geometry.notna().any():
        return pd.DataFrame(columns=list(COLUMNS))
    known = parcels[geometry.notna() & ~geometry.is_empty]
    shapes = in_metres(known, "distances")
    shapes.index = pd.Index(known["parcel"].astype(str))
    ids = split["parcel"].astype(str)
    held = {part: shapes[shapes.index.isin(ids[split["part"] == part])] for part in ("train", "validation", "test")}
    frames = [
        pd.DataFrame(
            {"parcel": held[part].index, "part": part, "to": other, "distance": nearest(held[part], held[other])}
        )
        for part, other in NEIGHBOURS
    ]
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def compared_distances(parcels: gpd.GeoDataFrame, split: pd.DataFrame, random: pd.DataFrame | None) -> pd.DataFrame:
    """`distances` of a split and of a random split of the same parcels, told apart by the column `split`.

    Parameters
    ----------
    parcels, split
        As in `distances`.
    random
        Another split of the same parcels; None where there can be none.
    """
    frames = [distances(parcels, split).assign(split="split")]
    if random is not None:
        frames.append(distances(parcels, random).assign(split=BESIDE))
    return pd.concat(frames, ignore_index=True)[["split", *COLUMNS]]


def distance_table(distances: pd.DataFrame) -> pd.DataFrame:
    """Numbers of the distances: one line a pair of parts.

    Returns
    -------
    DataFrame
        `split`, `part`, `to`, `parcels`, `nearest`, `q25`, `median`, `q75`, `farthest` (metres), `touching` (share of
        the parcels that lie nearer than 10 m, a pixel, to the other part).
    """
    lines = []
    for (split, part, to), rows in distances.groupby(["split", "part", "to"], sort=False):
        values = rows["distance"].to_numpy(float)
        low, q25, median, q75, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        lines.append((split, part, to, len(values), low, q25, median, q75, high, float((values < 10).mean())))
    columns = ["split", "part", "to", "parcels", "nearest", "q25", "median", "q75", "farthest", "touching"]
    return pd.DataFrame(lines, columns=columns)
