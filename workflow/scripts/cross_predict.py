"""Rule cross_predict: every labelled parcel is answered by a model that never saw its label."""

import json
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from adaptor import job
from cloudrobust.atomic import atomic
from cloudrobust.config.models import Model
from cloudrobust.config.training import Training
from cloudrobust.evaluation.out_of_fold import best_model, together, validation_accuracy
from cloudrobust.learning.cross_prediction import cross_predict
from cloudrobust.log import logger
from cloudrobust.parcels.folds import folds_of

with job(snakemake):
    branch, candidates = snakemake.wildcards.branch, json.loads(snakemake.params.models)
    training = Training.model_validate_json(snakemake.params.training)
    columns = ["class", "part", "predicted"]
    accuracies = {
        (key[0], key[1]): validation_accuracy(pd.read_parquet(file, columns=columns))
        for key, file in zip(json.loads(snakemake.params.runs), snakemake.input.predictions, strict=True)
    }
    name = best_model(accuracies)
    folds = pd.read_parquet(snakemake.input.folds)
    count, seeds = folds_of(folds), len(training.seeds)
    spent = pd.read_csv(Path(snakemake.input.predictions[0]).parents[2] / branch / name / "history.csv")
    seconds = spent.groupby("seed")["seconds"].sum().mean()
    logger.info(
        "%s answers on %s: %d trainings (%d folds, %d seeds), about %.0f s at the pace of the study's own",
        name, branch, count * seeds, count, seeds, count * seeds * seconds,
    )  # fmt: skip
    table = together(
        cross_predict(
            snakemake.input.series,
            folds,
            TypeAdapter(Model).validate_json(json.dumps(candidates[name])),
            training,
            Path(snakemake.params.checkpoints) / name,
            threads=snakemake.threads,
            code=snakemake.params.code,
        )
    )
    with atomic(snakemake.output.table) as part:
        table.to_parquet(part, index=False)
    card = {
        "branch": branch,
        "model": name,
        "folds": count,
        "seeds": list(training.seeds),
        "validation_accuracy": {f"{key[0]}/{key[1]}": value for key, value in accuracies.items()},
        "trainings": count * seeds,
    }
    with atomic(snakemake.output.card) as part:
        part.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
