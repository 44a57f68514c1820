"""How sure the comparison is, in words and tables that say no more than the numbers do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..evaluation.verdict import FEW_BLOCKS
from .numbers import METRIC_NAMES, MISSING, listed, model_name, score, signed
from .table_files import write_forms
from .tables import caption, comparison_text

LEVEL = 0.05


def confidence_sentence(intervals: pd.DataFrame, mcnemar: pd.DataFrame, raw: str, preprocessed: str) -> str:
    """For which models the difference of accuracy is more than the draw of test parcels explains.

    Parameters
    ----------
    intervals, mcnemar
        Of `evaluation.confidence.intervals` and `.mcnemar`.
    raw, preprocessed
        The two branches.
    """
    if intervals.empty:
        return ""
    said = []
    for unit, words in (("parcels", "the {n} test parcels"), ("blocks", "the {n} blocks that these lie in")):
        rows = intervals[(intervals["metric"] == "accuracy") & (intervals["unit"] == unit)]
        if len(rows):
            where = words.format(n=f"{int(rows['drawn'].iloc[0]):,}")
            said.append(f"{where}, {_excluded(rows, raw, preprocessed)}")
    first = (
        f"The 95 % interval of the difference excludes 0, drawing {'; drawing '.join(said)}.{_few(intervals)}"
        f"{missing_intervals(intervals)}"
    )
    unequal = mcnemar[mcnemar["p_holm"] < LEVEL]
    names = listed([model_name(name) for name in unequal["model"]]) if len(unequal) else "no model"
    adjusted = f" after Holm's adjustment for {len(mcnemar)} models" if len(mcnemar) > 1 else ""
    return (
        f"{first} McNemar's test, on one answer a parcel pooled over the seeds, finds that the branches err unequally "
        f"often for {names} (p < .05{adjusted})."
    )


def _few(intervals: pd.DataFrame) -> str:
    """What is done about few blocks."""
    blocks = intervals[(intervals["unit"] == "blocks") & (intervals["metric"] == "accuracy")]
    if blocks.empty or blocks["drawn"].iloc[0] >= FEW_BLOCKS or blocks["freedom"].isna().all():
        return ""
    freedom = " to ".join(dict.fromkeys(f"{n:.0f}" for n in (blocks["freedom"].min(), blocks["freedom"].max())))
    return (
        f" {int(blocks['drawn'].iloc[0])} blocks are few: the intervals are Student's, with {freedom} degrees of "
        "freedom, and wider than the quantiles of the draws."
    )


def missing_intervals(intervals: pd.DataFrame) -> str:
    """Why intervals are missing, a sentence each; empty if none is."""
    missing = intervals[intervals["note"].fillna("").astype(str) != ""]
    said = [
        f" {model_name(row['model'])}, {METRIC_NAMES[row['metric']]} over {row['unit']}: {row['note']}"
        for _, row in missing.iterrows()
    ]
    return "".join(said)


def absent_sentence(classes: pd.DataFrame) -> str:
    """Which classes a part of the split lacks; nothing if each is in every part.

    `classes` is of `parcels.split.classes_by_part`.
    """
    words = []
    for part, meaning in (
        ("train", "cannot be learned"),
        ("validation", "does not count when training stops"),
        ("test", "is not judged"),
    ):
        names = [repr(str(name)) for name in classes.loc[classes[part] == 0, "class"]]
        if names:
            words.append(f"{listed(names)} has no parcel in the {part} part and {meaning}")
    return f"By class: {'; '.join(words)}." if words else ""


def _excluded(rows: pd.DataFrame, raw: str, preprocessed: str) -> str:
    clauses = []
    for branch, chosen in ((preprocessed, rows[rows["low"] > 0]), (raw, rows[rows["high"] < 0])):
        if len(chosen):
            clauses.append(f"for {listed([model_name(name) for name in chosen['model']])} in favour of {branch}")
    return " and ".join(clauses) if clauses else "for no model"


def confidence_text(intervals: pd.DataFrame, mcnemar: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """One line a model: difference, its intervals, and McNemar's test, as text."""
    rows = intervals[intervals["metric"] == metric]
    lines = []
    for model in dict.fromkeys(rows["model"]):
        mine = rows[rows["model"] == model].set_index("unit")
        test = mcnemar.set_index("model").loc[model]
        line = {"model": model_name(model), "Δ": signed(float(mine["estimate"].iloc[0]))}
        for unit in ("parcels", "blocks"):
            found = mine.loc[unit] if unit in mine.index else None
            between = (
                MISSING
                if found is None or pd.isna(found["low"])
                else f"{signed(found['low'])} to {signed(found['high'])}"
            )
            line[f"95 % over {unit}"] = between
        line |= {
            "only preprocessed right": f"{int(test['only_preprocessed'])}",
            "only raw right": f"{int(test['only_raw'])}",
            "McNemar p": p_value(test["p"]),
            "after Holm": p_value(test["p_holm"]),
        }
        lines.append(line)
    return pd.DataFrame(lines)


def p_value(p: float) -> str:
    """`.032`, `< .001`."""
    return "< .001" if p < 0.001 else score(p)


def confidence_caption(intervals: pd.DataFrame, metric: str, raw: str, preprocessed: str) -> str:
    """What the numbers of the table of confidence are."""
    rows = intervals[intervals["metric"] == metric]
    drawn = {unit: int(n) for unit, n in zip(rows["unit"], rows["drawn"], strict=True)}
    units = " and ".join(f"{n:,} {unit}" for unit, n in drawn.items())
    return (
        f"{METRIC_NAMES[metric]}, Δ = {preprocessed} − {raw}, with 95 % intervals (Student's t, standard error of the "
        f"paired bootstrap over {units} of the test part and over seeds); McNemar's exact test on one answer a parcel "
        "pooled over the seeds."
    )


def variance_text(variance: pd.DataFrame) -> pd.DataFrame:
    """Standard deviations of the accuracy by source, as text."""
    names = {
        "over_seeds": "over seeds",
        "seeds_alone": "seeds beyond noise",
        "over_parcels": "other test parcels",
        "over_blocks": "other test blocks",
    }
    text = pd.DataFrame(
        {"model": [model_name(name) for name in variance["model"]], "branch": variance["branch"].tolist()}
    )
    for column, words in names.items():
        text[words] = [MISSING if pd.isna(value) else score(float(value), 4) for value in variance[column]]
    return text


VARIANCE = (
    "Standard deviation of the accuracy by source: over seeds (as in the tables), what seeds differ beyond the noise "
    "of single answers, and drawing other test parcels or blocks. What another split would change in the training "
    "is in none of them."
)


def write_confidence_tables(
    comparisons: dict[str, pd.DataFrame],
    intervals: pd.DataFrame,
    mcnemar: pd.DataFrame,
    variance: pd.DataFrame,
    parcels: int,
    folder: str | Path,
) -> None:
    """Write `scores`, `confidence` and `variance` in three forms: `.csv` (numbers), `.md` and `.tex` (text).

    Parameters
    ----------
    comparisons
        By metric, of `evaluation.compare.comparison_table`: every score of the run.
    intervals, mcnemar, variance
        Of `evaluation.confidence`.
    parcels
        Number of test parcels that were scored.
    folder
        Where the files go.
    """
    first = next(iter(comparisons.values()))
    raw, preprocessed = first.attrs["raw"], first.attrs["preprocessed"]
    texts, numbers = [], []
    for metric, table in comparisons.items():
        text = comparison_text(table)
        text.insert(1, "score", METRIC_NAMES[metric])
        texts.append(text)
        numbers.append(table.assign(score=metric))
    every = pd.concat(texts, ignore_index=True).sort_values("model", kind="stable", key=lambda m: m.map(_order(m)))
    words = caption(first, parcels).replace(METRIC_NAMES[first.attrs["metric"]], "Every score", 1)
    tables: dict[str, tuple[pd.DataFrame, pd.DataFrame, str]] = {
        "scores": (pd.concat(numbers, ignore_index=True), every, words),
        "variance": (variance, variance_text(variance), VARIANCE),
    }
    if len(intervals):
        sure = intervals.merge(mcnemar, on="model", how="left")
        told = confidence_caption(intervals, "accuracy", raw, preprocessed)
        tables["confidence"] = (sure, confidence_text(intervals, mcnemar), told)
    else:
        told = "No model was trained on both branches, so there is nothing to be sure of."
        tables["confidence"] = (intervals, pd.DataFrame({"model": []}), told)
    for name, (table, text, told) in tables.items():
        write_forms(name, table, text, told, folder)


def _order(names: pd.Series) -> dict[str, int]:
    return {name: n for n, name in enumerate(dict.fromkeys(names))}
