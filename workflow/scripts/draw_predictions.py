"""Rule draw_predictions: where the test parcels are classified right."""

from pathlib import Path

from adaptor import job
from cloudrobust.parcels.read import load_parcels
from cloudrobust.report.figures.prediction_map import prediction_map
from cloudrobust.report.style import save
from comparison import runs_of, scored_parcels, wanted

with job(snakemake):
    runs, cfg = runs_of(snakemake), wanted(snakemake)
    parcels, scored = load_parcels(snakemake.input.parcels), scored_parcels(snakemake)
    for model in dict.fromkeys(model for _, model in runs):
        frames = {branch: runs[branch, model].predictions for branch in (cfg["raw"], cfg["preprocessed"])}
        figure = prediction_map(parcels, frames, model, scored)
        save(figure, Path(snakemake.output.figures[0]).parent / f"predictions-{model}")
