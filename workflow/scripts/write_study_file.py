"""Rule write_study_file: the small file of a study that can be shared and pooled."""

import json

import pandas as pd

from adaptor import job
from cloudrobust.evaluation.study_file import differences, study_content, write_study_file
from cloudrobust.evaluation.verdict import verdict_of
from cloudrobust.parcels.read import load_parcels
from cloudrobust.provenance import versions
from comparison import scored_parcels, wanted

with job(snakemake):
    cfg = wanted(snakemake)
    compared = differences(
        pd.read_csv(snakemake.input.confidence), pd.read_csv(snakemake.input.scores), cfg["raw"], cfg["preprocessed"]
    )
    content = study_content(
        json.loads(snakemake.params.head),
        load_parcels(snakemake.input.parcels),
        pd.read_parquet(snakemake.input.split),
        scored_parcels(snakemake),
        compared,
        verdict_of(pd.read_csv(snakemake.input.verdict)),
        versions(),
    )
    write_study_file(content, snakemake.output.study)
