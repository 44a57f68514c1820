"""Rule write_tables: the study's tables as CSV, Markdown and LaTeX."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.tables import write_tables
from comparison import runs_of, scored_parcels, tables_of

with job(snakemake):
    tables = tables_of(snakemake, runs_of(snakemake))
    classes = pd.read_csv(snakemake.input.classes, dtype={"class": str})
    folder = Path(snakemake.output.tables[0]).parent
    write_tables(list(tables.values()), classes, len(scored_parcels(snakemake)), folder)
