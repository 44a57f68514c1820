"""The final ledger: what became of every parcel in each branch, up to the scores, and a check that it adds up.

It continues `parcels.ledger`, which accounts for the parcels from the file to the split.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from ..parcels import ledger as before
from .compare import Common
from .runs import Key

SCORED = "scored"
TRAINED = "used for training"
VALIDATED = "used for validation"
NOT_USED = "not used"
NOT_CLASSIFIED = "not classified"
NOT_COMPARED = "not compared"
ORDER = (SCORED, NOT_COMPARED, NOT_CLASSIFIED, TRAINED, VALIDATED, NOT_USED)

NO_PREDICTION = "it has no prediction in this branch"


def final_ledger(
    ledger: pd.DataFrame,
    frames: Mapping[Key, pd.DataFrame],
    common: Common,
    reasons: Mapping[str, Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """One row per parcel that was read, with its fate in each branch.

    Parameters
    ----------
    ledger
        Of `parcels.ledger.ledger`, with the split: `parcel`, `status`, `reason`, `part` and more.
    frames
        Predictions by (branch, model).
    common
        Of `compare.common_parcels` of the same frames.
    reasons
        By branch, why a parcel has no prediction there, where it is known.

    Returns
    -------
    DataFrame
        The columns of `ledger` and one for each branch: "scored", "used for training", "used for validation",
        "not used", "not classified", "not compared" (the last three followed by ": " and why), or the parcel's
        status if it is not usable.
    """
    result = ledger.reset_index(drop=True)
    ids = result["parcel"].astype(str)
    scored = set(common.parcels)
    missed_by = common.missing.groupby("parcel")["branch"].agg(lambda names: ", ".join(dict.fromkeys(names))).to_dict()
    for branch in dict.fromkeys(branch for branch, _ in frames):
        seen = _seen([frame for (name, _), frame in frames.items() if name == branch])
        why = (reasons or {}).get(branch, {})
        result[branch] = [
            _fate(
                status,
                part,
                why=why.get(parcel, NO_PREDICTION),
                seen=parcel in seen,
                scored=parcel in scored,
                missed_by=missed_by.get(parcel, ""),
            )
            for parcel, status, part in zip(ids, result["status"], result["part"], strict=True)
        ]
    return result


def _seen(frames: list[pd.DataFrame]) -> set[str]:
    """Parcels that every model of a branch has predictions for, from each of its seeds."""
    sets = []
    for frame in frames:
        seeds = frame[frame["predicted"].notna()].groupby("parcel", observed=True)["seed"].nunique()
        sets.append(set(seeds.index[seeds == frame["seed"].nunique()].astype(str)))
    return set.intersection(*sets)


def _fate(status: str, part: str, *, why: str, seen: bool, scored: bool, missed_by: str) -> str:
    if status != "usable":
        return status
    if part != "test":
        done = {"train": TRAINED, "validation": VALIDATED}.get(part)
        return done if done and seen else f"{NOT_USED}: {why if done else 'it lies in no part of the split'}"
    if scored:
        return SCORED
    return f"{NOT_COMPARED}: branch {missed_by} does not classify it" if seen else f"{NOT_CLASSIFIED}: {why}"


def branches_of(ledger: pd.DataFrame) -> list[str]:
    """The branch columns of a final ledger."""
    return [str(column) for column in ledger.columns if column not in before.COLUMNS]


def totals(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many parcels took which way.

    Returns
    -------
    DataFrame
        Columns `what`, `reason`, `parcels`: the rows of `parcels.ledger.totals`, then for every branch, as
        "branch <name>", one row a fate. The fates of a branch sum to the parcels that were read.
    """
    rows = []
    for branch in branches_of(ledger):
        counts = ledger[branch].astype(str).str.partition(": ")[0].value_counts().to_dict()
        fates = [fate for fate in (*ORDER, *before.STATUSES) if fate in counts]
        rows += [(f"branch {branch}", fate, int(counts[fate])) for fate in fates]
    more = pd.DataFrame(rows, columns=["what", "reason", "parcels"])
    return pd.concat([before.totals(ledger), more], ignore_index=True)


def reconcile(ledger: pd.DataFrame, parcels: Iterable[str], split: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Check a final ledger against what it summarises.

    Parameters
    ----------
    ledger
        Of `final_ledger`.
    parcels
        Ids of the parcels that were read.
    split
        The usable parcels: `parcel`, `part`.
    scores
        Of `compare.scores`: `branch`, `model`, `seed`, `parcels`.

    Raises
    ------
    RuntimeError
        A parcel is lost, doubled, without a reason or in a wrong part; the fates of a branch do not sum to the
        parcels that were read; or a branch was scored on another number of parcels than the ledger says. This is
        a fault of the program.
    """
    before.reconcile(ledger, parcels)
    said = ledger.loc[ledger["part"] != "", ["parcel", "part"]].astype(str)
    known = split[["parcel", "part"]].astype(str)
    differ = set(said.itertuples(index=False, name=None)) ^ set(known.itertuples(index=False, name=None))
    if differ:
        raise RuntimeError(f"parcel {min(differ)[0]!r} lies in another part in the ledger than in the split")
    sums = totals(ledger).groupby("what")["parcels"].sum()
    for branch in branches_of(ledger):
        if sums.get(f"branch {branch}", 0) != len(ledger):
            raise RuntimeError(
                f"the fates of branch {branch!r} sum to {sums.get(f'branch {branch}', 0)} parcels, not to {len(ledger)}"
            )
        scored = int((ledger[branch] == SCORED).sum())
        told = scores.loc[scores["branch"] == branch, "parcels"]
        if told.empty or (told != scored).any():
            numbers = ", ".join(str(n) for n in sorted(set(told))) or "none"
            raise RuntimeError(
                f"{scored} parcels count as scored in branch {branch!r}, but its scores are of {numbers}"
            )
