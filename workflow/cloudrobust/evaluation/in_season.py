"""Answers before the season ends: how right they are on each day, and when a parcel's is sure enough.

The stopping rule answers a parcel on the first day on which its calibrated probability reaches a threshold, and on the
last day otherwise; such a rule on the confidence of a classifier of growing series is the baseline of early
classification (Mori et al. 2018, IEEE TNNLS 29:4569-4578; Rußwurm et al. 2023, ISPRS J. 196:445-456). Its threshold is
chosen on the validation part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..config.steps import AnyStep
from ..errors import InputError
from ..learning.truncation import APART, cut_short
from ..parcels.series import write_dataset
from .bootstrap import mean_interval
from .calibration import columns_of, fit_temperature, temper

TRAINED = {"cut": "trained for it", "whole": "trained on whole seasons", "each": "one model for each end"}
"""How a model came to be: on series cut at random, on whole seasons only, or one for each end."""

THRESHOLDS = np.round(np.linspace(0, 1, 101), 2)
"""Confidences from which a parcel is answered that are tried; nothing reaches more than 1."""


@dataclass(frozen=True)
class Answers:
    """What the seeds of a model say of some parcels at each end.

    Attributes
    ----------
    p
        Probabilities (seed, end, parcel, class); each sums to 1.
    label
        True class (parcel,).
    ends
        Last known days (end,), datetime64[D], ascending.
    parcel
        Ids (parcel,).
    """

    p: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    ends: npt.NDArray[np.datetime64]
    parcel: npt.NDArray[np.str_]

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """(seed, end, parcel)."""
        return np.asarray(self.p.argmax(axis=3) == self.label)


def answers(predictions: pd.DataFrame, part: str) -> Answers:
    """The answers for a part of the split.

    Parameters
    ----------
    predictions
        Of `learning.prediction.table_of`, parcels as `end|parcel`, every one with every seed.
    """
    columns = columns_of(predictions)
    number = {column[2:]: place for place, column in enumerate(columns)}
    rows = predictions[predictions["part"].astype(str) == part]
    if rows.empty:
        raise InputError(f"split: no parcel of the part {part} has answers in season; make it larger")
    words = rows["parcel"].astype(str).str.partition(APART)
    rows = rows.assign(end=words[0].to_numpy(), parcel=words[2].to_numpy()).sort_values(["seed", "end", "parcel"])
    seeds, ends = rows["seed"].nunique(), sorted(rows["end"].unique())
    p = rows[columns].to_numpy(float).reshape(seeds, len(ends), -1, len(columns))
    first = rows.iloc[: p.shape[2]]
    return Answers(
        p=p,
        label=np.asarray(first["class"].map(number), np.int64),
        ends=np.array(ends, "datetime64[D]"),
        parcel=first["parcel"].to_numpy(str),
    )


def calibrated(found: Answers, validation: Answers) -> Answers:
    """The same with one temperature for each seed and end, fitted to the validation part.

    One for all ends would make early answers too sure: they are less often right for the same score.
    """
    p = np.stack(
        [
            [temper(p, fit_temperature(known, validation.label)) for p, known in zip(*pair, strict=True)]
            for pair in zip(found.p, validation.p, strict=True)
        ]
    )
    return Answers(p, found.label, found.ends, found.parcel)


def accuracy_by_end(found: Answers, groups: Sequence[str] | None, resamples: int) -> pd.DataFrame:
    """Accuracy at each end, with bands of 95 % over parcels (or their groups) and seeds.

    Returns
    -------
    DataFrame
        `end`, `accuracy`, `low`, `high`, `parcels`, `seeds`.
    """
    rows = []
    for number, end in enumerate(found.ends):
        right = found.right[:, number]
        interval = mean_interval(right, groups, resamples=resamples)
        rows.append((str(end), interval.estimate, interval.low, interval.high, right.shape[1], right.shape[0]))
    return pd.DataFrame(rows, columns=["end", "accuracy", "low", "high", "parcels", "seeds"])


def stopped(found: Answers, threshold: float) -> npt.NDArray[np.int64]:
    """The end at which each parcel is answered, (seed, parcel): the first whose probability reaches the threshold."""
    sure = found.p.max(axis=3) >= threshold
    sure[:, -1] = True
    return np.asarray(sure.argmax(axis=1), dtype=np.int64)


def stopping(validation: Answers, tested: Answers, loss: float) -> pd.DataFrame:
    """The earliness-accuracy curve of the stopping rule, and the threshold that the validation part chooses.

    Both are calibrated (`calibrated`). Chosen is the threshold of the earliest mean answer whose accuracy on the
    validation part is at most `loss` below that of waiting for the last end.

    Returns
    -------
    DataFrame
        For each threshold: `threshold`, `accuracy`, `day` (mean day of the answer, nanoseconds since 1970), `early`
        (share answered before the last end), `waiting` (accuracy of the last end), all on the test part;
        `validation_accuracy`, `validation_day`; `chosen`.
    """
    rows = []
    for threshold in THRESHOLDS:
        facts = [_at(part, float(threshold)) for part in (tested, validation)]
        rows.append((float(threshold), *facts[0], *facts[1][:2]))
    names = ["threshold", "accuracy", "day", "early", "validation_accuracy", "validation_day"]
    table = pd.DataFrame(rows, columns=names)
    waiting = float(validation.right[:, -1].mean())
    allowed = table[table["validation_accuracy"] >= waiting - loss]
    # Nothing is more sure than 1, so the last threshold waits, or nearly; of equal days the surer one is taken.
    best = allowed.sort_values(["validation_day", "threshold"], ascending=[True, False]).index
    table["waiting"] = float(tested.right[:, -1].mean())
    table["chosen"] = table.index == (best[0] if len(best) else table.index[-1])
    return table


def _at(found: Answers, threshold: float) -> tuple[float, float, float]:
    """Accuracy, mean day and the share answered before the last end, of a threshold."""
    place = stopped(found, threshold)
    right = np.take_along_axis(found.right, place[:, None], axis=1)[:, 0]
    days = found.ends.astype("datetime64[ns]").astype(np.int64).astype(float)
    return float(right.mean()), float(days[place].mean()), float((place < len(found.ends) - 1).mean())


def of_whole_seasons(
    run: str | Path,
    trained_on: tuple[str | Path, str | Path],
    base: xr.Dataset,
    steps: Sequence[AnyStep],
    ends: npt.NDArray[np.datetime64],
    split: pd.DataFrame,
    folder: Path,
    threads: int | None = None,
) -> pd.DataFrame:
    """What a model that was trained on whole seasons says at each end, of the test parcels; nothing is trained.

    A parcel without any date before an end has no answer; it gets equal probabilities, the first class of which counts.

    Parameters
    ----------
    run, trained_on
        Folder of the trained model, and the series and split that it was trained on.
    base, steps
        As for `truncation.cut_short`.
    folder
        Where a series is kept meanwhile.

    Returns
    -------
    DataFrame
        As `answers` takes it.
    """
    held = set(base["parcel"].values.astype(str))
    tested = split[(split["part"] == "test") & split["parcel"].astype(str).isin(held)]
    tested = tested.astype({"parcel": str, "class": str}).sort_values("parcel")
    file = folder / "cut.nc"
    cube = cut_short(base.sel(parcel=tested["parcel"].tolist()), steps, list(ends))
    write_dataset(cube[["reflectance", "observed"]], file)
    from ..learning.new_parcels import predict_others  # loads torch, which the figures do not need

    found = predict_others(run, file, trained_on=trained_on, threads=threads)
    columns = columns_of(found)
    ids = [f"{end}{APART}{parcel}" for end in ends for parcel in tested["parcel"]]
    every = pd.MultiIndex.from_product([sorted(found["seed"].unique()), ids], names=["seed", "parcel"])
    whole = found.set_index(["seed", "parcel"])[columns].reindex(every).fillna(1 / len(columns)).reset_index()
    names = tested.set_index("parcel")["class"]
    whole["class"] = whole["parcel"].str.partition(APART)[2].map(names)
    return whole.assign(part="test")
