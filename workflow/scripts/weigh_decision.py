"""Rule weigh_decision: what the choice between raw and preprocessed series changes."""

import geopandas as gpd
import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.outputs import Prediction
from cloudrobust.evaluation.decision import changes, inspections, paired
from cloudrobust.spreadsheets import harmless

with job(snakemake):
    config = Prediction.model_validate_json(snakemake.params.cfg)
    folds = pd.read_parquet(snakemake.input.folds, columns=["parcel", "block"])
    raw, preprocessed = (gpd.read_parquet(file) for file in (snakemake.input.raw, snakemake.input.preprocessed))
    both = paired(raw, preprocessed, dict(zip(folds["parcel"], folds["block"], strict=True)))
    resamples = snakemake.params.resamples
    tables = {
        snakemake.output.changes: changes(both, resamples),
        snakemake.output.inspections: inspections(both, config.confident, config.costs, resamples),
    }
    for path, table in tables.items():
        with atomic(path) as part:
            harmless(table).to_csv(part, index=False)
