"""What the scripts of evaluation and report share: the runs of a study, in order."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from cloudrobust.config.published import Published
from cloudrobust.evaluation.compare import CALIBRATION, comparison_table
from cloudrobust.evaluation.metrics import METRICS as ALL_METRICS
from cloudrobust.evaluation.runs import Key, Run, read_runs
from cloudrobust.report.published import beside

METRICS = ("accuracy", "kappa")


def wanted(snakemake) -> dict[str, Any]:
    """Branches, models and chains as the rule's parameter `cfg` gives them."""
    return json.loads(snakemake.params.cfg)


def runs_of(snakemake) -> dict[Key, Run]:
    """Predictions and card of every branch x model, in the order of the configuration."""
    folders = [Path(card).parent for card in snakemake.input.cards]
    keys = [(branch, model) for branch, model in wanted(snakemake)["runs"]]
    return read_runs(dict(zip(keys, folders, strict=True)))


def tables_of(snakemake, runs: dict[Key, Run]) -> dict[str, pd.DataFrame]:
    """The comparison table of each metric, with published figures if the rule's parameter `published` has any."""
    told = snakemake.params.get("published")
    published = Published.model_validate_json(told) if told else None
    return {metric: beside(table, published) for metric, table in _tables(snakemake, runs, METRICS).items()}


def all_tables_of(snakemake, runs: dict[Key, Run]) -> dict[str, pd.DataFrame]:
    """The comparison table of every score, calibration included."""
    return _tables(snakemake, runs, (*ALL_METRICS, *CALIBRATION))


def _tables(snakemake, runs: dict[Key, Run], metrics: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    scores = pd.read_csv(snakemake.input.scores)
    parameters = {key: run.parameters for key, run in runs.items()}
    converged = {key: run.converged for key, run in runs.items()}
    cfg = wanted(snakemake)
    pair = cfg["raw"], cfg["preprocessed"]
    return {m: comparison_table(scores, m, *pair, parameters, converged) for m in metrics if m in scores}


def scored_parcels(snakemake) -> list[str]:
    """Ids of the test parcels that every branch classifies."""
    return pd.read_csv(snakemake.input.scored, dtype=str)["parcel"].tolist()
