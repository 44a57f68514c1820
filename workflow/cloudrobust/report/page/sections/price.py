"""The section on what branches and steps cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...price import price_text, steps_text
from ..tables import html_table

STEPS = (
    "What each step does to the accuracy, and what it takes more: means over matched pairs of branches, each with all "
    "that it needs, scenes and training included"
)


def price_tables(files: Sequence[str], steps: Sequence[str]) -> list[Markup]:
    """What every part of every branch costs, and each step of the ablation where it was priced.

    Parameters
    ----------
    files
        Of the rule `add_up_price`: price.csv, totals.csv, price.json.
    steps
        Of the rule `price_ablation`: among its files price.csv; none where the report has no ablation.
    """
    by_name = {Path(file).name: Path(file) for file in files}
    words = json.loads(by_name["price.json"].read_text())
    table, totals = pd.read_csv(by_name["price.csv"]), pd.read_csv(by_name["price-totals.csv"])
    table = table.fillna({"name": ""})
    said = " ".join(words[key] for key in ("sentence", "latency") if words[key])
    shown = [
        Markup("<p>{}</p>").format(said),
        html_table(
            price_text(table, totals, words["currency"]),
            f"What each part of each branch took. {' '.join(words['notes'])}",
            left=["branch", "what"],
        ),
    ]
    for file in steps:
        if Path(file).name == "price.csv":
            text = steps_text(pd.read_csv(file), words["currency"])
            shown.append(html_table(text, STEPS, left=["factor", "step", "model"]))
    return shown
