"""Rule split_fewer: a split with a share of its training parcels."""

import pandas as pd

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.evaluation.learning_curve import thinned

with job(snakemake):
    split = thinned(pd.read_parquet(snakemake.input.split), snakemake.params.share, snakemake.params.draw)
    with atomic(snakemake.output.split) as part:
        split.to_parquet(part, index=False)
