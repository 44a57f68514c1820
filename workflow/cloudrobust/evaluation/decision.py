"""What the choice of a branch changes for a person who uses its answers.

All of it rests on answers out of fold. The declared class is taken for the truth: the simulator's labels are true,
and for real declarations nobody knows which are wrong. A parcel that is right as declared and flagged all the same is
then an inspection wasted. How many wrong declarations would be found is worked out under a stated assumption: a share
of the declarations (`prediction.costs.misdeclared`) is wrong, and a wrong one names another class with the frequency
that this class has among the declarations. Expectations are exact under it; nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..config.outputs import Costs
from .bootstrap import RESAMPLES, combined, least_error, mean_of, resampled, with_ones

Floats = npt.NDArray[np.float64]
MEASURES = ("answered other than declared", "flagged", "wasted", "found", "missed", "cost")
CHANGES = (
    "class", "parcels", "hectares", "changed", "changed_hectares", "changed_low", "changed_high", "gained", "lost",
    "net", "net_hectares", "net_low", "net_high",
)  # fmt: skip
ALL = "all classes"


def paired(raw: pd.DataFrame, preprocessed: pd.DataFrame, blocks: Mapping[str, str]) -> pd.DataFrame:
    """The parcels that both branches answer out of fold.

    Parameters
    ----------
    raw, preprocessed
        Of `report.answer_files.parcel_answers`: `parcel`, `declared`, `predicted`, `probability`, `area` (m²), `fold`.
    blocks
        Block by parcel.

    Returns
    -------
    DataFrame
        `parcel`, `declared`, `area` (ha; 0 where unknown), `block`, and `predicted` and `probability` of each branch
        with the suffixes `_raw` and `_preprocessed`.
    """
    keys = ["parcel", "predicted", "probability"]
    one, two = (frame[frame["fold"].notna() & frame["predicted"].notna()] for frame in (raw, preprocessed))
    both = one[[*keys, "declared", "area"]].merge(two[keys], on="parcel", suffixes=("_raw", "_preprocessed"))
    both["parcel"] = both["parcel"].astype(str)
    both["area"] = both["area"].fillna(0.0).astype(float) / 1e4
    both["block"] = [blocks.get(parcel, "") for parcel in both["parcel"]]
    return both


def changes(both: pd.DataFrame, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Parcels whose answer is another one on preprocessed series than on raw ones, by declared class.

    Parameters
    ----------
    both
        Of `paired`.
    resamples
        Bootstrap draws; the units are blocks.

    Returns
    -------
    DataFrame
        `CHANGES`, the first line of all classes: how many parcels and hectares have another answer (`changed`), how
        many parcels become right (`gained`) and wrong (`lost`), `net` = gained - lost in parcels and hectares;
        intervals of 95 % of both areas, at least as wide as if one parcel (two, for `net`) had changed.
    """
    groups = _groups(both)
    right = [(both[f"predicted_{name}"] == both["declared"]).to_numpy(float) for name in ("raw", "preprocessed")]
    other = (both["predicted_raw"] != both["predicted_preprocessed"]).to_numpy(float)
    area: Floats = both["area"].to_numpy(float)
    better: Floats = right[1] - right[0]
    lines = []
    for name in [ALL, *sorted(set(both["declared"]))]:
        mine = np.ones(len(both)) if name == ALL else (both["declared"] == name).to_numpy(float)
        held = mine * area
        one = float(held.sum() / mine.sum())
        moved = _total(other * held, groups, resamples, one)
        net = _difference(right[1] * held, right[0] * held, groups, resamples, one)
        lines.append(
            {
                "class": name, "parcels": int(mine.sum()), "hectares": float(held.sum()),
                "changed": int((mine * other).sum()), "gained": int((mine * (better > 0)).sum()),
                "lost": int((mine * (better < 0)).sum()), "net": int((mine * better).sum()),
                "changed_hectares": moved[0], "changed_low": moved[1], "changed_high": min(moved[2], held.sum()),
                "net_hectares": net[0], "net_low": net[1], "net_high": net[2],
            }
        )  # fmt: skip
    return pd.DataFrame(lines, columns=list(CHANGES))


def inspections(both: pd.DataFrame, confident: float, costs: Costs, resamples: int = RESAMPLES) -> pd.DataFrame:
    """What inspecting the flagged parcels would find, waste and cost with each branch.

    A parcel is flagged if its answer is not the declared class and has at least the probability `confident`.

    Parameters
    ----------
    both
        Of `paired`.
    confident
        `prediction.confident`.
    costs
        `prediction.costs`.
    resamples
        Bootstrap draws; the units are blocks.

    Returns
    -------
    DataFrame
        One line for each of `MEASURES`: `measure`, and for `raw`, `preprocessed` and their `difference` (preprocessed -
        raw) the total over all parcels with `_low` and `_high` (95 %). The first two are counted on the declarations as
        they are; the others are expectations where the assumed share is wrong: inspections of right declarations
        (`wasted`), wrong declarations that are flagged (`found`) and not (`missed`), and the cost, in the currency of
        `costs`, of all inspections and missed errors.
    """
    groups = _groups(both)
    shares = both["declared"].value_counts(normalize=True)
    values = {name: _measures(both, name, shares, confident, costs) for name in ("raw", "preprocessed")}
    wrong = costs.misdeclared
    one = dict(
        zip(MEASURES, (1.0, 1.0, 1 - wrong, wrong, wrong, costs.inspection + wrong * costs.missed_error), strict=True)
    )
    lines = []
    for measure in MEASURES:
        line: dict[str, object] = {"measure": measure}
        first, second = (values[name][measure] for name in ("raw", "preprocessed"))
        for name, found in (
            ("raw", _total(first, groups, resamples, one[measure])),
            ("preprocessed", _total(second, groups, resamples, one[measure])),
            ("difference", _difference(second, first, groups, resamples, one[measure])),
        ):
            line |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
        lines.append(line)
    return pd.DataFrame(lines)


def _measures(both: pd.DataFrame, branch: str, shares: pd.Series, confident: float, costs: Costs) -> dict[str, Floats]:
    """(parcel,) what each parcel adds to each of `MEASURES`."""
    said, declared = both[f"predicted_{branch}"], both["declared"]
    sure = (both[f"probability_{branch}"] >= confident).to_numpy(float)
    differs = (said != declared).to_numpy(float)
    # A wrong declaration is one of the other classes; it is not flagged if it is just what the model says.
    others = 1 - declared.map(shares).to_numpy(float)
    agreeing = np.where(differs > 0, said.map(shares).fillna(0.0).to_numpy(float), 0.0)
    hidden = np.divide(agreeing, others, out=np.ones(len(both)), where=others > 1e-12)
    caught = sure * (1 - hidden)
    wrong = costs.misdeclared
    found, missed, wasted = wrong * caught, wrong * (1 - caught), (1 - wrong) * sure * differs
    cost = costs.inspection * (found + wasted) + costs.missed_error * missed
    return dict(zip(MEASURES, (differs, sure * differs, wasted, found, missed, cost), strict=True))


def _groups(both: pd.DataFrame) -> npt.NDArray[np.str_] | None:
    """(parcel,) blocks, or None where there is one or none."""
    blocks = both["block"].to_numpy(dtype=str)
    return blocks if len(set(blocks)) > 1 else None


def _total(
    values: Floats, groups: npt.NDArray[np.str_] | None, resamples: int, one: float
) -> tuple[float, float, float]:
    """Sum of non-negative (parcel,) values and its interval; `one` is what a single parcel may add."""
    (found,) = resampled([with_ones(values)], mean_of, groups, resamples=resamples)
    sure = combined([(1.0, found)], least=one / len(values))
    return len(values) * sure.estimate, max(len(values) * sure.low, 0.0), len(values) * sure.high


def _difference(
    first: Floats, second: Floats, groups: npt.NDArray[np.str_] | None, resamples: int, one: float
) -> tuple[float, float, float]:
    """Sum of first - second and its interval, paired."""
    count = len(first)
    found = resampled([with_ones(first), with_ones(second)], mean_of, groups, resamples=resamples)
    sure = combined([(1.0, found[0]), (-1.0, found[1])], least=one * least_error(count))
    return count * sure.estimate, count * sure.low, count * sure.high
