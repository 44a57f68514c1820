"""The best hyperparameters as a configuration file that is laid over the study's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ...atomic import atomic

HEADER = """\
# The best hyperparameters of each model in each branch, by Cohen's kappa of the validation part. Made by
# `snakemake tune`; lay it over the configuration that was tuned:
#   snakemake --configfile {config} {file}
# An empty entry means that no trial was better than the model as configured.
"""


def write_best(found: Iterable[Path], out: Path, config: str) -> None:
    """Write what the searches' best.json say as the configuration's key `tuned`."""
    tuned: dict[str, dict[str, Any]] = {}
    for file in found:
        content = json.loads(file.read_text())
        tuned.setdefault(content["branch"], {})[content["model"]] = content["parameters"]
    text = yaml.safe_dump({"tuned": tuned}, sort_keys=False, default_flow_style=None, width=1000)
    with atomic(out) as part:
        part.write_text(HEADER.format(config=config, file=out) + text)


def together(found: Iterable[tuple[str, str, Path]]) -> pd.DataFrame:
    """The tables of all searches, (branch, model, trials.csv) each, below each other."""
    tables = [pd.read_csv(file).assign(branch=branch, model=model) for branch, model, file in found]
    joined = pd.concat(tables, ignore_index=True)
    first = ["branch", "model", "trial"]
    return joined[first + [name for name in joined if name not in first]]
