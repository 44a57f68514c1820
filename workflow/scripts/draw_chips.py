"""Rule draw_chips: image chips of one parcel through the year, clouds and all."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.config.study import Pictures
from cloudrobust.parcels.read import load_parcels
from cloudrobust.parcels.series import read_series
from cloudrobust.report.figures.chips import chips_figure, read_chips
from cloudrobust.report.figures.series import clear_fraction_of
from cloudrobust.report.style import save
from cloudrobust.scenes.index import read_index
from picture import chosen_parcel

with job(snakemake):
    raw, measured = read_series(snakemake.input.raw), read_series(snakemake.input.measured)
    row = chosen_parcel(snakemake, raw, measured)
    side = Pictures.model_validate_json(snakemake.params.cfg).chip
    index = pd.concat([read_index(file) for file in snakemake.input.scenes], ignore_index=True)
    crs = load_parcels(snakemake.input.parcels).crs
    chips = read_chips(index, snakemake.params.store, row["geometry"], crs, side)
    of_parcel = {"parcel": row["parcel"]}
    clouds = read_series(snakemake.input.clouds)
    clear = clear_fraction_of(raw.sel(of_parcel), clouds.sel(of_parcel)).dropna("time").to_series().to_dict()
    figure = chips_figure(chips, f"Parcel {row['parcel']}, {row['class']}", clear)
    save(figure, Path(snakemake.output.figures[0]).with_suffix(""))
