"""Rule train: all seeds of a branch x model, and the predictions for every parcel."""

from pathlib import Path

from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.config.models import Model
from cloudrobust.config.training import Training
from cloudrobust.learning.run import train_and_predict

with job(snakemake):
    train_and_predict(
        snakemake.input.series,
        snakemake.input.split,
        snakemake.wildcards.branch,
        snakemake.wildcards.model,
        TypeAdapter(Model).validate_json(snakemake.params.model),
        Training.model_validate_json(snakemake.params.training),
        Path(snakemake.output.card).parent,
        checkpoints=snakemake.params.checkpoints,
        threads=snakemake.threads,
        code=snakemake.params.code,
        events=Path(snakemake.log[0]).with_suffix(""),
    )
