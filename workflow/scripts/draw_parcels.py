"""Rule draw_parcels: the parcels by crop and by part of the split, and how far the parts lie apart."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.config.sources import Split
from cloudrobust.parcels.read import load_parcels
from cloudrobust.report.figures.parcels import parcels_figure
from cloudrobust.report.figures.split_distance import split_distance_figure
from cloudrobust.report.style import save

with job(snakemake):
    split = Split.model_validate_json(snakemake.params.cfg)
    block = split.block if split.method == "blocks" else None
    figure = parcels_figure(load_parcels(snakemake.input.parcels), pd.read_parquet(snakemake.input.split), block)
    folder = Path(snakemake.output.figures[0]).parent
    save(figure, folder / "parcels")
    save(split_distance_figure(pd.read_csv(snakemake.input.distances)), folder / "split-distance")
