"""Rule draw_comparison: scores of all models, of their classes, and their confusions."""

from pathlib import Path

import pandas as pd

from adaptor import job
from cloudrobust.evaluation.metrics import confusion, majority
from cloudrobust.report.figures.class_scores import class_scores_figure
from cloudrobust.report.figures.comparison import comparison_figure
from cloudrobust.report.figures.confidence import confidence_figure
from cloudrobust.report.figures.confusion import confusion_figure
from cloudrobust.report.figures.reliability import reliability_figure
from cloudrobust.report.figures.verdict import verdict_figure
from cloudrobust.report.style import save
from comparison import runs_of, scored_parcels, tables_of, wanted

with job(snakemake):
    runs, scored = runs_of(snakemake), scored_parcels(snakemake)
    folder = Path(snakemake.output.figures[0]).parent
    scores, first = pd.read_csv(snakemake.input.scores), next(iter(runs.values()))
    reference = {"accuracy": majority(first.predictions, scored)[1]}
    save(comparison_figure(scores, tables_of(snakemake, runs), reference), folder / "comparison")
    save(verdict_figure(pd.read_csv(snakemake.input.verdict)), folder / "verdict")
    cfg, sure = wanted(snakemake), pd.read_csv(snakemake.input.confidence)
    save(confidence_figure(sure, tables_of(snakemake, runs)), folder / "confidence")
    means = scores.groupby(["branch", "model"])[["ece", "ece_scaled"]].mean()
    errors = {key: (row["ece"], row["ece_scaled"]) for key, row in means.iterrows()}
    bins = pd.read_csv(snakemake.input.reliability)
    save(reliability_figure(bins, errors, cfg["raw"], cfg["preprocessed"]), folder / "reliability")
    classes = pd.read_csv(snakemake.input.classes, dtype={"class": str})
    for model in dict.fromkeys(model for _, model in runs):
        save(class_scores_figure(classes, model), folder / f"classes-{model}")
        matrices = {b: confusion(runs[b, model].predictions, scored) for b in (cfg["raw"], cfg["preprocessed"])}
        save(confusion_figure(matrices, model), folder / f"confusion-{model}")
