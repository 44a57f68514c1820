"""What branches and steps cost, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from ..benchmarks import duration
from .numbers import MISSING, model_name, signed

STEPS = {
    "select": "the selection of dates",
    "mask": "masking",
    "interpolate": "interpolation",
    "composite": "compositing",
    "smooth": "smoothing",
    "index": "indices",
    "normalise": "normalisation",
    "bands": "the selection of bands",
    "aggregate": "averaging after work on pixels",
}
UNITS = {
    "core_hours": "core time",
    "gigabytes": "downloads",
    "scene_gigabytes": "scenes",
    "processing_units": "processing units",
    "kilowatt_hours": "energy (kWh)",
}
PARTS = {"parcels": "parcels, grids, split", "averaging": "average over parcels"}


def amount(value: float) -> str:
    """A quantity with three significant digits and no exponent; `–` if unknown."""
    if math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < 0.0005:
        return "< .001" if value > 0 else "> −.001"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", "−")


def core_time(hours: float) -> str:
    """Core hours as people say durations; `–` if unknown."""
    if math.isnan(hours):
        return MISSING
    return f"−{duration(-3600 * hours)}" if hours < 0 else duration(3600 * hours)


def data_size(gigabytes: float) -> str:
    """Gigabytes (1e9 bytes) as kB, MB or GB."""
    for unit, factor in (("GB", 1.0), ("MB", 1e3)):
        if abs(gigabytes) * factor >= 1:
            return f"{amount(gigabytes * factor)} {unit}"
    return f"{amount(gigabytes * 1e6)} kB" if abs(gigabytes) >= 1e-9 else "0"


WRITTEN: dict[str, Callable[[float], str]] = {
    "core_hours": core_time,
    "only_core_hours": core_time,
    "gigabytes": data_size,
    "scene_gigabytes": data_size,
}
"""How quantities are written; all others as `amount`."""


def written(column: str, value: float) -> str:
    """A quantity of a column of `evaluation.price.price_table`."""
    return WRITTEN.get(column, amount)(value)


def used(table: pd.DataFrame) -> list[str]:
    """The quantities that are there at all; core hours always are."""
    return [name for name in UNITS if name == "core_hours" or table[name].fillna(0).abs().sum() > 0]


def price_text(table: pd.DataFrame, totals: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The table of `evaluation.price.price_table` in words, below each branch its sums with each model."""
    columns = used(table)
    shown = [*columns, *(["money"] if totals["money"].notna().any() else [])]
    rows = []
    for branch, mine in table.groupby("branch", sort=False):
        for row in mine.to_dict("records"):
            values = [written(column, row[column]) for column in (*shown, "only_core_hours")]
            rows.append([branch, _part(row["part"], row["name"]), *values])
        for row in totals[totals["branch"] == branch].to_dict("records"):
            values = [written(column, row[column]) for column in shown]
            rows.append([branch, f"all, with {model_name(row['model'])}", *values, ""])
    heads = [UNITS.get(column, currency) for column in shown]
    return pd.DataFrame(rows, columns=["branch", "what", *heads, "core time for this branch alone"])


def steps_text(table: pd.DataFrame, currency: str) -> pd.DataFrame:
    """The table of `evaluation.price.step_prices` in words."""
    columns = used(table)
    held = zip(table["level"], table["reference"], strict=True)
    text = pd.DataFrame(
        {
            "factor": table["factor"].tolist(),
            "step": [f"{level} − {reference}" for level, reference in held],
            "model": [model_name(name) for name in table["model"]],
            "accuracy": [
                MISSING if pd.isna(a) else f"{signed(a)} ({signed(b)} to {signed(c)})"
                for a, b, c in table[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy(float)
            ],
        }
    )
    for column in columns:
        text[UNITS[column]] = [_change(column, value) for value in table[column]]
    if table["money"].notna().any():
        text[currency] = [_change("money", value) for value in table["money"]]
    return text


def _change(column: str, value: float) -> str:
    return f"+{written(column, value)}" if value > 0 else written(column, value)


def _part(part: str, name: str) -> str:
    if part == "scenes":
        return f"scenes, {name}"
    if part == "training":
        return f"training {model_name(name)}"
    return PARTS.get(part, name)


def dropped(chains: Mapping[str, str], kinds: Mapping[str, str], raw: str, preprocessed: str) -> str:
    """What is done to go from the preprocessed to the raw branch, as the beginning of a sentence."""
    level, *names = chains[preprocessed].split("/")
    other, *kept = chains[raw].split("/")
    if set(kept) - set(names) or (level, other) == ("L1C", "L2A"):
        return f"Taking {raw} instead of {preprocessed}"
    gone = [name for name in names if name not in kept]
    words = (["atmospheric correction"] if level != other else []) + [
        STEPS.get(kinds[n], f"the step {n}") for n in gone
    ]
    if not words:
        return f"Taking {raw} instead of {preprocessed}"
    return f"Dropping {listed(list(dict.fromkeys(words)))}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def best_model(scores: pd.DataFrame, intervals: pd.DataFrame) -> str | None:
    """The model with the highest mean accuracy in any branch, among those that have an interval; None without one."""
    means = scores.groupby(["model", "branch"])["accuracy"].mean().groupby("model").max()
    means = means[means.index.isin(intervals["model"])]
    return str(means.sort_index().idxmax()) if len(means) else None


def price_sentence(
    beginning: str,
    totals: pd.DataFrame,
    intervals: pd.DataFrame,
    model: str | None,
    raw: str,
    preprocessed: str,
    currency: str,
) -> str:
    """What dropping the steps saves, and what it costs in accuracy.

    Parameters
    ----------
    beginning
        Of `dropped`.
    totals
        Of `evaluation.price.totals`.
    intervals
        Of `evaluation.confidence.intervals`: those of blocks count, or of parcels where there are no blocks.
    model
        The model that is spoken of.
    raw, preprocessed
        The two branches.
    currency
        Of the prices.
    """
    rows = totals[totals["model"] == model].set_index("branch")
    if model is None or not {raw, preprocessed} <= set(rows.index):
        return "No model was trained on both branches, so their prices cannot be compared."
    before, after = dict(rows.loc[preprocessed]), dict(rows.loc[raw])
    saves, takes = _changes(before, after)
    words = []
    if saves:
        words.append(f"saves {listed(saves)}")
    if takes:
        words.append(f"takes {listed(takes)}")
    what = " but ".join(words) if words else "changes no cost"
    if not pd.isna(before["money"] + after["money"]):
        difference = float(before["money"] - after["money"])
        what += f" ({amount(abs(difference))} {currency} {'less' if difference >= 0 else 'more'} in all)"
    return f"{beginning} {what}, and {_points(intervals, model)} with {model_name(model)}."


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """What is saved, and what is needed more."""
    saves: list[str] = []
    takes: list[str] = []
    bytes_ = "gigabytes" if before["gigabytes"] or after["gigabytes"] else "scene_gigabytes"
    noun = "downloads" if bytes_ == "gigabytes" else "scenes"
    hours = float(before["core_hours"] - after["core_hours"])
    if before["core_hours"] and hours:
        share = f"{abs(hours) / before['core_hours']:.0%}".replace("%", " %")
        of = f"({core_time(abs(hours))} of a core; {core_time(before['core_hours'])} before)"
        (saves if hours > 0 else takes).append(f"{share} {'of the' if hours > 0 else 'more'} computing {of}")
    change = float(before[bytes_] - after[bytes_])
    if change:
        (saves if change > 0 else takes).append(f"{data_size(abs(change))} {'of' if change > 0 else 'more of'} {noun}")
    for column, unit in (("processing_units", "processing units"), ("kilowatt_hours", "kWh")):
        change = float(before[column] - after[column])
        if change and not math.isnan(change):
            (saves if change > 0 else takes).append(f"{amount(abs(change))} {'' if change > 0 else 'more '}{unit}")
    return saves, takes


def _points(intervals: pd.DataFrame, model: str) -> str:
    """What dropping costs in points of accuracy, with its interval."""
    mine = intervals[(intervals["model"] == model) & (intervals["metric"] == "accuracy")]
    known = mine[mine["low"].notna()]
    units = known if len(known) else mine
    unit = "blocks" if (units["unit"] == "blocks").any() else "parcels"
    change, low, high = 100 * units.loc[units["unit"] == unit, ["estimate", "low", "high"]].to_numpy(float)[0]
    over = f"95 % interval over {unit}"
    if low > 0:
        return f"costs {change:.1f} points of accuracy ({over}: {low:.1f} to {high:.1f})"
    if high < 0:
        return f"gains {-change:.1f} points of accuracy ({over}: {-high:.1f} to {-low:.1f})"
    words = f"costs {change:.1f}" if change >= 0 else f"gains {-change:.1f}"
    if math.isnan(low):
        return f"{words} points of accuracy (there is no interval)"
    ends = (low, high) if change >= 0 else (-high, -low)
    unsure = f"({over}: {ends[0]:.1f} to {ends[1]:.1f}, so it may be nothing)".replace("-", "−")
    return f"{words} points of accuracy {unsure}"


def latency_sentence(seconds: Mapping[str, float], published: Mapping[str, float | None]) -> str:
    """How long a month's scenes take to become series; `published` are hours until the archive offers a scene."""
    told = []
    for branch, value in seconds.items():
        if math.isnan(value):
            continue
        delay = published.get(branch)
        more = f" after the {delay:g} hours that the archive takes" if delay is not None else ""
        told.append(f"{duration(value)} in {branch}{more}")
    if not told:
        return ""
    words = f"From the scenes of a month to its series the jobs take {listed(told)} (median over months)."
    if all(value is None for value in published.values()):
        words += " The archive's own delay is not known here; state it as prices.publication_hours."
    return words


def notes(table: pd.DataFrame, priced: Sequence[str], simulated: bool, currency: str) -> list[str]:
    """What the reader must know: what is not in the sums, and which prices were used."""
    words = [
        "Core time is time on the clock times the cores that the job holds.",
        "The sums hold all work from the scenes to the trained models with all of their seeds, and no explanations or "
        "report.",
    ]
    if simulated:
        words.append("The scenes are simulated: making them is not counted, and nothing was downloaded.")
    without = int(table.drop_duplicates(["branch", "part", "name"])["without"].sum())
    if without:
        words.append(
            f"{without} {'job has' if without == 1 else 'jobs have'} left no benchmark file, so that time is missing "
            "from the sums."
        )
    if table["kilowatt_hours"].isna().all():
        words.append("Energy was not measured: the machine shows no counters.")
    elif table["kilowatt_hours"].isna().any():
        words.append("Energy is the sum over the jobs whose machine shows counters.")
    if priced:
        words.append(f"Prices in {currency} a unit, from the configuration: {', '.join(priced)}.")
    else:
        words.append("The configuration gives no prices (key prices), so there are quantities alone.")
    return words


def steps_caption(simulated: bool, without: int) -> str:
    """What the table of steps says."""
    words = [
        "What each step does to the accuracy, and what it takes more: means over matched pairs of branches, each with "
        "all that it needs, scenes and training included."
    ]
    if simulated:
        words.append("The scenes are simulated: making them is not counted.")
    if without:
        words.append("Some jobs have left no benchmark file, so their time is missing.")
    return " ".join(words)
