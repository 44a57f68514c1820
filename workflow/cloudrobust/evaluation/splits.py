"""What other splits of the same parcels say: every fold the test part once, and a random split beside the blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .bootstrap import RESAMPLES, combined, resampled
from .compare import common_parcels, scores
from .confidence import accuracy, contributions, intervals, mcnemar, units_of
from .runs import Key

Frames = Mapping[Key, pd.DataFrame]


def claims(
    study: Frames,
    study_blocks: Mapping[str, str],
    random: Frames,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Accuracy on the study's own split and on a random one of the same parcels, trained alike.

    Where neighbouring parcels are alike, a random split tests on parcels next to those that were learned, and claims
    more than the models can do elsewhere (Roberts et al. 2017, Ecography 40:913-929). The two test parts are not the
    same parcels, so the difference carries the errors of both.

    Parameters
    ----------
    study, random
        Predictions by (branch, model) on either split.
    study_blocks
        Block by parcel of the study's split, for its standard error; where there are none, single parcels are drawn.
    resamples
        Bootstrap draws.

    Returns
    -------
    DataFrame
        One line a branch and model that both have: `branch`, `model`, `study`, `study_seeds` (standard deviation over
        seeds), `study_error` (standard error over blocks and seeds), the same for `random` (over parcels and seeds),
        `claimed` (random - study), `claimed_error` (root of the sum of squares), `parcels`, `random_parcels`.
    """
    parcels = {"study": common_parcels(study).parcels, "random": common_parcels(random).parcels}
    lines = []
    for key in (key for key in study if key in random):
        line: dict[str, object] = {"branch": key[0], "model": key[1]}
        found = {}
        for name, frames in (("study", study), ("random", random)):
            tested = list(parcels[name])
            values = contributions(frames[key], tested)
            groups = units_of(tested, study_blocks) if name == "study" else {"parcels": None}
            drawn = resampled([values], accuracy, groups.get("blocks"), resamples=resamples)
            by_seed = drawn[0].scores
            found[name] = combined([(1.0, drawn[0])], least=1 / len(tested))
            line[name] = found[name].estimate
            line[f"{name}_seeds"] = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else np.nan
            line[f"{name}_error"] = found[name].error
        line["claimed"] = found["random"].estimate - found["study"].estimate
        line["claimed_error"] = float(np.hypot(found["random"].error, found["study"].error))
        line |= {"parcels": len(parcels["study"]), "random_parcels": len(parcels["random"])}
        lines.append(line)
    return pd.DataFrame(lines)


def fold_scores(folds: Mapping[int, Frames]) -> pd.DataFrame:
    """`compare.scores` of every fold on its own test part, with the column `fold` in front."""
    parts = []
    for fold, frames in folds.items():
        part = scores(frames, common_parcels(frames).parcels)
        part.insert(0, "fold", fold)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def pooled(folds: Mapping[int, Frames]) -> dict[Key, pd.DataFrame]:
    """The test predictions of all folds as one frame a run: every parcel once a seed, never by a model that saw it.

    Raises
    ------
    RuntimeError
        A parcel is in the test part of two folds. This is a fault of the program.
    """
    together: dict[Key, list[pd.DataFrame]] = {}
    for frames in folds.values():
        for key, frame in frames.items():
            together.setdefault(key, []).append(frame[frame["part"].astype(str) == "test"])
    result = {}
    for key, parts in together.items():
        frame = pd.concat(parts, ignore_index=True)
        twice = frame.duplicated(["parcel", "seed"])
        if twice.any():
            raise RuntimeError(f"parcel {frame.loc[twice, 'parcel'].iloc[0]!r} is in the test part of two folds")
        # A class that a fold's training part lacks has no column there: no probability.
        columns = [column for column in frame.columns if str(column).startswith("p:")]
        frame[columns] = frame[columns].fillna(0.0)
        result[key] = frame
    return result


def cross_validated(
    folds: Mapping[int, Frames],
    blocks: Mapping[str, str],
    raw: str,
    preprocessed: str,
    resamples: int = RESAMPLES,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The comparison over all folds: sources of variance, intervals of the difference, and McNemar's test.

    Returns
    -------
    variance
        Of `split_variance`.
    intervals, mcnemar
        As `confidence.intervals` and `.mcnemar` give them, over the pooled test parts: all parcels that every run
        classifies. The seeds of the folds with the same number count as one.
    """
    frames = pooled(folds)
    parcels = list(common_parcels(frames).parcels)
    return (
        split_variance(fold_scores(folds)),
        intervals(frames, parcels, blocks, raw, preprocessed, resamples),
        mcnemar(frames, parcels, raw, preprocessed),
    )


def split_variance(scores: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Variance of a score divided into that of the split and that of the seed.

    One-way analysis of variance with random effects (Searle, Casella & McCulloch 1992, "Variance components", Wiley,
    chapter 3): with k folds of n seeds each, the mean square within folds estimates the seeds' variance, and (mean
    square between - mean square within) / n that of the split: other training parcels and other test parcels
    together. The folds share most of their training parcels, so they are not independent draws; no unbiased estimate
    of the variance over splits exists (Bengio & Grandvalet 2004, Journal of Machine Learning Research 5:1089-1105).

    Parameters
    ----------
    scores
        Of `fold_scores`; every fold has the same seeds.

    Returns
    -------
    DataFrame
        `branch`, `model`, `folds`, `mean`, `over_folds` (standard deviation of the folds' means), `split` and `seed`
        (standard deviations; a negative estimate counts as 0, an unknown one is NaN).
    """
    lines = []
    for (branch, model), rows in scores.groupby(["branch", "model"], sort=False):
        table = rows.pivot(index="fold", columns="seed", values=metric).to_numpy(float)
        folds, seeds = table.shape
        means = table.mean(axis=1)
        between = seeds * float(means.var(ddof=1)) if folds > 1 else np.nan
        within = float(table.var(axis=1, ddof=1).mean()) if seeds > 1 else np.nan
        lines.append(
            {
                "branch": branch,
                "model": model,
                "folds": folds,
                "mean": float(means.mean()),
                "over_folds": float(means.std(ddof=1)) if folds > 1 else np.nan,
                "split": float(np.sqrt(max((between - within) / seeds, 0.0))) if seeds > 1 else np.nan,
                "seed": float(np.sqrt(within)),
            }
        )
    return pd.DataFrame(lines)


def fold_ledger(parcels: pd.DataFrame, splits: Sequence[pd.DataFrame], asides: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One row a parcel that was read: in which fold it was tested, and in how many it helped or was set aside.

    Parameters
    ----------
    parcels
        `parcel`, `status`, `reason`.
    splits, asides
        Fold by fold, of `parcels.split.divide`.

    Returns
    -------
    DataFrame
        `parcel`, `status`, `reason`, `fold` (where it was the test part; empty for parcels that are not usable),
        `trained`, `validated`, `aside` (in how many folds).

    Raises
    ------
    RuntimeError
        A usable parcel is not tested exactly once, or is missing in a fold. This is a fault of the program.
    """
    table = pd.DataFrame(parcels[["parcel", "status", "reason"]]).astype({"parcel": str}).reset_index(drop=True)
    ids = table["parcel"]
    counts = {name: np.zeros(len(ids), dtype=np.int64) for name in ("trained", "validated", "aside", "tested")}
    fold = pd.Series("", index=ids.index, dtype=object)
    names = {"train": "trained", "validation": "validated", "test": "tested"}
    for number, (split, aside) in enumerate(zip(splits, asides, strict=True)):
        for part, name in names.items():
            counts[name] += ids.isin(split.loc[split["part"] == part, "parcel"].astype(str)).to_numpy()
        counts["aside"] += ids.isin(aside["parcel"].astype(str)).to_numpy()
        fold = fold.mask(ids.isin(split.loc[split["part"] == "test", "parcel"].astype(str)), str(number))
    table["fold"] = fold.to_numpy()
    for name in ("trained", "validated", "aside"):
        table[name] = counts[name]
    usable = (table["status"] == "usable").to_numpy()
    tested, placed = counts["tested"], sum(counts.values())
    wrong = (usable & ((tested != 1) | (placed != len(splits)))) | (~usable & (placed > 0))
    if wrong.any():
        raise RuntimeError(f"parcel {table.loc[wrong, 'parcel'].iloc[0]!r} is not tested in exactly one of the folds")
    return table
