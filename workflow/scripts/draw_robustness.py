"""Rule draw_robustness: the curves of all branches and models."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.figures.robustness import robustness_figure, robustness_parcels_figure
from cloudrobust.report.robustness import ROBUSTNESS, missing_bands, robustness_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import write_forms
from comparison import wanted

with job(snakemake):
    cfg = wanted(snakemake)
    table = pd.concat([pd.read_csv(file) for file in snakemake.input.tables], ignore_index=True)
    tables = Path(snakemake.output.tables[0]).parent
    words = f"{ROBUSTNESS}{missing_bands(table)}"
    write_forms("robustness", table, robustness_text(table), words, tables, ("model", "branch"))
    folder = Path(snakemake.output.figures[0]).parent
    save(robustness_figure(table, cfg["raw"], cfg["preprocessed"]), folder / "robustness")
    save(robustness_parcels_figure(table, cfg["raw"], cfg["preprocessed"]), folder / "robustness-parcels")
