"""Rule write_tuning: the overlay with the best hyperparameters, the table of all trials and its picture."""

import json
from pathlib import Path

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.learning.tuning.overlay import together, write_best
from cloudrobust.report.figures.tuning import tuning_figure
from cloudrobust.report.style import save

with job(snakemake):
    cfg = json.loads(snakemake.params.cfg)
    found = [Path(file) for file in snakemake.input.best]
    names = [(branch, model) for branch, model in cfg["searches"]]
    trials = together((*name, Path(file)) for name, file in zip(names, snakemake.input.trials, strict=True))
    importance = {name: json.loads(file.read_text())["importance"] for name, file in zip(names, found, strict=True)}
    figure = tuning_figure(trials, importance, cfg["raw"], cfg["preprocessed"])
    save(figure, Path(snakemake.output.png).with_suffix(""))
    with atomic(snakemake.output.trials) as part:
        trials.to_csv(part, index=False)
    write_best(found, Path(snakemake.output.overlay), cfg["config"] or "config.yaml")
