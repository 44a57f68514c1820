"""The section on what the networks look at."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from ...numbers import model_name, score
from ..tables import html_table

Key = tuple[str, str]


def read_explanations(clouds: Sequence[str], curves: Sequence[str], runs: Sequence[Key]) -> list[Markup]:
    """What falls on clouds, and how much faster than at random the score falls, for every branch and model."""
    if not runs:
        return []
    return [
        html_table(
            _on_clouds([pd.read_csv(file) for file in clouds], runs),
            "Share of importance on cloudy (or filled in) dates, against the share of such dates; all classes, the "
            "network of the first seed, mean over test parcels, 95 % bootstrap interval of the difference",
            left=["explanation of", "by", "dates"],
        ),
        html_table(
            _faithful([pd.read_csv(file) for file in curves], runs),
            "Fall of the probability of the first answer when 30 % of the dates are deleted, the most important first, "
            "beyond the fall when as many are deleted at random; network of the first seed, 95 % bootstrap interval "
            "over parcels",
            left=["explanation of", "by", "verdict"],
        ),
    ]


def _on_clouds(tables: Sequence[pd.DataFrame], runs: Sequence[Key]) -> pd.DataFrame:
    rows = []
    for (branch, model), table in zip(runs, tables, strict=True):
        rows += [
            {
                "explanation of": f"{model_name(model)}, {branch}",
                "by": line["what"],
                "dates": line["marked"],
                "importance on them": _percent(line["on_marked"]),
                "their share": _percent(line["reference"]),
                "difference": _points(line["difference"]),
                "interval": f"{_points(line['low'])} to {_points(line['high'])}",
            }
            for line in table[(table["class"] == "all") & (table["layer"] == 0)].to_dict("records")
        ]
    return pd.DataFrame(rows)


def _faithful(tables: Sequence[pd.DataFrame], runs: Sequence[Key], share: float = 0.3) -> pd.DataFrame:
    rows = []
    for (branch, model), table in zip(runs, tables, strict=True):
        at = table[((table["deleted"] - share).abs() < 1e-6) & (table["method"] != "random")]
        for line in at.to_dict("records"):
            better, worse = line["drop_low"] > 0, line["drop_high"] < 0
            rows.append(
                {
                    "explanation of": f"{model_name(model)}, {branch}",
                    "by": line["method"],
                    "probability left": score(line["probability"], 2),
                    "beyond random": _points(line["drop"]),
                    "interval": f"{_points(line['drop_low'])} to {_points(line['drop_high'])}",
                    "verdict": "faithful" if better else "worse than random" if worse else "no better than random",
                }
            )
    return pd.DataFrame(rows)


def _percent(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.0f} %"


def _points(value: float) -> str:
    """Percentage points with their sign."""
    return "–" if pd.isna(value) else f"{100 * value:+.0f}".replace("-", "−")
