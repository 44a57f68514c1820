"""Rule deal_folds: the folds of cross-prediction."""

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.sources import Split
from cloudrobust.parcels.folds import deal
from cloudrobust.parcels.read import load_parcels

with job(snakemake):
    config, parcels = Split.model_validate_json(snakemake.params.cfg), load_parcels(snakemake.input.parcels)
    with atomic(snakemake.output.folds) as part:
        deal(parcels, config, snakemake.params.folds).to_parquet(part, index=False)
