"""Rule draw_in_season: how early the answers are right, of all branches and models."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.figures.in_season import in_season_figure
from cloudrobust.report.in_season import IN_SEASON, STOPPING, in_season_text, stopping_text
from cloudrobust.report.style import save
from cloudrobust.report.table_files import write_forms
from comparison import wanted

with job(snakemake):
    cfg = wanted(snakemake)
    curves, stops = (
        pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
        for files in (snakemake.input.curves, snakemake.input.stopping)
    )
    tables = Path(snakemake.output.tables[0]).parent
    write_forms("in-season", curves, in_season_text(curves), IN_SEASON, tables, ("model", "branch", "trained"))
    write_forms("in-season-stopping", stops, stopping_text(stops), STOPPING, tables, ("model", "branch"))
    figure = in_season_figure(curves, stops, cfg["raw"], cfg["preprocessed"])
    save(figure, Path(snakemake.output.figures[0]).with_suffix(""))
