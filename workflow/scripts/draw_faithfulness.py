"""Rule draw_faithfulness: curves of every explanation, and what of it falls on clouds."""

import json
from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.report.figures.attention import on_clouds_figure
from cloudrobust.report.figures.faithfulness import faithfulness_figure
from cloudrobust.report.style import save

with job(snakemake):
    runs = [(branch, model) for branch, model in json.loads(snakemake.params.runs)]
    curves = {run: pd.read_csv(file) for run, file in zip(runs, snakemake.input.curves, strict=True)}
    clouds = {run: pd.read_csv(file) for run, file in zip(runs, snakemake.input.clouds, strict=True)}
    save(faithfulness_figure(curves), Path(snakemake.output.faithfulness).with_suffix(""))
    save(on_clouds_figure(clouds, snakemake.params.raw), Path(snakemake.output.clouds).with_suffix(""))
