"""The section on what the networks look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from markupsafe import Markup

from ...numbers import model_name, score
from ..tables import html_table

Key = tuple[str, str]


def read_explanations(
    clouds: Sequence[str], curves: Sequence[str], runs: Sequence[Key], explained: Mapping[Key, xr.Dataset]
) -> list[Markup]:
    """What falls on clouds, how much faster than at random the score falls, and whether integrated gradients add up.

    A row for every branch and model; the datasets `explained` are those of `evaluation.explanations.explain`.
    """
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
        html_table(
            _complete(explained, runs),
            "Whether integrated gradients add up: their sum against the change of the score from the average training "
            "parcel to the parcel, error as a share of that change; parcels that do not add up are left out above",
            left=["explanation of", "do not add up"],
        ),
    ]


def _complete(explained: Mapping[Key, xr.Dataset], runs: Sequence[Key]) -> pd.DataFrame:
    rows = []
    for branch, model in runs:
        one = explained[branch, model]
        gap, still = one["gap"].values, one["gap"].values > one.attrs["tolerance"]
        rows.append(
            {
                "explanation of": f"{model_name(model)}, {branch}",
                "parcels": len(gap),
                "median error": _percent(float(np.median(gap)), 1),
                "greatest error": _percent(float(gap.max()), 1),
                "most points": int(one["points"].max()),
                "do not add up": ", ".join(one["parcel"].values[still].astype(str)) or "none",
            }
        )
    return pd.DataFrame(rows)


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


def _percent(value: float, digits: int = 0) -> str:
    return "–" if pd.isna(value) else f"{100 * value:.{digits}f} %"


def _points(value: float) -> str:
    """Percentage points with their sign."""
    return "–" if pd.isna(value) else f"{100 * value:+.0f}".replace("-", "−")
