"""Folds of cross-prediction: every labelled parcel is in the test part exactly once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from ..config.sources import Split
from ..errors import InputError
from ..log import logger
from .split import PARTS, blocks_of, divide

HEAD = ("parcel", "class", "block", "fold")


def part_column(fold: int) -> str:
    """Name of the column with the parcels' parts in a fold."""
    return f"part_{fold}"


def deal(parcels: gpd.GeoDataFrame, config: Split, folds: int) -> pd.DataFrame:
    """Deal the usable parcels into folds, each of which is the test part once.

    By blocks, as the split deals its own folds; parcels that were divided at random stay divided at random. Where
    parcels have no position, lie in too few blocks, or a class has fewer than three, they are dealt at random too,
    which is logged: then neighbours of a parcel taught the model that answers it.

    Parameters
    ----------
    parcels
        `parcel`, `class`, `status`, geometry.
    config
        The study's split; its block, buffer, validation share and seed hold here too.
    folds
        How many.

    Returns
    -------
    DataFrame
        `parcel`, `class`, `block` ("" where dealt at random), `fold` (number from 0 of the fold that tests it) and
        for each fold `part_<number>`: "train", "validation" or "test", or "" for parcels that a buffer sets aside.

    Raises
    ------
    InputError
        There are fewer usable parcels than twice the folds.
    """
    usable = parcels[parcels["status"] == "usable"]
    if len(usable) < 2 * folds:
        raise InputError(f"prediction.folds: {len(usable)} usable parcels are too few for {folds} folds; ask for fewer")
    reason = "" if config.method == "random" else _not_by_blocks(usable, config, folds)
    if reason:
        logger.warning("prediction.folds: parcels are dealt at random, because %s", reason)
    if config.method == "random" or reason:
        return _at_random(usable, config, folds)
    table = pd.DataFrame({"parcel": usable["parcel"].astype(str), "class": usable["class"].astype(str)})
    table = table.reset_index(drop=True)
    table["block"], table["fold"] = blocks_of(usable, config.block), -1
    by_blocks = config.model_copy(update={"method": "blocks", "column": None, "parts": None, "folds": folds})
    for fold in range(folds):
        parts, _ = divide(parcels, by_blocks.with_fold(fold))
        part = table["parcel"].map(parts.set_index("parcel")["part"]).fillna("")
        table[part_column(fold)] = part
        table.loc[part == "test", "fold"] = fold
    return table


def split_of(table: pd.DataFrame, fold: int) -> pd.DataFrame:
    """One fold's split as `split.divide` makes it: `parcel`, `class`, `part`, `block`."""
    part = table[part_column(fold)]
    held = table[part != ""]
    return held[["parcel", "class"]].assign(part=part[part != ""], block=held["block"]).reset_index(drop=True)


def folds_of(table: pd.DataFrame) -> int:
    """How many folds a table of `deal` has."""
    return sum(str(column).startswith("part_") for column in table.columns)


def _not_by_blocks(usable: gpd.GeoDataFrame, config: Split, folds: int) -> str:
    """Why parcels cannot be dealt by blocks; "" if they can."""
    if "geometry" not in usable or usable.geometry.isna().any() or usable.geometry.is_empty.any():
        return "they have no outlines"
    if (usable["class"].value_counts() < len(PARTS)).any():
        return "a class has fewer than three parcels"
    found = len(np.unique(blocks_of(usable, config.block)))
    if found < folds + 2:
        return f"they lie in only {found} blocks of {config.block:g} m (split.block)"
    return ""


def _at_random(usable: gpd.GeoDataFrame, config: Split, folds: int) -> pd.DataFrame:
    """Parcels of each class dealt in turn; of the other folds' parcels a share is the validation part."""
    table = pd.DataFrame({"parcel": usable["parcel"].astype(str), "class": usable["class"].astype(str), "block": ""})
    table = table.reset_index(drop=True)
    generator = np.random.default_rng([config.seed, folds])
    # In the order of the ids, so that the draw does not depend on the order of the file.
    order = table.sort_values("parcel", kind="stable").index.to_numpy()
    order = order[generator.permutation(len(order))]
    order = order[np.argsort(table["class"].to_numpy(str)[order], kind="stable")]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    table["fold"] = place % folds
    share = config.validation / (1 - 1 / folds)
    for fold in range(folds):
        # Every 1/share-th of the others in the order of classes: large classes give their share, small ones take turns.
        rest = order[table["fold"].to_numpy()[order] != fold]
        step = np.floor((np.arange(len(rest)) + 1) * share) > np.floor(np.arange(len(rest)) * share)
        part = np.full(len(table), "train", dtype=object)
        part[rest[step]] = "validation"
        table[part_column(fold)] = np.where(table["fold"] == fold, "test", part)
    return table
