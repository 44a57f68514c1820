"""Rule split_parcels: train, validation and test."""

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.sources import Split
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.split import split

with job(snakemake):
    parts = split(load_parcels(snakemake.input.parcels), Split.model_validate_json(snakemake.params.cfg))
    with atomic(snakemake.output.split) as part:
        parts.to_parquet(part, index=False)
