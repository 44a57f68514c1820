"""Dividing labelled parcels into train, validation and test.

Neighbouring fields are alike, so parcels drawn singly leak from train to test. In spatial blocks
all parcels of a square go to one part. Blocks are dealt out so that every class keeps its share of
each part: iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of
multi-label data", ECML PKDD, pp. 145-158), with a block in place of a multi-label example, and then
single moves of blocks as long as they bring the shares nearer.

Blocks of different parts still touch. With a buffer, parcels of train and validation that lie nearer to another part
than that are set aside (as in Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial,
hierarchical, or phylogenetic structure", Ecography 40:913-929). None is dropped without its reason.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..atomic import atomic
from ..config.sources import Split
from ..errors import InputError
from ..log import logger
from .distances import in_metres, nearest

PARTS = ("train", "validation", "test")
COLUMNS = ("parcel", "class", "part", "block")
ASIDE = ("parcel", "class", "block", "reason")

# What it costs that a class is missing in a part, far above any deviation of shares: a class that is not in
# train cannot be learned, one not in test cannot be judged, and validation can do without it most easily.
MISSING = np.array([4e6, 1e6, 2e6])


def split(parcels: gpd.GeoDataFrame, config: Split) -> pd.DataFrame:
    """Assign usable parcels to train, validation or test: the first table of `divide`."""
    return divide(parcels, config)[0]


def divide(parcels: gpd.GeoDataFrame, config: Split) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assign every usable parcel to train, validation or test, or set it aside with a reason.

    Parameters
    ----------
    parcels
        With their classes (`labels.label_parcels`); only those with status usable are taken. Their order does
        not matter. Method column needs the column `part` (see `read_parcels`).
    config
        Method, shares, side of the blocks, buffer, folds, seed.

    Returns
    -------
    parts
        Columns parcel, class, part, block (column and row of the square, "" for other methods), in the order of
        `parcels`. Classes that are not in every part are logged; `absent` lists them.
    aside
        Columns parcel, class, block, reason: usable parcels that are in no part, because of the buffer or because
        `split.parts` does not name the value of their column.

    Raises
    ------
    InputError
        If a class has fewer parcels than there are parts, parcels have no position for blocks, the given
        parts are not train, validation and test, or the buffer leaves a part empty.
    """
    usable = parcels[parcels["status"] == "usable"]
    if not len(usable):
        raise InputError("split: no labelled parcel is usable; see the reasons in the parcels table")
    table = pd.DataFrame({"parcel": usable["parcel"].astype(str), "class": usable["class"].astype(str)})
    table["reason"] = ""
    sizes = table["class"].value_counts()
    if config.method != "column" and (sizes < len(PARTS)).any():
        name = sorted(sizes.index[sizes < len(PARTS)])[0]
        raise InputError(
            f"split: class {name!r} has only {sizes[name]} parcels, too few for train, validation and test; "
            "raise parcels.minimum_class_size, or merge the class with another in parcels.classes"
        )
    # Sorted by id, so that the draw does not depend on the order of the file.
    order = np.argsort(table["parcel"].to_numpy(dtype=str), kind="stable")
    shares = np.array([1 - config.validation - config.test, config.validation, config.test])
    generator = np.random.default_rng(config.seed)
    classes = table["class"].to_numpy(dtype=str)[order]
    if config.method == "column":
        table["part"], table["reason"] = _given(usable, config)
        table["block"] = ""
    elif config.method == "random":
        table.loc[table.index[order], "part"] = _random(classes, shares, generator)
        table["block"] = ""
    else:
        table["block"] = blocks_of(usable, config.block)
        blocks = table["block"].to_numpy(dtype=str)[order]
        if config.fold is None:
            parts = _blocks(blocks, classes, shares, generator)
        else:
            parts = _fold(blocks, classes, config.folds, config.fold, config.validation, generator)
        table.loc[table.index[order], "part"] = parts
    if config.buffer > 0:
        _keep_apart(table, in_metres(usable, "split.buffer"), config.buffer)
    held = table[table["reason"] == ""]
    parts_table = held[list(COLUMNS)].reset_index(drop=True)
    aside = table.loc[table["reason"] != "", list(ASIDE)].reset_index(drop=True)
    _tell(parts_table, aside)
    return parts_table, aside


def beside(parcels: gpd.GeoDataFrame, config: Split) -> pd.DataFrame | None:
    """A random split of the same parcels with shares like those of `config`, to hold it against; None if random."""
    if config.method == "random":
        return None
    usable = parcels[parcels["status"] == "usable"]
    if (usable["class"].value_counts() < len(PARTS)).any():
        return None
    return split(parcels, config.random_like())


def absent(table: pd.DataFrame, aside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Columns class, part: the parts of a split in which a class has no parcel; also classes wholly set aside."""
    counts = pd.crosstab(table["class"], table["part"]).reindex(columns=list(PARTS), fill_value=0)
    if aside is not None:
        counts = counts.reindex(sorted({*counts.index, *aside["class"]}), fill_value=0)
    pairs = [(name, part) for name in counts.index for part in PARTS if not counts.loc[name, part]]
    return pd.DataFrame(pairs, columns=["class", "part"])


def classes_by_part(table: pd.DataFrame, aside: pd.DataFrame) -> pd.DataFrame:
    """How many parcels of each class are in each part: `class`, `train`, `validation`, `test`, `aside`."""
    both = pd.concat([table[["class", "part"]], aside[["class"]].assign(part="aside")], ignore_index=True)
    counts = pd.crosstab(both["class"], both["part"]).reindex(columns=[*PARTS, "aside"], fill_value=0)
    return counts.rename_axis(columns=None).reset_index()


def blocks_of(parcels: gpd.GeoDataFrame, side: float) -> NDArray[np.str_]:
    """(parcel,) name "column_row" of the square of `side` metres that holds the parcel's representative point."""
    points = in_metres(parcels, "split.method blocks").representative_point()
    columns, rows = (np.floor(axis / side).astype(np.int64) for axis in (points.x, points.y))
    return np.array([f"{column}_{row}" for column, row in zip(columns, rows, strict=True)])


def write_split(table: pd.DataFrame, path: str | Path) -> None:
    """Write a split as Parquet; the file appears whole or not at all."""
    with atomic(path) as part:
        table.to_parquet(part, index=False)


def load_split(path: str | Path) -> pd.DataFrame:
    """Read what `write_split` wrote."""
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no split yet; run the rule that makes it")
    return pd.read_parquet(path)


def _given(usable: gpd.GeoDataFrame, config: Split) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Part and reason (one of them "") of each parcel from its column."""
    if "part" not in usable.columns:
        raise ValueError("method column needs the column part; read the parcels with part_column")
    values = usable["part"]
    if config.parts is None:
        wrong = ~values.isin(PARTS)
        if wrong.any():
            row = usable[wrong].iloc[0]
            said = "nothing" if pd.isna(row["part"]) else repr(row["part"])
            raise InputError(
                f"split.column: column {config.column!r} says {said} for parcel {row['parcel']!r}; "
                f"its values must be {', '.join(PARTS)}, or name them in split.parts"
            )
        return values.to_numpy(dtype=str), np.full(len(usable), "", dtype=object)
    part_of = {value: part for part, named in config.parts.items() for value in named}
    known = sorted({str(value) for value in values.dropna()})
    for value, part in part_of.items():
        if value not in known:
            raise InputError(
                f"split.parts.{part}: no usable parcel has {value!r} in column {config.column!r}; "
                f"it has {', '.join(map(repr, known[:8]))}{' …' if len(known) > 8 else ''}"
            )
    parts = values.map(part_of)
    said = values.map(lambda value: "nothing" if pd.isna(value) else repr(str(value)))
    reason = (f"column {config.column!r} says " + said + ", which is in no part (split.parts)").where(parts.isna(), "")
    return parts.fillna("").to_numpy(dtype=str), reason.to_numpy(dtype=object)


def _keep_apart(table: pd.DataFrame, shapes: gpd.GeoSeries, buffer: float) -> None:
    """Give a reason to parcels of train and validation that are nearer than `buffer` metres to another part.

    The test part stays whole, and validation is held against it first, so that only training parcels make room for
    what is left of validation.
    """
    for part, other in (("validation", "test"), ("train", "test"), ("train", "validation")):
        kept = table["reason"] == ""
        mine, theirs = (kept & (table["part"] == name) for name in (part, other))
        near = nearest(shapes[mine.to_numpy()], shapes[theirs.to_numpy()]) < buffer
        table.loc[table.index[mine][near], "reason"] = (
            f"{part} parcel nearer than {buffer:g} m to a {other} parcel (split.buffer)"
        )
    left = table.loc[table["reason"] == "", "part"]
    for part in ("train", "validation"):
        if not (left == part).any():
            raise InputError(
                f"split.buffer: {buffer:g} m leave no {part} parcel; make the buffer smaller or the blocks larger"
            )


def _random(classes: NDArray[np.str_], shares: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.str_]:
    """Parts drawn within each class; each part gets its share, rounded, and at least one."""
    parts = np.empty(len(classes), dtype=object)
    for name in np.unique(classes):
        members = generator.permutation(np.flatnonzero(classes == name))
        parts[members] = np.repeat(PARTS, _counts(len(members), shares))
    return parts


def _counts(total: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """`total` divided by the largest remainder, no part left empty."""
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    for index in np.argsort(counts - exact, kind="stable")[: total - counts.sum()]:
        counts[index] += 1
    while (counts == 0).any():
        counts[np.argmax(counts)] -= 1
        counts[np.argmin(counts)] += 1
    return counts


def _blocks(
    blocks: NDArray[np.str_], classes: NDArray[np.str_], shares: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.str_]:
    names, block = np.unique(blocks, return_inverse=True)
    kinds, kind = np.unique(classes, return_inverse=True)
    if len(names) < len(PARTS):
        raise InputError(
            f"split.block: the parcels lie in {len(names)} blocks, too few for {len(PARTS)} parts; make blocks smaller"
        )
    content = np.zeros((len(names), len(kinds)))
    np.add.at(content, (block, kind), 1)
    # Random order once; all later ties fall to the earlier block, so the result depends on the seed alone.
    order = generator.permutation(len(names))
    parts = np.empty(len(names), np.int64)
    parts[order] = _improved(content[order], _dealt(content[order], shares), shares, MISSING)
    return np.array(PARTS)[parts[block]]


def _fold(
    blocks: NDArray[np.str_],
    classes: NDArray[np.str_],
    folds: int,
    fold: int,
    validation: float,
    generator: np.random.Generator,
) -> NDArray[np.str_]:
    """Blocks dealt into equal folds, one of which is the test part; the others make train and validation.

    The folds are the same whichever is the test part, so every block is tested exactly once.
    """
    names, block = np.unique(blocks, return_inverse=True)
    kinds, kind = np.unique(classes, return_inverse=True)
    if len(names) < folds + 1:
        raise InputError(
            f"split.folds: the parcels lie in {len(names)} blocks, too few for {folds} folds; make blocks smaller"
        )
    content = np.zeros((len(names), len(kinds)))
    np.add.at(content, (block, kind), 1)
    shares = np.full(folds, 1 / folds)
    order = generator.permutation(len(names))
    dealt = np.empty(len(names), np.int64)
    dealt[order] = _improved(content[order], _dealt(content[order], shares), shares, np.full(folds, MISSING[2]))
    parts = np.full(len(names), PARTS.index("test"))
    rest = order[dealt[order] != fold]
    rest_shares = np.array([1 - validation - 1 / folds, validation]) / (1 - 1 / folds)
    # Classes that are only in the test fold are in neither of the two parts, which no dealing can mend.
    held = content[rest][:, content[rest].sum(axis=0) > 0]
    parts[rest] = _improved(held, _dealt(held, rest_shares), rest_shares, MISSING[:2])
    return np.array(PARTS)[parts[block]]


def _dealt(content: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Iterative stratification: blocks of the rarest class first, each to the part that lacks that class most."""
    parts = np.full(len(content), -1)
    wanted = np.outer(shares, content.sum(axis=0))
    left = content.copy()
    while (parts < 0).any():
        totals = left.sum(axis=0)
        rarest = int(np.argmin(np.where(totals > 0, totals, np.inf)))
        candidates = np.flatnonzero(left[:, rarest] > 0)
        # The fullest blocks first: the small ones then even out what is left.
        for block in candidates[np.argsort(-content[candidates, rarest], kind="stable")]:
            lack = wanted[:, rarest]
            best = np.flatnonzero(lack >= lack.max() - 1e-9)
            part = int(best[np.argmax(wanted[best].sum(axis=1))])
            parts[block] = part
            wanted[part] -= content[block]
            left[block] = 0
    return parts


def _improved(
    content: NDArray[np.float64],
    parts: NDArray[np.int64],
    shares: NDArray[np.float64],
    missing: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Move the one block whose move helps most, until none helps; `missing` is what a missing class costs a part."""
    blocks, parts = np.arange(len(content)), parts.copy()
    targets = np.outer(shares, content.sum(axis=0))
    counts = np.stack([content[parts == part].sum(axis=0) for part in range(len(shares))])
    for _ in range(4 * len(content)):
        now = _cost(counts, targets, missing)
        # (block,): what the parts lose or gain, part by part, since the cost is a sum over parts.
        relief = _cost(counts[parts] - content, targets[parts], missing[parts]) - now[parts]
        gain = np.stack(
            [
                relief + _cost(counts[part] + content, targets[part], missing[part]) - now[part]
                for part in range(len(shares))
            ]
        )
        gain[parts, blocks] = 0.0
        target, block = np.unravel_index(int(np.argmin(gain)), gain.shape)
        if gain[target, block] > -1e-9:
            break
        counts[parts[block]] -= content[block]
        counts[target] += content[block]
        parts[block] = target
    return parts


def _cost(
    counts: NDArray[np.float64],
    targets: NDArray[np.float64],
    missing: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """(...,) cost of parts whose classes have `counts` (..., class) where `targets` are wanted.

    The squared deviation over its target for every class (as in Pearson's chi-square), the same of the whole
    part, and what classes cost that are missing.
    """
    classes = ((counts - targets) ** 2 / targets).sum(axis=-1)
    whole, target = counts.sum(axis=-1), targets.sum(axis=-1)
    return classes + len(PARTS) * (whole - target) ** 2 / target + missing * (counts < 0.5).sum(axis=-1)


def _tell(table: pd.DataFrame, aside: pd.DataFrame) -> None:
    counts = table["part"].value_counts().reindex(list(PARTS), fill_value=0)
    logger.info(
        "split: %s in %d blocks",
        ", ".join(f"{part} {n} ({n / len(table):.0%})" for part, n in counts.items()),
        table["block"].nunique(),
    )
    for reason, number in aside["reason"].value_counts().items():
        logger.warning("split: %d parcels are set aside: %s", number, reason)
    for row in absent(table, aside).itertuples(index=False):
        logger.warning("split: class %r has no parcel in %s", row[0], row[1])
