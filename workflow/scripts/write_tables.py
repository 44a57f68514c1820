"""Rule write_tables: the study's tables as CSV, Markdown and LaTeX."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.confidence import write_confidence_tables
from cloudrobust.report.tables import write_tables
from cloudrobust.report.verdict import write_verdict_table
from comparison import all_tables_of, runs_of, scored_parcels, tables_of, wanted

with job(snakemake):
    runs = runs_of(snakemake)
    tables = tables_of(snakemake, runs)
    classes = pd.read_csv(snakemake.input.classes, dtype={"class": str})
    folder = Path(snakemake.output.tables[0]).parent
    scored = len(scored_parcels(snakemake))
    write_tables(list(tables.values()), classes, scored, folder)
    cfg = wanted(snakemake)
    write_verdict_table(pd.read_csv(snakemake.input.verdict), cfg["raw"], cfg["preprocessed"], folder)
    write_confidence_tables(
        all_tables_of(snakemake, runs),
        *(pd.read_csv(snakemake.input[name]) for name in ("confidence", "mcnemar", "variance")),
        scored,
        folder,
    )
