"""Rule draw_series: one parcel's series, raw and preprocessed."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.parcels.series import read_series
from cloudrobust.report.figures.series import series_figure
from cloudrobust.report.style import save
from picture import chosen_parcel

with job(snakemake):
    raw, measured, preprocessed = (read_series(snakemake.input[name]) for name in ("raw", "measured", "preprocessed"))
    row = chosen_parcel(snakemake, raw, measured)
    crop = f", {row['class']}" if pd.notna(row["class"]) else ""
    title, names = f"Parcel {row['parcel']}{crop}", tuple(snakemake.params.names)
    clouds = read_series(snakemake.input.clouds)
    figure = series_figure(raw, measured, preprocessed, row["parcel"], clouds=clouds, title=title, names=names)
    save(figure, Path(snakemake.output.figures[0]).with_suffix(""))
