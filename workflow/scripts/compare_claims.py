"""Rule compare_claims: what a random split of the same parcels would have claimed."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.errors import InputError
from cloudrobust.evaluation.splits import claims
from cloudrobust.report.figures.other_splits import claims_figure
from cloudrobust.report.other_splits import CLAIMS, claims_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import write_forms
from comparison import runs_of, wanted
from resplit_runs import runs_again

with job(snakemake):
    if snakemake.params.method == "random":
        raise InputError("split_claims: the study's split is random itself; set split.method to blocks or column")
    cfg = wanted(snakemake)
    study = {key: run.predictions for key, run in runs_of(snakemake).items()}
    random = {key: run.predictions for key, run in runs_again(snakemake, snakemake.input.random_cards).items()}
    blocks = dict(pd.read_parquet(snakemake.input.split, columns=["parcel", "block"]).astype(str).to_numpy())
    table = claims(study, blocks, random, snakemake.params.resamples)
    write_forms(
        "split-claims", table, claims_text(table), CLAIMS, Path(snakemake.output.tables[0]).parent, ("model", "branch")
    )
    figure = claims_figure(table, cfg["raw"], cfg["preprocessed"])
    save(figure, Path(snakemake.output.figures[0]).with_suffix(""))
