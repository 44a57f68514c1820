"""Rule judge_in_season: accuracy at each end, and the stopping rule, of one branch x model."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.in_season import InSeason
from cloudrobust.config.steps import Step
from cloudrobust.evaluation.in_season import (
    accuracy_by_end,
    answers,
    calibrated,
    of_whole_seasons,
    stopping,
)
from cloudrobust.parcels.series import read_series

with job(snakemake):
    shown = snakemake.input
    loss = InSeason.model_validate_json(snakemake.params.cfg).loss
    split = pd.read_parquet(shown.split)
    cut = pd.read_parquet(shown.cut)
    validation, tested = answers(cut, "validation"), answers(cut, "test")
    with tempfile.TemporaryDirectory() as folder:
        whole = of_whole_seasons(
            Path(shown.card).parent,
            (shown.series, shown.split),
            read_series(shown.base, ["reflectance", "observed"]),
            TypeAdapter(list[Step]).validate_json(snakemake.params.steps),
            np.array(snakemake.params.ends, "datetime64[D]"),
            split,
            Path(folder),
            threads=snakemake.threads,
        )
    kinds = {"cut": tested, "whole": answers(whole, "test")}
    if shown.each:
        each = pd.concat([pd.read_parquet(file) for file in shown.each], ignore_index=True)
        kinds["each"] = answers(each, "test")
    blocks = split.astype({"parcel": str}).set_index("parcel").loc[tested.parcel, "block"].astype(str).tolist()
    groups = blocks if len(set(blocks)) > 1 and "" not in blocks else None
    curves = [
        accuracy_by_end(found, groups, snakemake.params.resamples).assign(trained=kind) for kind, found in kinds.items()
    ]
    curve = stopping(calibrated(validation, validation), calibrated(tested, validation), loss)
    for table, file in ((pd.concat(curves), snakemake.output.curves), (curve, snakemake.output.stopping)):
        table.insert(0, "model", snakemake.wildcards.model)
        table.insert(0, "branch", snakemake.wildcards.branch)
        with atomic(file) as part:
            table.to_csv(part, index=False)
