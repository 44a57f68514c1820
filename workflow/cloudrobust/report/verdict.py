"""The verdict in words that anybody understands, as a table, and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.verdict import DEPENDS, FEW_BLOCKS, HARMS, OPEN, PAYS, POWER, UNFINISHED, WHOLE, WITHIN, rows_of
from .confidence import p_value
from .numbers import MISSING, listed, model_name
from .table_files import write_forms

Line = Mapping[str, Any]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

MANY = 10
"""More than so many times the seeds are not counted."""


def points(difference: float) -> str:
    """A difference of accuracy in points, without its sign: `0.4`, `6.8`, `18`."""
    value = abs(100 * difference)
    text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return text.removesuffix(".0")


def signed_points(difference: float) -> str:
    """The same with its sign: `+6.8`, `−18`, `0`; `–` if missing."""
    if difference is None or np.isnan(difference):
        return MISSING
    text = points(difference)
    return text if text == "0" else f"{'+' if difference > 0 else '−'}{text}"


def about(number: float) -> str:
    """A number to two digits: `166` is `170`, `15,234` is `15,000`."""
    digits = max(len(str(int(number))) - 2, 0)
    return f"{int(round(number, -digits)):,}"


def with_unit(difference: float) -> str:
    """`1 point`, `6.8 points`."""
    text = points(difference)
    return f"{text} point{'' if text == '1' else 's'}"


def verdict_sentences(table: pd.DataFrame) -> tuple[str, str]:
    """What to tell somebody who has a minute: the answer, and what is known of each model.

    Parameters
    ----------
    table
        Of `evaluation.verdict.verdicts`, or read from its CSV.

    Returns
    -------
    tuple
        One or two sentences about the whole study, and some about the models and about what remains unseen.
    """
    lines = [line for line in rows_of(table) if line["model"] != WHOLE]
    whole = next((line for line in rows_of(table) if line["model"] == WHOLE), None)
    if not lines:
        return "No model was trained on both raw and preprocessed series, so the question stays open.", ""
    judged = [line for line in lines if line["verdict"] != UNFINISHED]
    if not judged:
        return "No verdict is given, because no model finished learning.", " ".join(_unfinished(lines))
    if whole is None:
        head, of_models = _headline(judged[0], model_name(judged[0]["model"])), []
    else:
        head, of_models = _whole(whole, lines), _by_model(lines)
    details = [*of_models, *_unfinished(lines), *_limits(judged, whole)]
    return head, " ".join(details)


def _whole(whole: Line, lines: Sequence[Line]) -> str:
    if whole["verdict"] == DEPENDS:
        helped, harmed = (
            listed([model_name(line["model"]) for line in lines if line["verdict"] == v]) for v in (PAYS, HARMS)
        )
        return f"It depends on the model: preprocessing helps {helped}, but harms {harmed}."
    count = int(whole["models"])
    return _headline(whole, f"the {NUMBERS[count] if count < len(NUMBERS) else count} models")


def _headline(line: Line, who: str) -> str:
    several = line["model"] == WHOLE
    average = f"On average over {who}, it" if several else f"With {who}, it"
    between = f"(likely between {points(line['low'])} and {points(line['high'])})"
    size = points(line["estimate"])
    if line["verdict"] == PAYS:
        return f"Preprocessing pays. {average} gets {size} more of every 100 fields right {between}."
    if line["verdict"] == HARMS:
        between = f"(likely between {points(line['high'])} and {points(line['low'])})"
        return f"Preprocessing harms. {average} gets {size} fewer of every 100 fields right {between}."
    margin = with_unit(line["margin"])
    if line["verdict"] == WITHIN:
        words = "on average over" if several else "with"
        return (
            f"Preprocessing does not pay: {words} {who}, it changes the share of fields that are classified right by "
            f"less than {margin}."
        )
    if line["note"] and isinstance(line["note"], str):
        return f"We cannot tell whether preprocessing pays. {line['note']}"
    return (
        f"We cannot tell whether preprocessing pays. {average} changed the number of fields classified right by "
        f"{signed_points(line['estimate'])} in every 100, but anything from {signed_points(line['low'])} to "
        f"{signed_points(line['high'])} is possible. {_needed([line])}"
    )


def _by_model(lines: Sequence[Line]) -> list[str]:
    said = []
    for verdict, verb in ((PAYS, "It helped"), (HARMS, "It harmed")):
        clauses = []
        for line in (line for line in lines if line["verdict"] == verdict):
            ends = sorted((line["low"], line["high"]), key=abs)
            clauses.append(
                f"{model_name(line['model'])} by {with_unit(line['estimate'])} (between {points(ends[0])} and "
                f"{points(ends[1])})"
            )
        if clauses:
            said.append(f"{verb} {listed(clauses)}.")
    within = [line for line in lines if line["verdict"] == WITHIN]
    if within:
        names = listed([model_name(line["model"]) for line in within])
        said.append(f"For {names} any difference is smaller than {with_unit(within[0]['margin'])}.")
    unsure = [line for line in lines if line["verdict"] == OPEN]
    if unsure:
        names = listed([model_name(line["model"]) for line in unsure])
        planned = [line for line in unsure if not np.isnan(line["needed"])]
        reason = f"the difference is smaller than what {int(unsure[0]['parcels']):,} test fields can show."
        said.append(f"For {names} we cannot tell: {reason} {_needed(planned) if planned else ''}".rstrip())
    return said


def _needed(lines: Sequence[Line]) -> str:
    """How many test fields, and repeats of training, would tell."""
    parcels, seeds = int(lines[0]["parcels"]), int(lines[0]["seeds"])
    fields = sorted(line["needed"] for line in lines if line["needed"] > parcels)
    repeats = [line["needed_seeds"] for line in lines if line["needed_seeds"] > seeds]
    words = []
    if fields:
        low, high = about(fields[0]), about(fields[-1])
        words.append(f"about {low} test fields" if low == high else f"about {low} to {high} test fields")
    if repeats and max(repeats) > MANY * seeds:
        words.append(f"many more repeats of training than {seeds}")
    elif repeats:
        low, high = about(min(repeats)), about(max(repeats))
        times = low if low == high else f"{low} to {high}"
        words.append(f"{'' if words else 'about '}{times} repeats of training instead of {seeds}")
    return f"{listed(words)} would be needed.".capitalize() if words else ""


def _unfinished(lines: Sequence[Line]) -> list[str]:
    names = [model_name(line["model"]) for line in lines if line["verdict"] == UNFINISHED]
    if not names:
        return []
    return [
        f"{listed(names)} did not finish learning, so no verdict is given for {'it' if len(names) == 1 else 'them'}."
    ]


def _limits(judged: Sequence[Line], whole: Line | None) -> list[str]:
    first = judged[0]
    sizes = [line["detectable"] for line in judged if not np.isnan(line["detectable"])]
    said = []
    if sizes:
        single = with_unit(float(np.median(sizes)))
        where = f"With {int(first['parcels']):,} test fields"
        if whole is not None and not np.isnan(whole["detectable"]):
            average = with_unit(whole["detectable"])
            said.append(
                f"{where}, an average difference below about {average} can easily be missed, and so can one below "
                f"about {single} in a single model."
            )
        else:
            said.append(f"{where}, a difference below about {single} can easily be missed.")
    if first["unit"] == "blocks" and first["units"] < FEW_BLOCKS:
        said.append(
            f"The test fields lie in only {int(first['units'])} groups of neighbours, which is few; the ranges are "
            "wider for it."
        )
    if first["seeds"] == 1:
        said.append("Each model was trained only once; how much another training would differ is not in the ranges.")
    return said


METHOD = (
    "How the verdicts are made: the range is the 95 % interval, Student's t with the standard error of a paired "
    "bootstrap over {units} and over seeds (about {freedom} degrees of freedom). A model pays or harms if the "
    "difference is other than 0 (p < .05), and does not pay by more than {margin} if two one-sided tests place it "
    "within ±{margin} (p < .05); both are adjusted for the number of models by Holm's procedure, so a range that just "
    "misses 0 may still not be enough. The whole study is judged by the mean over its models. The smallest difference "
    "seen is the one that such a study finds in {power} of 100 cases. No test of answers sees whether a network "
    "finished learning; one that did not gets no verdict."
)


def method_words(table: pd.DataFrame) -> str:
    """How the verdicts came about, for the second screen."""
    known = table[table["freedom"].notna()]
    if known.empty:
        return ""
    first = known.iloc[0]
    low, high = (f"{value:.0f}" for value in (known["freedom"].min(), known["freedom"].max()))
    freedom = low if low == high else f"{low} to {high}"
    units = f"{int(first['units']):,} {'blocks' if first['unit'] == 'blocks' else 'single parcels'}"
    words = METHOD.format(units=units, freedom=freedom, margin=with_unit(first["margin"]), power=f"{100 * POWER:.0f}")
    alone = (
        "" if first["unit"] == "blocks" else " Neighbouring parcels count as independent here, for there are no blocks."
    )
    notes = table[table["note"].fillna("").astype(str) != ""]
    told = "".join(f" {shown_name(row['model'])}: {row['note']}" for _, row in notes.iterrows())
    return f"{words}{alone}{told}"


def shown_name(model: str) -> str:
    """The name of a model, or of the mean of all."""
    return "All models" if model == WHOLE else model_name(model)


def verdict_words(line: Line, short: bool = False) -> str:
    """The verdict as it stands in tables, or, `short`, beside a plot."""
    if line["verdict"] == WITHIN:
        return f"{'less' if short else 'does not pay by more'} than {with_unit(line['margin'])}"
    late = "did not finish learning"
    words = {
        OPEN: "cannot be told",
        UNFINISHED: late if short else f"no verdict: {late}",
        DEPENDS: "depends on the model",
    }
    return words.get(line["verdict"], str(line["verdict"]))


def verdict_text(table: pd.DataFrame, tests: bool = False) -> pd.DataFrame:
    """One line a model as text: verdict, difference in points, range, what is visible and what would be needed.

    `tests` adds the adjusted p-values.
    """
    rows = []
    for line in rows_of(table):
        row = {
            "model": shown_name(line["model"]),
            "verdict": verdict_words(line),
            "points": signed_points(line["estimate"]),
            "between": _between(line),
            "smallest difference seen": _or_dash(line["detectable"], points),
            "fields needed": _or_dash(line["needed"], about),
            "repeats needed": _or_dash(line["needed_seeds"], about),
        }
        if tests:
            row["p difference"] = _or_dash(line["p_difference_holm"], p_value)
            row["p within margin"] = _or_dash(line["p_equivalence_holm"], p_value)
        rows.append(row)
    return pd.DataFrame(rows)


def _between(line: Line) -> str:
    if np.isnan(line["low"]):
        return MISSING
    return f"{signed_points(line['low'])} to {signed_points(line['high'])}"


def _or_dash(value: float, write: Any) -> str:
    return MISSING if value is None or np.isnan(value) else str(write(value))


def verdict_caption(table: pd.DataFrame, raw: str, preprocessed: str) -> str:
    """What the numbers of the table are."""
    first = table.iloc[0]
    return (
        f"Does preprocessing pay? Difference of accuracy {preprocessed} − {raw} in points (fields in a hundred) on "
        f"{int(first['parcels']):,} test fields, with its 95 % range; fields and repeats of training that would tell, "
        "where it cannot be told yet."
    )


def write_verdict_table(table: pd.DataFrame, raw: str, preprocessed: str, folder: str | Path) -> None:
    """Write `verdict` as `.csv` (numbers), `.md` and `.tex` (text)."""
    if table.empty:
        words = "No model was trained on both branches, so there is no verdict."
        write_forms("verdict", table, pd.DataFrame({"model": []}), words, folder)
        return
    words = f"{verdict_caption(table, raw, preprocessed)} {method_words(table)}"
    write_forms("verdict", table, verdict_text(table, tests=True), words, folder, left=["model", "verdict"])


def extent(table: pd.DataFrame) -> tuple[float, float] | None:
    """The least and the greatest value of a plot of all ranges; None if there is no range."""
    known = table[table["low"].notna()] if len(table) else table
    if known.empty:
        return None
    margin = float(table["margin"].iloc[0])
    return min(float(known["low"].min()), -margin), max(float(known["high"].max()), margin)


def bars(table: pd.DataFrame, across: int = 88) -> list[str]:
    """The table as lines of characters: name, range with estimate, difference, and verdict; `│` is 0.

    `across` is the number of characters that a line may have.
    """
    found = extent(table)
    if found is None:
        return []
    low, high = found
    margin = float(table["margin"].iloc[0])

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    names = [shown_name(model) for model in table["model"]]
    words = [verdict_words(line, short=True) for line in rows_of(table)]
    width = max(across - max(map(len, names)) - max(map(len, words)) - 9, 9)
    lines = []
    for name, line in zip(names, rows_of(table), strict=True):
        cells = [" "] * width
        for at in range(place(-margin), place(margin) + 1):
            cells[at] = "░"
        if not np.isnan(line["low"]):
            for at in range(place(line["low"]), place(line["high"]) + 1):
                cells[at] = "─"
        cells[place(0.0)] = "│"
        if not np.isnan(line["estimate"]):
            cells[place(line["estimate"])] = "●"
        said = f"{signed_points(line['estimate']):>5}"
        lines.append(
            f"{name.ljust(max(map(len, names)))} {''.join(cells)} {said}  {verdict_words(line, short=True)}".rstrip()
        )
    return lines
