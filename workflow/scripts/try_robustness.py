"""Rule try_robustness: one branch x model on degraded series."""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.evaluation import Robustness
from cloudrobust.config.steps import Step
from cloudrobust.evaluation.robustness import Inputs, robustness
from cloudrobust.parcels.series import read_series

with job(snakemake):
    inputs = Inputs(
        run=Path(snakemake.input.card).parent,
        series=Path(snakemake.input.series),
        split=Path(snakemake.input.split),
        base=read_series(snakemake.input.base),
        rest=tuple(TypeAdapter(list[Step]).validate_json(snakemake.params.steps)),
        unmasked=read_series(snakemake.input.unmasked),
        reference=read_series(snakemake.input.reference),
        clouds=read_series(snakemake.input.clouds, ["clear_fraction"]),
        tested=tuple(pd.read_csv(snakemake.input.scored, dtype=str)["parcel"]),
    )
    config = Robustness.model_validate_json(snakemake.params.cfg)
    table = robustness(inputs, config, resamples=snakemake.params.resamples, threads=snakemake.threads)
    table.insert(0, "model", snakemake.wildcards.model)
    table.insert(0, "branch", snakemake.wildcards.branch)
    with atomic(snakemake.output.table) as part:
        table.to_csv(part, index=False)
