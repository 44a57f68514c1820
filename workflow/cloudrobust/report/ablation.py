"""The ablation's table in words, and what its reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ..spreadsheets import harmless
from .numbers import METRIC_NAMES, MISSING, model_name, signed
from .table_files import latex, markdown

METRICS = ("accuracy", "kappa")


def effects_text(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of the table of `evaluation.ablation.ablation_table`, as `+.012 (−.003 to +.027)`."""
    held_against = zip(table["level"], table["reference"], strict=True)
    text = pd.DataFrame(
        {
            "factor": table["factor"].tolist(),
            "step": [f"{level} − {reference}" for level, reference in held_against],
            "model": [model_name(name) for name in table["model"]],
            "pairs": [MISSING if pd.isna(n) else str(int(n)) for n in table["pairs"]],
        }
    )
    for metric in METRICS:
        rows = zip(*(table[metric + end] for end in ("", "_low", "_high")), strict=True)
        text[METRIC_NAMES[metric]] = [
            MISSING
            if pd.isna(effect)
            else signed(effect)
            if pd.isna(low)
            else f"{signed(effect)} ({signed(low)} to {signed(high)})"
            for effect, low, high in rows
        ]
    order = {name: number for number, name in enumerate(dict.fromkeys(table["factor"] + "/" + table["level"]))}
    rank = (table["factor"] + "/" + table["level"]).map(order)
    return text.loc[rank.sort_values(kind="stable").index].reset_index(drop=True)


def caption(parcels: int, seeds: int, branches: int, confidence: float, blocks: int) -> str:
    """What the numbers are, in one sentence; `blocks` of the split are drawn as wholes if there are several."""
    drawn = f"the {blocks} blocks that they lie in" if blocks > 1 else "parcels"
    return (
        f"Main effect of each step on {parcels:,} test parcels that all {branches} branches classify, mean over "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}, with {100 * confidence:g} % intervals of a paired bootstrap "
        f"over {drawn} and over seeds."
    )


def notes(
    table: pd.DataFrame,
    design: str,
    left_out: Sequence[str],
    missed: Mapping[str, int],
    trained_on: Mapping[str, int],
    seeds: int,
) -> list[str]:
    """Sentences below the table.

    Parameters
    ----------
    table
        The effects.
    design
        "full" or "fraction".
    left_out
        Of `config.design.Design.notes`.
    missed
        By branch, how many test parcels it does not classify, which are not scored in any branch therefore.
    trained_on
        By branch, how many parcels its models were trained on.
    seeds
        How many there are.
    """
    how = (
        "An effect is the mean difference over all pairs of branches that differ in nothing else."
        if design == "full"
        else "An effect is a coefficient of the least-squares fit of main effects."
    )
    words = [how, *left_out]
    untold = table.loc[table["accuracy"].isna(), ["factor", "level"]].drop_duplicates()
    if len(untold):
        names = ", ".join(f"{factor} {level}" for factor, level in untold.itertuples(index=False))
        words.append(f"No pair of branches tells the effect of {names}.")
    for metric in METRICS:
        told = table[f"{metric}_note"].fillna("").astype(str)
        for why in dict.fromkeys(told[(told != "") & table[metric].notna()]):
            names = ", ".join(dict.fromkeys(model_name(model) for model in table.loc[told == why, "model"]))
            words.append(f"{METRIC_NAMES[metric]}, {names}: {why}")
    if any(missed.values()):
        said = ", ".join(f"{count} in {branch}" for branch, count in missed.items() if count)
        words.append(f"Test parcels without an answer, which are scored in no branch therefore: {said}.")
    counts = sorted(set(trained_on.values()))
    words.append(
        f"Every model was trained on the same {counts[0]:,} parcels."
        if len(counts) == 1
        else f"Models were trained on {counts[0]:,} to {counts[-1]:,} parcels, those that have a value in their branch."
    )
    if seeds < 5:
        words.append(f"{seeds} seeds say little of how seeds differ; the intervals rest on the parcels.")
    words.append("They tell of other parcels of this landscape and of other seeds, not of other landscapes or years.")
    return words


def table_files(table: pd.DataFrame, words: str, below: Sequence[str]) -> tuple[str, str, str]:
    """The table as CSV (numbers), Markdown and LaTeX (text), the notes below the latter two."""
    text = effects_text(table)
    left = ["factor", "step", "model"]
    in_markdown = f"{words}\n\n{markdown(text, left)}\n{' '.join(below)}\n"
    return harmless(table).to_csv(index=False), in_markdown, latex(text, f"{words} {' '.join(below)}", "tab:ablation")
