"""Branches set against each other, on the parcels that all of them classify."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from .calibration import calibration_by_seed, columns_of
from .metrics import METRICS, class_scores, scores_by_seed
from .runs import Key, check_predictions

CALIBRATION = ("ece", "ece_scaled", "log_loss", "log_loss_scaled")
"""What the probabilities are worth, 0 at best; "scaled" is after temperature scaling."""


@dataclass(frozen=True)
class Common:
    """Which test parcels are scored.

    Attributes
    ----------
    parcels
        Test parcels that every branch x model classifies with all of its seeds, sorted.
    missing
        Columns `parcel`, `branch`, `model`: where a test parcel that some run classifies is not classified.
    """

    parcels: tuple[str, ...]
    missing: pd.DataFrame


def common_parcels(frames: Mapping[Key, pd.DataFrame]) -> Common:
    """Test parcels that every branch classifies, and those that some do not, with the branches that miss them.

    Raises
    ------
    InputError
        Two runs disagree about the class or the part of a parcel (one of them is out of date), or no parcel is
        common to all.
    """
    if not frames:
        raise InputError("predictions: there is no run to compare; name branches and models in the configuration")
    for (branch, model), frame in frames.items():
        check_predictions(frame, f"predictions of {branch} x {model}")
    _check_agreement(frames)
    classified = {key: _classified(frame) for key, frame in frames.items()}
    every = set().union(*classified.values())
    common = sorted(set.intersection(*classified.values()))
    if not common:
        raise InputError(
            "predictions: no test parcel is classified by every branch; look at the ledgers of the branches' series"
        )
    missing = [
        (parcel, branch, model) for (branch, model), present in classified.items() for parcel in sorted(every - present)
    ]
    return Common(tuple(common), pd.DataFrame(missing, columns=["parcel", "branch", "model"], dtype=object))


def _classified(frame: pd.DataFrame) -> set[str]:
    """Test parcels that have a prediction from each seed of the frame."""
    rows = frame[(frame["part"].astype(str) == "test") & frame["predicted"].notna()]
    seeds = rows.groupby("parcel", observed=True)["seed"].nunique()
    return set(seeds.index[seeds == frame["seed"].nunique()].astype(str))


def _check_agreement(frames: Mapping[Key, pd.DataFrame]) -> None:
    labels = pd.concat(
        [
            frame[["parcel", "class", "part"]].drop_duplicates("parcel").astype(str).assign(run=f"{branch} x {model}")
            for (branch, model), frame in frames.items()
        ]
    )
    for column in ("class", "part"):
        values = labels.groupby("parcel")[column].nunique()
        if (values > 1).any():
            parcel = str(values.index[values > 1][0])
            said = labels[labels["parcel"] == parcel].drop_duplicates(column)
            first, second = said.iloc[0], said.iloc[1]
            raise InputError(
                f"predictions: {column} of parcel {parcel!r} is {first[column]!r} for {first['run']} but "
                f"{second[column]!r} for {second['run']}; train the older of the two again"
            )


def scores(frames: Mapping[Key, pd.DataFrame], parcels: Collection[str]) -> pd.DataFrame:
    """Scores of every branch x model x seed on the same parcels.

    Parameters
    ----------
    frames
        Predictions by (branch, model), in the order in which they are to be shown.
    parcels
        Test parcels to score, of `common_parcels`.

    Returns
    -------
    DataFrame
        Tidy: `branch`, `model`, `seed`, those of `metrics.METRICS`, `parcels`, and those of
        `calibration.calibration_by_seed` where predictions hold probabilities.
    """
    parts = []
    for (branch, model), frame in frames.items():
        part = scores_by_seed(frame, parcels)
        if columns_of(frame):
            part = part.merge(calibration_by_seed(frame, parcels), on="seed", how="left")
        part.insert(0, "model", model)
        part.insert(0, "branch", branch)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def comparison_table(
    scores: pd.DataFrame,
    metric: str,
    raw: str,
    preprocessed: str,
    parameters: Mapping[Key, int | None] | None = None,
    converged: Mapping[Key, bool] | None = None,
) -> pd.DataFrame:
    """One line a model: mean and deviation over seeds for each branch, and the difference preprocessed - raw.

    The deviation over seeds is the sample standard deviation (ddof = 1), NaN with a single seed. The deviation of
    the difference is sqrt(s1^2 + s2^2), that of two independent draws (source: the study's tables, Φ-week 2019 and
    Rußwurm & Körner 2020, ISPRS J. 169:421-435).

    Parameters
    ----------
    scores
        Of `scores`.
    metric
        One of `METRICS` or `CALIBRATION`.
    raw, preprocessed
        The two branches of the difference. All other branches follow as further columns.
    parameters
        Trainable parameters by (branch, model); they depend on the branch, since its bands and dates do.
    converged
        By (branch, model), `Run.converged`; those that are not named have.

    Returns
    -------
    DataFrame
        `model`; for each branch `<branch>_mean`, `<branch>_std`, `<branch>_seeds`, `<branch>_parameters` and
        `<branch>_converged`; `delta` and `delta_deviation`. Models in the order of `scores`; `attrs` holds metric and
        branch names.
    """
    if metric not in (*METRICS, *CALIBRATION):
        raise ValueError(f"metric must be one of {', '.join((*METRICS, *CALIBRATION))}; it is {metric!r}")
    present = list(dict.fromkeys(scores["branch"]))
    for branch in (raw, preprocessed):
        if branch not in present:
            raise InputError(f"comparison: branch {branch!r} has no scores; name one of {', '.join(present)}")
    branches = [preprocessed, raw, *(b for b in present if b not in (raw, preprocessed))]
    models = list(dict.fromkeys(scores["model"]))
    groups = scores.groupby(["branch", "model"])[metric]
    mean, deviation, seeds = groups.mean(), groups.std(ddof=1), groups.size()
    table = pd.DataFrame({"model": models})
    for branch in branches:
        keys = pd.MultiIndex.from_product([[branch], models])
        table[f"{branch}_mean"] = mean.reindex(keys).to_numpy(float)
        table[f"{branch}_std"] = deviation.reindex(keys).to_numpy(float)
        table[f"{branch}_seeds"] = seeds.reindex(keys, fill_value=0).to_numpy(int)
        counts = [(parameters or {}).get((branch, model)) for model in models]
        table[f"{branch}_parameters"] = pd.array(counts, dtype="Int64")
        table[f"{branch}_converged"] = [(converged or {}).get((branch, model), True) for model in models]
    table["delta"], table["delta_deviation"] = difference(
        table[f"{preprocessed}_mean"].to_numpy(),
        table[f"{preprocessed}_std"].to_numpy(),
        table[f"{raw}_mean"].to_numpy(),
        table[f"{raw}_std"].to_numpy(),
    )
    table.attrs = {"metric": metric, "raw": raw, "preprocessed": preprocessed, "branches": branches}
    return table


def difference(
    mean1: np.ndarray, deviation1: np.ndarray, mean2: np.ndarray, deviation2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`mean1 - mean2` and its deviation sqrt(s1^2 + s2^2); arrays of one shape, or numbers."""
    return np.asarray(mean1) - np.asarray(mean2), np.hypot(deviation1, deviation2)


def class_comparison(
    frames: Mapping[Key, pd.DataFrame], parcels: Collection[str], raw: str, preprocessed: str, score: str = "f1"
) -> pd.DataFrame:
    """One line a model and class: mean and deviation over seeds in every branch, and preprocessed - raw.

    Parameters
    ----------
    frames, parcels
        As in `scores`.
    raw, preprocessed
        The two branches of the difference.
    score
        "f1", "precision" or "recall".

    Returns
    -------
    DataFrame
        `model`, `class`, `parcels` (test parcels of that class), `<branch>_mean` and `<branch>_std` of the
        preprocessed branch, the raw one and then any others, `delta`, `delta_deviation`; classes by falling number
        of parcels, then by name. Classes without a test parcel are listed with 0 parcels and NaN.
    """
    parts = []
    for (branch, model), frame in frames.items():
        part = class_scores(frame, parcels)
        groups = part.groupby("class", sort=True)
        lines = pd.DataFrame(
            {"mean": groups[score].mean(), "std": groups[score].std(ddof=1), "parcels": groups["support"].first()}
        )
        parts.append(lines.reset_index().assign(branch=branch, model=model))
    long = pd.concat(parts, ignore_index=True)
    sizes = long.groupby(["model", "class"])["parcels"].max()
    models = list(dict.fromkeys(long["model"]))
    present = list(dict.fromkeys(long["branch"]))
    table = sizes.reset_index()
    table["order"] = table["model"].map(models.index)
    table = table.sort_values(["order", "parcels", "class"], ascending=[True, False, True], ignore_index=True)
    keys = pd.MultiIndex.from_frame(table[["model", "class"]])
    table = table[["model", "class", "parcels"]]
    for branch in [preprocessed, raw, *(b for b in present if b not in (raw, preprocessed))]:
        of_branch = long[long["branch"] == branch].set_index(["model", "class"])
        for column in ("mean", "std"):
            table[f"{branch}_{column}"] = of_branch[column].reindex(keys).to_numpy(float)
    table["delta"], table["delta_deviation"] = difference(
        table[f"{preprocessed}_mean"].to_numpy(),
        table[f"{preprocessed}_std"].to_numpy(),
        table[f"{raw}_mean"].to_numpy(),
        table[f"{raw}_std"].to_numpy(),
    )
    return table


def compared(table: pd.DataFrame) -> tuple[str, str]:
    """Names of the preprocessed and the raw branch of a table, from the order of its columns (CSV keeps no more)."""
    means = [str(column).removesuffix("_mean") for column in table.columns if str(column).endswith("_mean")]
    return means[0], means[1]
