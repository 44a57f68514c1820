"""Rule write_tables: the study's tables as CSV, Markdown and LaTeX."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.sureness import write_sureness_tables
from cloudrobust.report.tables import write_tables
from comparison import all_tables_of, runs_of, scored_parcels, tables_of

with job(snakemake):
    runs = runs_of(snakemake)
    tables = tables_of(snakemake, runs)
    classes = pd.read_csv(snakemake.input.classes, dtype={"class": str})
    folder = Path(snakemake.output.tables[0]).parent
    scored = len(scored_parcels(snakemake))
    write_tables(list(tables.values()), classes, scored, folder)
    write_sureness_tables(
        all_tables_of(snakemake, runs),
        *(pd.read_csv(file) for file in (snakemake.input.sureness, snakemake.input.mcnemar, snakemake.input.variance)),
        scored,
        folder,
    )
