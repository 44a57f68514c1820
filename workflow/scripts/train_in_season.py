"""Rule train_in_season: all seeds of a branch x model on series that are cut short, and its answers at each end."""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.models import Model
from cloudrobust.config.steps import Step
from cloudrobust.config.training import Training
from cloudrobust.learning.run import train_and_keep
from cloudrobust.learning.truncation import dataset_of
from cloudrobust.parcels.series import read_series

with job(snakemake):
    training = Training.model_validate_json(snakemake.params.training)
    dataset = dataset_of(
        read_series(snakemake.input.base, ["reflectance", "observed"]),
        TypeAdapter(list[Step]).validate_json(snakemake.params.steps),
        np.array(snakemake.params.ends, "datetime64[D]"),
        pd.read_parquet(snakemake.input.split),
        training.inputs,
    )
    train_and_keep(
        dataset,
        snakemake.wildcards.branch,
        snakemake.wildcards.model,
        TypeAdapter(Model).validate_json(snakemake.params.model),
        training,
        Path(snakemake.output.card).parent,
        checkpoints=snakemake.params.checkpoints,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
